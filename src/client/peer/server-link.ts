/**
 * A peer's link to the server, with the machine that reopens it when it is lost, and the token that authenticates us.
 * All connections of the peer share it; each has its own machine.
 */
import { printable } from '../../common/printable.ts';
import type { ClientMessage, ServerMessage } from '../../protocol/index.ts';
import { Negotiator } from '../negotiation/negotiator.ts';
import type { Loss, WelcomedEvent } from '../negotiation/signaling.ts';
import { ServerAllowance } from '../signaling/server-allowance.ts';
import { SignalingLink } from '../signaling/signaling-client.ts';
import type { Circumstances, Claims } from '../signaling/signaling-event.ts';
import { TokenSource } from '../signaling/token-source.ts';
import type { Environment } from './environment.ts';
import { PairlaneError } from './errors.ts';
import { type PeerState, type SignalingState, signalingStateOf, stateOf } from './peer-state.ts';

export interface ServerLinkHandlers {
  readonly received: (message: ServerMessage, known: Circumstances) => void;
  readonly stepped: (from: SignalingState, to: SignalingState) => void;
  /** The socket was lost or did not open. */
  readonly lost: (loss: Loss) => void;
  /** Requests sent on it will not be answered any more. */
  readonly sessionLost: () => void;
  /** No further socket will be opened. */
  readonly gaveUp: (error: PairlaneError) => void;
  /** A problem that the link survives. */
  readonly problem: (error: PairlaneError) => void;
  /** Our pairings, for a server that has lost them. */
  readonly claims: () => Claims;
}

/** The caller that waits for the server's greeting. */
export interface Starter {
  readonly resolve: () => void;
  readonly reject: (error: PairlaneError) => void;
}

export class ServerLink {
  readonly #handlers: ServerLinkHandlers;
  readonly #tokens: TokenSource;
  readonly #socket: SignalingLink;
  readonly #machine: Negotiator;
  #welcome: WelcomedEvent | undefined;
  #starter: Starter | undefined;
  /** Why the server does not greet us, if it said so. */
  #startFailure: PairlaneError | undefined;
  /** Why the last socket was lost or did not open; empty if nobody knows. */
  #lossReason = '';
  /** Why the server does not want us back, if it said so. */
  #ending: PairlaneError | undefined;
  /** Whether a newer token is being fetched: a server may report several times that ours expires. */
  #isRefreshing = false;

  constructor(environment: Environment, handlers: ServerLinkHandlers) {
    this.#handlers = handlers;
    this.#tokens = new TokenSource(environment.options.token);
    this.#socket = this.#createSocket(environment);
    this.#machine = this.#createMachine(environment);
  }

  /** Our id at the server; undefined until it has greeted us. */
  get id(): string | undefined {
    return this.#machine.context?.id;
  }

  get signaling(): SignalingState {
    return signalingStateOf(this.#machine.value);
  }

  /** The peer's state while it has no connection. */
  get state(): PeerState {
    return stateOf(this.#machine.value);
  }

  /** The server's greeting; undefined while the server cannot be reached. */
  get welcome(): WelcomedEvent | undefined {
    return this.#welcome;
  }

  /** Connects to the server. */
  start(starter: Starter): void {
    this.#starter = starter;
    this.#machine.start();
  }

  /**
   * There will be no greeting.
   * @returns whether anybody was waiting for one
   */
  failStart(error: PairlaneError): boolean {
    const starter = this.#starter;
    this.#starter = undefined;
    starter?.reject(error);
    return starter !== undefined;
  }

  /** @returns whether the link is starting, and fails with this error if the start fails */
  mayFailStart(error: PairlaneError): boolean {
    if (!this.#starter) return false;
    this.#startFailure = error;
    return true;
  }

  /** Without an open socket the message waits for the next one if the session can be resumed; otherwise it is lost. */
  send(message: ClientMessage): void {
    this.#socket.send(message);
  }

  /** Sends our first offer before we know of the pairing that our last request forms, if the server takes it. */
  offerAhead(sdp: string): void {
    this.#socket.offerAhead(sdp);
  }

  /** The server greeted us. */
  welcomed(event: WelcomedEvent): void {
    this.#welcome = event;
    this.#machine.heard(event);
  }

  /** That pairing is over: its last sender seq no longer counts. */
  forgetPairing(epoch: number | undefined): void {
    this.#socket.forgetPairing(epoch);
  }

  refreshToken(token: string): void {
    this.#tokens.replace(token);
    this.send({ type: 'refresh_token', token });
  }

  /** The token is about to expire: presents a newer one, if `token` is a function. */
  async tokenExpiring(): Promise<void> {
    if (!this.#tokens.canRefresh || this.#isRefreshing) return;
    this.#isRefreshing = true;
    try {
      const token = await this.#tokens.get();
      if (token !== undefined) this.send({ type: 'refresh_token', token });
    } catch (error) {
      this.#handlers.problem(PairlaneError.from('token_failed', error));
    } finally {
      this.#isRefreshing = false;
    }
  }

  /**
   * Says goodbye.
   * @returns resolves when the socket is released
   */
  close(): Promise<void> {
    return this.#machine.close(true);
  }

  #createSocket({ platform, options, clock }: Environment): SignalingLink {
    const { received, sessionLost, claims } = this.#handlers;
    return new SignalingLink(options.url, platform.openSocket, {
      isMany: options.peers !== undefined,
      tokens: this.#tokens,
      allowance: new ServerAllowance(options.peers ?? 1, () => clock.now()),
      received,
      sessionLost,
      claims,
      lost: (loss) => {
        const reason = printable(loss.reason);
        const { afterMs } = loss;
        options.logger?.debug({ id: this.id, reason, afterMs }, 'Signaling lost');
        this.#welcome = undefined;
        this.#ending = loss.error;
        this.#lossReason = reason;
        this.#machine.heard({ type: 'SOCKET_LOST', ...loss });
        this.#handlers.lost(loss);
      },
      problem: (error) => {
        const isOfToken = error.code.startsWith('token_');
        if (!isOfToken || !this.mayFailStart(error)) this.#handlers.problem(error);
      },
    });
  }

  #createMachine(environment: Environment): Negotiator {
    const { stepped, gaveUp, problem } = this.#handlers;
    // The inspector is told only the steps of connections.
    const options = { ...environment.options, inspect: false };
    return new Negotiator({ ...environment, options }, this.#socket, {
      stepped: (from, to) => stepped(signalingStateOf(from), signalingStateOf(to)),
      ready: () => {
        const starter = this.#starter;
        this.#starter = undefined;
        starter?.resolve();
      },
      gaveUp: (failure) =>
        gaveUp(
          this.#ending ??
            (this.#starter && this.#startFailure) ??
            new PairlaneError(failure, failure === 'signaling_failed' ? this.#lossReason : ''),
        ),
      problem,
      // The link never has a pairing.
      paired() {},
      opened() {},
      message() {},
      channelClosed() {},
      peerGone() {},
    });
  }
}

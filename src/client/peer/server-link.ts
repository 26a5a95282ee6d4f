/**
 * A peer's way to the server: the link, the machine that opens it again when it is lost, and the token that shows who
 * we are. It is one for all connections of the peer, each of which has a machine of its own.
 */
import type { ClientMessage, ServerMessage } from '../../protocol/index.ts';
import { Negotiator } from '../negotiation/negotiator.ts';
import type { Loss, WelcomedEvent } from '../negotiation/signaling.ts';
import { ServerAllowance } from '../signaling/server-allowance.ts';
import { SignalingLink } from '../signaling/signaling-client.ts';
import type { Claims } from '../signaling/signaling-event.ts';
import { TokenSource } from '../signaling/token-source.ts';
import type { Environment } from './environment.ts';
import { PairlaneError } from './errors.ts';
import { type PeerState, type SignalingState, signalingStateOf, stateOf } from './peer-state.ts';

export interface ServerLinkHandlers {
  readonly received: (message: ServerMessage, isResumed: boolean) => void;
  readonly stepped: (from: SignalingState, to: SignalingState) => void;
  /** The socket is gone or did not open. */
  readonly lost: (loss: Loss) => void;
  /** What was asked on it is answered no longer. */
  readonly sessionLost: () => void;
  /** No further socket is opened. */
  readonly gaveUp: (error: PairlaneError) => void;
  /** Something that the link survives. */
  readonly problem: (error: PairlaneError) => void;
  /** Our pairings, for a server that has forgotten them. */
  readonly claims: () => Claims;
}

/** Who waits for the server's greeting. */
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
  /** Why the server does not greet us, where it said so. */
  #startFailure: PairlaneError | undefined;
  /** Why the server wants us no more, where it said so. */
  #ending: PairlaneError | undefined;
  /** Whether a newer token is asked for: a server may say again and again that ours expires. */
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

  /** What the peer's state is while it has no connection. */
  get state(): PeerState {
    return stateOf(this.#machine.value);
  }

  /** How the server greeted us; undefined while it is out of reach. */
  get welcome(): WelcomedEvent | undefined {
    return this.#welcome;
  }

  /** Looks for the server. */
  start(starter: Starter): void {
    this.#starter = starter;
    this.#machine.start();
  }

  /** There will be no greeting. @returns whether anybody waited for one */
  failStart(error: PairlaneError): boolean {
    const starter = this.#starter;
    this.#starter = undefined;
    starter?.reject(error);
    return starter !== undefined;
  }

  /** @returns whether it is starting: it is told so should the start fail */
  mayFailStart(error: PairlaneError): boolean {
    if (!this.#starter) return false;
    this.#startFailure = error;
    return true;
  }

  /** Without an open socket the message waits for the next one, where the session can be resumed; else it is lost. */
  send(message: ClientMessage): void {
    this.#socket.send(message);
  }

  /** The server greeted us. */
  welcomed(event: WelcomedEvent): void {
    this.#welcome = event;
    this.#machine.heard(event);
  }

  /** That pairing is over: what was heard in it counts no longer. */
  forgetPairing(epoch: number | undefined): void {
    this.#socket.forgetPairing(epoch);
  }

  refreshToken(token: string): void {
    this.#tokens.replace(token);
    this.send({ type: 'refresh_token', token });
  }

  /** The token is about to expire: a newer one is brought, where there is somebody to ask. */
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

  /** Says goodbye. @returns fulfilled when the socket is released */
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
        const { reason, afterMs } = loss;
        options.logger?.debug({ id: this.id, reason, afterMs }, 'Signaling lost');
        this.#welcome = undefined;
        this.#ending = loss.error;
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
    // What the server is told of is the steps of a connection.
    const options = { ...environment.options, inspect: false };
    return new Negotiator({ ...environment, options }, this.#socket, {
      stepped: (from, to) => stepped(signalingStateOf(from), signalingStateOf(to)),
      ready: () => {
        const starter = this.#starter;
        this.#starter = undefined;
        starter?.resolve();
      },
      gaveUp: (failure) =>
        gaveUp(this.#ending ?? (this.#starter && this.#startFailure) ?? new PairlaneError(failure)),
      problem,
      // It never has a pairing.
      paired() {},
      opened() {},
      message() {},
      channelClosed() {},
      peerGone() {},
    });
  }
}

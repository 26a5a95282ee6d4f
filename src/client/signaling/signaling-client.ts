/**
 * The link to the signaling server: one socket at a time, and a session that outlives it. The link asks for a resumable
 * session; if the server supports that, frames are numbered, and those that the other side had not received when a
 * socket was lost are sent again on the next one (see ReliableDelivery).
 */
import { printable } from '../../common/printable.ts';
import {
  type ClientMessage,
  closeCodes,
  MAX_PEERS_PER_CLIENT,
  type NumberedFrame,
  readNumbered,
  type ServerMessage,
  type ServerMessageOf,
  type UnackedMessage,
} from '../../protocol/index.ts';
import type { Loss, Signaling } from '../negotiation/signaling.ts';
import { PairlaneError } from '../peer/errors.ts';
import { requestAnsweredBy } from '../peer/pending-requests.ts';
import { decodeServerMessage } from './decode-server-message.ts';
import { ResumableSession } from './resumable-session.ts';
import type { ServerAllowance } from './server-allowance.ts';
import type { Circumstances, Claims } from './signaling-event.ts';
import type { OpenSocket, Socket, SocketHandlers } from './socket.ts';
import type { TokenSource } from './token-source.ts';

export interface SignalingHandlers {
  /** Whether the URL says that we may have several pairings: relayed messages then carry the epoch of their pairing. */
  readonly isMany?: boolean;
  readonly received: (message: ServerMessage, known: Circumstances) => void;
  /**
   * A problem that we survive, or that keeps us from starting: the server violated the protocol, or there is no token
   * for it.
   */
  readonly problem: (error: PairlaneError) => void;
  /** The socket was lost or did not open. */
  readonly lost: (loss: Loss) => void;
  /** What we sent and the server has not acknowledged is lost for good. */
  readonly sessionLost: () => void;
  /** Our pairings, for a server that has lost them. */
  readonly claims: () => Claims;
  /** Provides the token that authenticates us. */
  readonly tokens?: TokenSource;
  /** What the server may make us do. */
  readonly allowance: ServerAllowance;
}

/** Any code except 1000, which would be a goodbye and end the session. */
const GIVEN_UP = 4000;
/** Limit of our unsent answers: twice what a session keeps unacknowledged. A server that reads nothing is of no use. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;

export class SignalingLink implements Signaling {
  readonly #url: string;
  readonly #openSocket: OpenSocket;
  readonly #handlers: SignalingHandlers;
  #socket: Socket | undefined;
  #session: ResumableSession | undefined;
  /** By pairing: the number that the peer gave to its last frame that reached us. */
  readonly #lastSenderSeqs = new Map<number | undefined, number>();
  /** Whether this socket's first message has arrived: until then we may send nothing but `resume`. */
  #isWelcome = false;
  /** Told on this socket, for when it is lost. */
  #comeBackAfterMs: number | undefined;
  #closing: Promise<void> = Promise.resolve();
  /** The token that the next socket waits for; one that arrives too late opens nothing. */
  #awaited: Promise<string> | undefined;
  /** Whether our token was refused, and no socket was welcomed since. */
  #isRefused = false;

  constructor(url: string, openSocket: OpenSocket, handlers: SignalingHandlers) {
    this.#url = url;
    this.#openSocket = openSocket;
    this.#handlers = handlers;
  }

  /** Opens a new socket once there is a token; further events of an earlier socket are ignored. */
  open(): void {
    const token = this.#handlers.tokens?.get();
    if (!(token instanceof Promise)) {
      this.#openWith(token);
      return;
    }
    this.#awaited = token;
    token.then(
      (given) => {
        if (this.#awaited === token) this.#openWith(given);
      },
      (error: PairlaneError) => {
        if (this.#awaited !== token) return;
        this.#handlers.problem(error);
        this.#handlers.lost({ mayReturn: true, reason: error.message, afterMs: undefined });
      },
    );
  }

  #openWith(token: string | undefined): void {
    let closed = () => {};
    const closing = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const url = new URL(this.#url);
    url.searchParams.set('resume', this.#session ? 'back' : '1');
    url.searchParams.set('evidence', '2');
    this.#isWelcome = false;
    this.#comeBackAfterMs = undefined;
    const handlers: SocketHandlers = {
      opened: () => {
        if (this.#socket === socket) this.#askForSession();
      },
      received: (data) => {
        if (this.#socket === socket) this.#received(data);
      },
      controlled: (bytes) => {
        if (this.#socket === socket) this.#isAllowed(bytes);
      },
      closed: (code, reason) => {
        closed();
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        if (!this.#session) this.#handlers.sessionLost();
        const isAskedWhoWeAre = code === closeCodes.timedOut && !this.#isWelcome && token === undefined;
        if (isAskedWhoWeAre) this.#handlers.problem(new PairlaneError('token_missing'));
        this.#handlers.lost({
          mayReturn: this.#mayReturn(code),
          reason,
          afterMs: this.#comeBackAfterMs,
          error: endingOf(code, reason),
        });
      },
    };
    const socket = this.#openSocket(url.href, handlers, token);
    this.#socket = socket;
    this.#closing = closing;
  }

  /** Without an open socket the message waits for the next one if the session can be resumed; otherwise it is lost. */
  send(message: ClientMessage): void {
    const session = this.#session;
    if (!session) {
      this.#sendPlain(message);
      return;
    }
    const kept = session.keep(message);
    if (session.isOverfull) this.#forgetSession();
    else this.#sendKept(session, kept, canWait(message));
  }

  /**
   * Sends our first offer before we know of the pairing that our last request forms. A server that keeps no sessions
   * takes none.
   */
  offerAhead(sdp: string): void {
    const request = this.#session?.lastRequest;
    if (request !== undefined) this.send({ type: 'offer', sdp, request });
  }

  /** Gives this socket up; the session waits for the next one. Further events of the socket are ignored. */
  drop(): void {
    this.#end(GIVEN_UP);
  }

  /** Says goodbye: socket and session are over. */
  close(): void {
    this.#session = undefined;
    this.#end(closeCodes.normal);
  }

  /** Resolves when the last socket is closed. */
  closed(): Promise<void> {
    return this.#closing;
  }

  /** Forgets the last sender seq of a pairing that is over, or begins. */
  forgetPairing(epoch: number | undefined): void {
    this.#lastSenderSeqs.delete(this.#handlers.isMany ? epoch : undefined);
  }

  /** A refused token is not presented again; a newer one may be, once. */
  #mayReturn(code: number): boolean {
    if (code !== closeCodes.unauthorized) return endingOf(code, '') === undefined;
    const isFirst = !this.#isRefused;
    this.#isRefused = true;
    return isFirst && this.#handlers.tokens?.canRefresh === true;
  }

  /** The server has received more from us than it can have left unacknowledged. */
  #forgetSession(): void {
    this.#session = undefined;
    const error = new PairlaneError('invalid_server_message', 'it acks nothing');
    this.#handlers.problem(error);
    this.#handlers.sessionLost();
    if (!this.#socket) return;
    this.#end(GIVEN_UP);
    this.#handlers.lost({ mayReturn: true, reason: error.message, afterMs: undefined });
  }

  /**
   * Counts a received frame.
   * @returns false if it is too much, which closes the link
   */
  #isAllowed(chars: number): boolean {
    const { allowance } = this.#handlers;
    const unsent = this.#socket?.unsentBytes ?? 0;
    if (unsent > MAX_UNSENT_BYTES) return this.#leaveFlooder('it does not read what it is sent');
    return allowance.take(chars) || this.#leaveFlooder('messages without end');
  }

  /** @param type see {@link ServerAllowance.takeMessage} */
  #isMessageAllowed(type: ServerMessage['type'] | undefined): boolean {
    return (
      this.#handlers.allowance.takeMessage(type) ||
      this.#leaveFlooder(type === undefined ? 'messages that fit no schema' : `too many of \`${type}\``)
    );
  }

  /** For good: on the next socket the flood would go on. */
  #leaveFlooder(detail: string): false {
    this.#session = undefined;
    const error = new PairlaneError('server_flooding', detail);
    this.#end(GIVEN_UP, 'The server sent more than a client takes');
    this.#handlers.sessionLost();
    this.#handlers.lost({ mayReturn: false, reason: error.message, afterMs: undefined, error });
    return false;
  }

  #end(code: number, reason?: string): void {
    this.#awaited = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(code, reason);
  }

  #askForSession(): void {
    if (this.#session) this.#sendPlain({ ...this.#session.resumeMessage, ...this.#handlers.claims() });
  }

  #sendPlain(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message), canWait(message));
  }

  #sendKept(session: ResumableSession, kept: UnackedMessage<string>, canWait = false): void {
    if (this.#isWelcome) this.#socket?.send(session.frameOf(kept), canWait);
  }

  #received(data: unknown): void {
    if (!this.#isAllowed(typeof data === 'string' ? data.length : 0)) return;
    const session = this.#session;
    const numbered = session && typeof data === 'string' ? readNumbered(data) : undefined;
    if (session && numbered && !this.#isNew(session, numbered)) return;
    const decoded = decodeServerMessage(numbered?.message ?? data);
    const isMisfit = decoded instanceof PairlaneError;
    if (decoded && !this.#isMessageAllowed(isMisfit ? undefined : decoded.type)) return;
    if (isMisfit) this.#handlers.problem(decoded);
    else if (decoded && this.#isFirstOfSender(decoded, numbered?.senderSeq)) this.#handle(decoded);
  }

  /** Whether a numbered frame was not received before from this server. */
  #isNew(session: ResumableSession, frame: NumberedFrame): boolean {
    const verdict = session.accept(frame);
    if (verdict === 'impossible') {
      this.#handlers.problem(new PairlaneError('invalid_server_message', 'impossible frame numbers'));
    }
    if (verdict !== 'new') return false;
    if (session.shouldAck) this.#sendPlain(session.ackMessage);
    return true;
  }

  /** Whether a relayed frame was not received before from an earlier server. */
  #isFirstOfSender(message: ServerMessage, senderSeq: number | undefined): boolean {
    if (senderSeq === undefined) return true;
    const pairing = this.#handlers.isMany && 'epoch' in message ? message.epoch : undefined;
    if (senderSeq <= (this.#lastSenderSeqs.get(pairing) ?? 0)) return false;
    this.#lastSenderSeqs.delete(pairing);
    this.#lastSenderSeqs.set(pairing, senderSeq);
    // A server may name any number of pairings; we have at most this many.
    const [oldest] = this.#lastSenderSeqs.keys();
    if (this.#lastSenderSeqs.size > MAX_PEERS_PER_CLIENT) this.#lastSenderSeqs.delete(oldest);
    return true;
  }

  #handle(message: ServerMessage): void {
    const request = 'request' in message ? message.request : undefined;
    const answered = requestAnsweredBy(message);
    if (answered) this.#session?.forgetRequest(answered, request);
    switch (message.type) {
      case 'error':
        // We wait for the last request only.
        if (request === undefined || request === this.#session?.lastRequest)
          this.#handlers.received(message, {});
        return;
      case 'ping':
        this.#sendPlain({ type: 'pong' });
        return;
      case 'ack':
        this.#session?.acked(message.received);
        return;
      case 'restarting':
        this.#comeBackAfterMs = message.after_ms;
        return;
      case 'your_id':
        this.#handlers.received(message, { isResumed: this.#welcomed(message) });
        return;
      case 'paired':
        this.forgetPairing(message.epoch);
        this.#paired(message, answered && request);
        return;
      default:
        this.#handlers.received(message, {});
    }
  }

  /** @param request the seq of our own that the pairing answers, if the server says so: we wait for the last one only */
  #paired(message: ServerMessageOf<'paired'>, request: number | undefined): void {
    const { epoch } = message;
    const session = this.#session;
    if (!session || request === undefined) this.#handlers.received(message, {});
    else if (request !== session.lastRequest)
      this.send({ type: 'unpair', ...(epoch !== undefined && { epoch }) });
    else this.#handlers.received(message, { offered: session.offerTaken(epoch) });
  }

  /** @returns whether the server resumed our session */
  #welcomed({ id, resume, received, restarted }: ServerMessageOf<'your_id'>): boolean {
    const old = this.#session;
    this.#isWelcome = true;
    this.#isRefused = false;
    if (old && id === old.id && received !== undefined && resume !== undefined) {
      old.resumed(resume, restarted === true);
      for (const kept of old.unacked) this.#sendKept(old, kept);
      // Once it hears us on this socket, the server no longer accepts an older secret, such as one arriving late on a
      // socket that we left.
      if (old.unacked.length === 0) this.#sendPlain(old.ackMessage);
      return true;
    }
    this.#session = resume === undefined ? undefined : new ResumableSession(id, resume);
    if (old) this.#handlers.sessionLost();
    return false;
  }
}

/** Whether it only says how far the connection is, and nobody waits for it. */
function canWait(message: ClientMessage): boolean {
  return message.type === 'report' || (message.type === 'candidate' && message.candidate === null);
}

/** The error of a session that the server ended for good; undefined: the client may come back. */
function endingOf(code: number, reason: string): PairlaneError | undefined {
  if (code === closeCodes.replaced) return new PairlaneError('replaced');
  return code === closeCodes.policyViolation ? new PairlaneError('ended', printable(reason)) : undefined;
}

/** A client that publishes and subscribes, as the core reaches it. It is in no pairing, and comes back by subscribing again. */
import { type CloseCode, closeCodes, type TopicWire } from '../../../protocol/index.ts';
import { SendingRate } from '../../admission/rate-limits.ts';
import { SendStatus, type WebSocket } from '../../http/uws.ts';
import type { Client, ClientNotice } from '../../signaling/client.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Subscriber, Topics } from '../../signaling/topics/topics.ts';

export interface TopicSocketData {
  client: TopicClient | undefined;
  readonly address: string;
}

export type TopicSocket = WebSocket<TopicSocketData>;

export interface TopicClientDeps {
  readonly topics: Topics;
  /** What it may leave unread, in bytes; 0: any amount. */
  readonly maxUnsentBytes: number;
  /** So many bytes were sent to it. */
  readonly sent: (bytes: number) => void;
  /** It does not read what it is sent, and is closed. */
  readonly unread: (client: TopicClient) => void;
}

export class TopicClient implements Client, Subscriber {
  /** Nobody is paired with it. */
  readonly isKeyOnly = true;
  readonly isResumable = false;
  readonly generation = 0;
  readonly lastSenderSeq = 0;
  readonly waitingBytes = 0;
  readonly address: string;
  readonly wire: TopicWire;
  readonly topics = new Set<string>();
  readonly rate = new SendingRate();
  /** Its session, which is made with it. */
  session: ServerSession | undefined;
  /** Undefined once it is closed: every method of a closed socket throws. */
  socket: TopicSocket | undefined;
  readonly #deps: TopicClientDeps;

  constructor(wire: TopicWire, socket: TopicSocket, deps: TopicClientDeps) {
    this.wire = wire;
    this.socket = socket;
    this.address = socket.getUserData().address;
    this.#deps = deps;
  }

  get isOnline(): boolean {
    return this.socket !== undefined;
  }

  deliver(frame: Buffer | string): void {
    const { socket } = this;
    if (!socket) return;
    const { maxUnsentBytes, sent, unread } = this.#deps;
    const status = socket.send(frame, false);
    sent(frame.length);
    if (status === SendStatus.sent) return;
    const isUnread = maxUnsentBytes > 0 && socket.getBufferedAmount() > maxUnsentBytes;
    if (status !== SendStatus.dropped && !isUnread) return;
    unread(this);
    this.end(closeCodes.tryAgainLater, 'You do not read what you are sent');
  }

  /** A ping of WebSocket itself: browsers answer it, also for a page in the background. */
  notify(notice: ClientNotice): void {
    if (notice.type === 'ping') this.socket?.ping();
  }

  close(code: CloseCode, reason: string): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.end(code, reason);
  }

  /** The server ends its session. */
  end(code: CloseCode, reason: string): void {
    this.session?.dispatch({ type: 'CLOSED_BY_SERVER', code, reason });
  }

  discard(): void {
    this.#deps.topics.leave(this);
  }

  // What only a client in a pairing is asked.
  readonly hasRoomForChange = true;
  hasRoomFor(): boolean {
    return true;
  }
  dropWaiting(): void {}
  relay(): void {}
  nextSenderSeq(): number {
    return 0;
  }
  acked(): void {}
  isWaitingFor(): boolean {
    return false;
  }
  unackedOf(): readonly [] {
    return [];
  }
  forwardedUpTo(): void {}
  moveAway(): void {}
}

/** A client on a WebSocket whose wire numbers nothing: what it was sent is written, or lost with its socket. */
import { type CloseCode, closeCodes, MAX_PEERS_PER_CLIENT, type Relayed } from '../../protocol/index.ts';
import { SendingRate } from '../admission/rate-limits.ts';
import { SendStatus, type WebSocket } from '../http/shell/shell.ts';
import type { Client, ClientNotice } from '../signaling/client.ts';
import type { ServerSession } from '../signaling/session.ts';
import type { Signal } from '../signaling/signal.ts';
import { cutUnread } from './cut-unread.ts';
import { UnnumberedClient } from './unnumbered-client.ts';

export interface SocketClientDeps {
  /** What a client may leave unread, in bytes; 0: any amount. */
  readonly maxUnsentBytes: number;
  /** So many bytes more wait to be read. */
  readonly queued: (bytes: number) => void;
  /** So many bytes were sent. */
  readonly sent: (bytes: number) => void;
  /** A client at that address does not read what it is sent, and is closed. */
  readonly unread: (address: string) => void;
}

export abstract class SocketClient<Data> extends UnnumberedClient implements Client {
  /** Nobody is paired with it by a request of our own wire. */
  readonly isKeyOnly = true;
  abstract readonly isResumable: boolean;
  /** Of its newest socket, as limits count it. */
  address: string;
  readonly rate = new SendingRate();
  /** Its session, which is made with it. */
  session: ServerSession | undefined;
  /** Undefined once it is closed: every method of a closed socket throws. */
  socket: WebSocket<Data> | undefined;
  readonly generation = 0;
  readonly lastSenderSeq = 0;
  /** A dialect that pairs bounds it by itself. */
  readonly maxPeers = MAX_PEERS_PER_CLIENT;
  /** What it has not read waits in its socket, which is bounded. */
  readonly maxWaitingBytes = Number.POSITIVE_INFINITY;
  readonly #deps: SocketClientDeps;
  /** The socket of which it was said. */
  #unread: WebSocket<Data> | undefined;

  constructor(socket: WebSocket<Data>, address: string, deps: SocketClientDeps) {
    super();
    this.socket = socket;
    this.address = address;
    this.#deps = deps;
  }

  abstract discard(): void;

  get isOnline(): boolean {
    return this.socket !== undefined;
  }

  get hasRoomForChange(): boolean {
    return this.hasRoomFor(0);
  }

  hasRoomFor(bytes: number): boolean {
    const unsent = this.socket?.getBufferedAmount() ?? 0;
    const { maxUnsentBytes } = this.#deps;
    return maxUnsentBytes === 0 || unsent === 0 || unsent + bytes <= maxUnsentBytes;
  }

  write(frame: Uint8Array | string): void {
    const { socket } = this;
    if (!socket) return;
    const { maxUnsentBytes, sent, queued } = this.#deps;
    const status = socket.send(frame, false);
    sent(frame.length);
    if (status === SendStatus.sent) return;
    const isUnread = maxUnsentBytes > 0 && socket.getBufferedAmount() > maxUnsentBytes;
    queued(frame.length);
    if (status === SendStatus.dropped || isUnread) this.endUnread();
  }

  /** It does not read what it is sent; said once, however much of that is dropped before it ends. */
  noteUnread(): void {
    if (!this.socket || this.#unread === this.socket) return;
    this.#unread = this.socket;
    this.#deps.unread(this.address);
  }

  endUnread(): void {
    if (!this.socket) return;
    this.noteUnread();
    this.end(closeCodes.tryAgainLater, 'You do not read what you are sent');
  }

  /** A ping of WebSocket itself: browsers answer it, also for a page in the background. */
  notify(notice: ClientNotice): void {
    if (notice.type === 'ping') this.socket?.ping();
  }

  /** What is written is out of our hands: nobody acks it, so nothing waits for that. */
  relay({ bytes }: Signal, _epoch: number, relayed: Relayed | undefined): void {
    this.write(bytes);
    relayed?.onAcked?.();
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

  get waitingBytes(): number {
    return this.socket?.getBufferedAmount() ?? 0;
  }

  cutUnread(): void {
    cutUnread(this.socket);
  }

  // Nothing waits for it.
  dropWaiting(): void {}
}

/** A client on a WebSocket whose wire numbers nothing: what it is sent is written at once, or lost with its socket. */
import { type CloseCode, closeCodes, MAX_PEERS_PER_CLIENT, type Relayed } from '../../protocol/index.ts';
import { SendingRate } from '../admission/rate-limits.ts';
import { SendStatus, type WebSocket } from '../http/shell/shell.ts';
import type { Client, ClientNotice } from '../signaling/client.ts';
import type { ServerSession } from '../signaling/session.ts';
import type { Signal } from '../signaling/signal.ts';
import { cutUnread } from './cut-unread.ts';
import { UnnumberedClient } from './unnumbered-client.ts';

export interface SocketClientDeps {
  /** How many bytes a client may leave unread; 0: no limit. */
  readonly maxUnsentBytes: number;
  /** Called when this many bytes more wait to be read. */
  readonly queued: (bytes: number) => void;
  /** Called when this many bytes were sent. */
  readonly sent: (bytes: number) => void;
  /** Called when a client at that address is closed because it does not read what it is sent. */
  readonly unread: (address: string) => void;
}

export abstract class SocketClient<Data> extends UnnumberedClient implements Client {
  /** Native clients cannot pair with it by its id. */
  readonly isKeyOnly = true;
  abstract readonly isResumable: boolean;
  /** The address of its newest socket, as limits count it. */
  address: string;
  readonly rate = new SendingRate();
  /** Its session, which is created together with it. */
  session: ServerSession | undefined;
  /** Undefined once it is closed: every method of a closed socket throws. */
  socket: WebSocket<Data> | undefined;
  readonly generation = 0;
  readonly lastSenderSeq = 0;
  /** A dialect that pairs clients has its own limit. */
  readonly maxPeers = MAX_PEERS_PER_CLIENT;
  /** Unread bytes wait in its socket, which is bounded. */
  readonly maxWaitingBytes = Number.POSITIVE_INFINITY;
  readonly #deps: SocketClientDeps;
  /** The socket that was last reported as unread. */
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

  /** Reports that the client does not read what it is sent; once per socket, however much is dropped before it ends. */
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

  /** Sends a WebSocket ping: browsers answer it, even for a page in the background. */
  notify(notice: ClientNotice): void {
    if (notice.type === 'ping') this.socket?.ping();
  }

  /** The wire has no acks, so a signal counts as acked once it is written. */
  relay({ bytes }: Signal, _epoch: number, relayed: Relayed | undefined): void {
    this.write(bytes);
    relayed?.onAcked?.();
  }

  close(code: CloseCode, reason: string): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.end(code, reason);
  }

  /** Ends its session on the server's behalf. */
  end(code: CloseCode, reason: string): void {
    this.session?.dispatch({ type: 'CLOSED_BY_SERVER', code, reason });
  }

  get waitingBytes(): number {
    return this.socket?.getBufferedAmount() ?? 0;
  }

  cutUnread(): void {
    cutUnread(this.socket);
  }

  // Nothing waits for this client.
  dropWaiting(): void {}
}

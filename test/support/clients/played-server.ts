/**
 * A signaling server in memory, controlled by a test: what it sends is heard at once, and what it receives is recorded.
 */
import type { OpenSocket, SocketHandlers } from '../../../src/client/signaling/socket.ts';

export interface Sent {
  readonly type: string;
  readonly [field: string]: unknown;
}

const RESUME = { resume: 'a secret' };

export class PlayedServer {
  /** The URL of each opened socket. */
  readonly urls: URL[] = [];
  /** The messages received, without their numbers. */
  readonly sent: Sent[] = [];
  readonly greeting: Sent;
  readonly #keepsSessions: boolean;
  #socket: SocketHandlers | undefined;
  #seq = 0;
  #received = 0;

  /**
   * @param maxPeers undefined: the server supports only one peer per client
   * @param keepsSessions whether it numbers its frames, and a session can be resumed
   */
  constructor(maxPeers?: number, keepsSessions = true) {
    this.#keepsSessions = keepsSessions;
    const peers = maxPeers === undefined ? {} : { max_peers: maxPeers };
    this.greeting = {
      type: 'your_id',
      id: 'me',
      ping_interval_ms: 0,
      ...(keepsSessions && RESUME),
      ...peers,
    };
  }

  readonly openSocket: OpenSocket = (url, handlers) => {
    this.urls.push(new URL(url));
    this.#socket = handlers;
    const isReturn = this.urls.length > 1;
    queueMicrotask(() => {
      handlers.opened();
      if (!isReturn) handlers.received(JSON.stringify(this.greeting));
    });
    return {
      send: (text) => this.#take(text),
      close: (code) => this.#socket === handlers && this.end(code),
    };
  };

  say(...messages: object[]): void {
    for (const message of messages) this.#frame(JSON.stringify(message));
  }

  /** Says what a peer has sent, with the number that it gave to it. */
  relay(message: object, senderSeq: number): void {
    this.#frame(`${JSON.stringify(message)},${senderSeq}`);
  }

  /**
   * Resumes the session of a client that comes back.
   * @param restarted whether it has lost everything else
   */
  resume(restarted = false): void {
    if (restarted) this.#seq = 0;
    const more = { received: this.#received, ...(restarted && { restarted }) };
    this.#socket?.received(JSON.stringify({ ...this.greeting, ...more }));
  }

  /** Greets the client as a new one: its session is gone. */
  forget(): void {
    this.#seq = 0;
    this.#socket?.received(JSON.stringify({ ...this.greeting, id: 'another' }));
  }

  /** Counts its frames from the first again: it has begun a new session. */
  restartNumbers(): void {
    this.#seq = 0;
  }

  /** Cuts the socket. */
  cut(reason = ''): void {
    this.end(1006, reason);
  }

  /** Ends the socket with that code. */
  end(code: number, reason = ''): void {
    const socket = this.#socket;
    this.#socket = undefined;
    queueMicrotask(() => socket?.closed(code, reason));
  }

  /** The received messages of a type, oldest first. */
  of(type: string): Sent[] {
    return this.sent.filter((message) => message.type === type);
  }

  #frame(content: string): void {
    this.#seq += 1;
    const frame = this.#keepsSessions ? `[${this.#seq},${this.#received},${content}]` : content;
    this.#socket?.received(frame);
  }

  #take(text: string): void {
    const value = JSON.parse(text);
    if (Array.isArray(value)) this.#received = value[0];
    this.sent.push(Array.isArray(value) ? value[2] : value);
  }
}

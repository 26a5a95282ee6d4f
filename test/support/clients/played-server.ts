/** A signaling server in memory, played by a test: what it says is heard at once, and what it was sent is written down. */
import type { OpenSocket, SocketHandlers } from '../../../src/client/signaling/socket.ts';

export interface Sent {
  readonly type: string;
  readonly [field: string]: unknown;
}

const RESUME = { resume: 'a secret' };

export class PlayedServer {
  /** Where each socket was opened. */
  readonly urls: URL[] = [];
  /** What came, without its numbers. */
  readonly sent: Sent[] = [];
  readonly greeting: Sent;
  #socket: SocketHandlers | undefined;
  #seq = 0;
  #received = 0;

  /** @param maxPeers undefined: it knows of only one peer a client */
  constructor(maxPeers?: number) {
    const peers = maxPeers === undefined ? {} : { max_peers: maxPeers };
    this.greeting = { type: 'your_id', id: 'me', ping_interval_ms: 0, ...RESUME, ...peers };
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
      close: (code) => this.#socket === handlers && this.#end(code),
    };
  };

  say(...messages: object[]): void {
    for (const message of messages) {
      this.#seq += 1;
      this.#socket?.received(`[${this.#seq},${this.#received},${JSON.stringify(message)}]`);
    }
  }

  /** It gives the client that comes back the session that it had. @param restarted it has forgotten everything else */
  resume(restarted = false): void {
    if (restarted) this.#seq = 0;
    const more = { received: this.#received, ...(restarted && { restarted }) };
    this.#socket?.received(JSON.stringify({ ...this.greeting, ...more }));
  }

  /** The socket is cut. */
  cut(): void {
    this.#end(1006);
  }

  /** What came of a type, oldest first. */
  of(type: string): Sent[] {
    return this.sent.filter((message) => message.type === type);
  }

  #end(code: number): void {
    const socket = this.#socket;
    this.#socket = undefined;
    queueMicrotask(() => socket?.closed(code, ''));
  }

  #take(text: string): void {
    const value = JSON.parse(text);
    if (Array.isArray(value)) this.#received = value[0];
    this.sent.push(Array.isArray(value) ? value[2] : value);
  }
}

/** A client that speaks raw frames: it sends what it is told to, keeps what arrives, and waits for facts. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { PATIENCE_MS } from '../wait-timeouts.ts';

export interface Received {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A message that the server answers and that changes nothing. */
export const MARK = JSON.stringify({ type: 'no_such_type' });

/** Every client that a test has created, to be closed after it. */
export const madeClients = new Set<RawClient>();

/** What a client presents when it opens its socket. */
export interface Bringing {
  readonly token?: string;
  readonly subprotocols?: readonly string[];
  /** The address that it claims to connect from, to a server that trusts 127.0.0.1 as a proxy. */
  readonly address?: string;
}

export class RawClient {
  readonly socket: WebSocket;
  readonly inbox: Received[] = [];
  id = '';
  closed: { code: number; reason: string } | undefined;
  #waiting: (() => void)[] = [];

  protected constructor(url: string, { token, subprotocols = [], address }: Bringing = {}) {
    madeClients.add(this);
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(address !== undefined && { 'x-forwarded-for': address }),
    };
    this.socket = new WebSocket(url, [...subprotocols], { headers });
    this.socket.on('message', (data, isBinary) => {
      // All of the protocol is text.
      const message = isBinary ? { type: 'a binary frame' } : this.decode(String(data));
      if (message) this.inbox.push(message);
      this.#wake();
    });
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.#wake();
    });
    this.socket.on('error', () => {});
  }

  /** Connects, and waits for `your_id`. */
  static async connect(url: string, bringing?: Bringing): Promise<RawClient> {
    const client = new RawClient(url, bringing);
    client.id = String((await client.next('your_id')).id);
    return client;
  }

  /** Opens a socket without waiting for anything. */
  static dial(url: string, bringing?: Bringing): RawClient {
    return new RawClient(url, bringing);
  }

  /** Sends an object as JSON, a string or bytes unchanged. */
  send(message: object | string | Buffer): void {
    const isRaw = typeof message === 'string' || Buffer.isBuffer(message);
    this.socket.send(isRaw ? message : this.encode(JSON.stringify(message)));
  }

  /** The frame for a message. */
  protected encode(message: string): string {
    return message;
  }

  /** The message in a frame; undefined if it is not for the test. */
  protected decode(frame: string): Received | undefined {
    return JSON.parse(frame);
  }

  /** Takes the next message out of the inbox, which must be of that type; pings are skipped unless asked for. */
  async next(type: string): Promise<Received> {
    await this.until(() => this.#firstIndex(type) >= 0, `a message of type ${type}`);
    const [message] = this.inbox.splice(this.#firstIndex(type), 1);
    if (message?.type !== type) {
      throw new Error(`expected ${type} next, got ${JSON.stringify(message)}`);
    }
    return message;
  }

  /** Waits until the server has handled everything sent so far: it answers in order. */
  async settled(): Promise<void> {
    this.send(JSON.parse(MARK));
    await this.until(() => this.inbox.some(isMark), 'the answer to the mark');
    this.inbox.splice(this.inbox.findIndex(isMark), 1);
  }

  async until(fact: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!fact()) {
      if (this.closed || Date.now() > deadline) {
        const last = JSON.stringify(this.inbox.slice(-10)).slice(0, 2_000);
        throw new Error(
          `${what} did not come; closed: ${JSON.stringify(this.closed)}; of ${this.inbox.length} in the inbox the last: ${last}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Closes the connection on purpose, and waits until it is closed. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.socket.close(1000);
    await once(this.socket, 'close');
  }

  async opened(): Promise<void> {
    if (this.socket.readyState === this.socket.CONNECTING) await once(this.socket, 'open');
  }

  async whenClosed(): Promise<{ code: number; reason: string }> {
    while (!this.closed) await once(this.socket, 'close');
    return this.closed;
  }

  #firstIndex(type: string): number {
    return this.inbox.findIndex((message) => type === 'ping' || message.type !== 'ping');
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function isMark(message: Received): boolean {
  return message.type === 'error' && message.code === 'unknown_type';
}

/**
 * Two servers that should behave alike, each with a client of the same name: both clients send the same, and what each
 * receives is recorded as it came.
 */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export class Listener {
  readonly socket: WebSocket;
  readonly heard: string[] = [];
  closed: number | undefined;
  #wake: () => void = () => {};

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data) => {
      this.heard.push(String(data));
      this.#wake();
    });
    this.socket.on('close', (code) => {
      this.closed = code;
      this.#wake();
    });
    this.socket.on('error', () => this.#wake());
  }

  /** Waits for a message and removes it from what was received; everything before it has arrived by then. */
  async until(isMark: (text: string) => boolean): Promise<void> {
    for (;;) {
      const index = this.heard.findIndex(isMark);
      if (index >= 0) {
        this.heard.splice(index, 1);
        return;
      }
      if (this.closed !== undefined) throw new Error(`closed with ${this.closed}`);
      await this.#next();
    }
  }

  /** Waits until it has received something, or is closed. */
  async answered(): Promise<void> {
    while (this.heard.length === 0 && this.closed === undefined) await this.#next();
  }

  async whenClosed(): Promise<number> {
    while (this.closed === undefined) await this.#next();
    return this.closed;
  }

  async close(): Promise<void> {
    if (this.closed !== undefined) return;
    this.socket.close();
    await once(this.socket, 'close');
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** What the two servers sent where they differ. */
export interface Difference {
  readonly frame: number;
  readonly client: string;
  readonly original: readonly unknown[];
  readonly ours: readonly unknown[];
}

export interface DifferentialReport {
  readonly seed: number;
  readonly frames: number;
  /** The number of frames received by the clients of one server. */
  readonly heard: number;
  readonly differences: readonly Difference[];
}

export class Twins {
  readonly original: Listener;
  readonly ours: Listener;

  constructor(originalUrl: string, oursUrl: string) {
    this.original = new Listener(originalUrl);
    this.ours = new Listener(oursUrl);
  }

  get both(): readonly [Listener, Listener] {
    return [this.original, this.ours];
  }

  async opened(): Promise<void> {
    for (const { socket } of this.both)
      if (socket.readyState === WebSocket.CONNECTING) await once(socket, 'open');
  }

  send(frame: string | Buffer): void {
    for (const { socket } of this.both) socket.send(frame);
  }
}

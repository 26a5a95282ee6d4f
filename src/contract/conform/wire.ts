/** One client of the server under test, frame by frame: received frames are kept, and read in order. */
import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import { shapeFault } from '../../common/message-shape.ts';
import { isRecord } from '../../protocol/index.ts';
import { Deviation } from './deviation.ts';

export interface Message {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Target {
  readonly url: string;
  /** How long an answer may take, in milliseconds. */
  readonly patienceMs: number;
}

/**
 * An id that no server assigns: a request for it is answered with an error, which marks the end of what came before.
 */
const NOBODY = '00000000-0000-4000-8000-000000000000';
const NOT_FOUND = 'Target client not found';

/** What a server may send in one message, and leave unread by a case: far more than any does, and no more than fits. */
export const MAX_SENT_BYTES = 1024 * 1024;
const MAX_UNREAD_BYTES = 16 * MAX_SENT_BYTES;
const MAX_HEARD = 1_000;

export class Wire {
  readonly #socket: WebSocket;
  readonly #patienceMs: number;
  #frames: string[] = [];
  #unread = 0;
  /** Why we cut it off. */
  #fault: string | undefined;
  readonly #changes = new EventEmitter();
  /** Undefined while it is open. */
  closeCode: number | undefined;
  /** The first message of the connection. */
  greeting: Message = { type: 'none' };
  /** Whether it answers pings automatically; most cases do not look at pings. */
  answersPings = true;

  constructor({ url, patienceMs }: Target, query = '') {
    this.#patienceMs = patienceMs;
    const address = new URL(url);
    if (query !== '') address.search = address.search ? `${address.search}&${query}` : `?${query}`;
    this.#socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: MAX_SENT_BYTES });
    this.#socket.on('message', (data) => this.#came(String(data)));
    this.#socket.on('open', () => this.#changes.emit('change'));
    this.#socket.on('error', () => {});
    this.#socket.on('close', (code) => {
      this.closeCode = code;
      this.#changes.emit('change');
    });
  }

  get id(): string {
    return String(this.greeting.id);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends an object as JSON, or a string unchanged. */
  send(message: object | string): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Waits until the socket is open. */
  async opened(when: string): Promise<void> {
    const isOver = () => this.#socket.readyState !== WebSocket.CONNECTING;
    await this.#until(isOver, when, 'an open socket', 0);
  }

  /**
   * The next message, of any type.
   * @param when what it should answer, for the report
   * @param extraMs how much longer than usual it may take
   */
  async next(when: string, extraMs = 0): Promise<Message> {
    const frame = await this.nextFrame(when, extraMs);
    const message = parse(frame);
    if (!message) throw new Deviation(when, 'a JSON object with a `type`', frame.slice(0, 200));
    return message;
  }

  /** The next frame, unchanged. */
  async nextFrame(when: string, extraMs = 0): Promise<string> {
    const isOver = () => this.#frames.length > 0 || this.closeCode !== undefined;
    await this.#until(isOver, when, 'an answer', extraMs);
    const frame = this.#frames.shift();
    if (frame === undefined)
      throw new Deviation(when, 'an open socket', this.#fault ?? `closed with ${this.closeCode}`);
    this.#unread -= frame.length;
    const fault = shapeFault(jsonIn(frame));
    if (fault) throw new Deviation(when, 'a message that can be walked', `one whose JSON is ${fault}`);
    return frame;
  }

  /**
   * Everything received up to now: the server answers one client in order, so the answer to our own request marks the
   * end.
   * @param notFound how many identical answers to expect before it
   */
  async heard(when: string, notFound = 0): Promise<Message[]> {
    this.send({ type: 'pair_request', target_id: NOBODY });
    const heard: Message[] = [];
    let left = notFound;
    for (;;) {
      const message = await this.next(when);
      const isNotFound = message.type === 'error' && message.message === NOT_FOUND;
      if (isNotFound && left === 0) return heard;
      if (isNotFound) left -= 1;
      heard.push(message);
      if (heard.length > MAX_HEARD) throw new Deviation(when, 'an answer', `${MAX_HEARD} other messages`);
    }
  }

  /**
   * Waits until the server has closed the socket.
   * @returns the close code
   */
  async closed(when: string, extraMs = 0): Promise<number> {
    await this.#until(() => this.closeCode !== undefined, when, 'the socket closed', extraMs);
    return this.closeCode as number;
  }

  /** @param code left out: the connection is cut without a close frame */
  async close(code?: number): Promise<void> {
    if (this.closeCode !== undefined) return;
    // `once` of node:events would throw the error of a socket that is cut while it connects.
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    if (code === undefined) this.#socket.terminate();
    else this.#socket.close(code);
    await closed;
  }

  #came(frame: string): void {
    if (this.answersPings && parse(frame)?.type === 'ping') this.send({ type: 'pong' });
    else this.#keep(frame);
    this.#changes.emit('change');
  }

  #keep(frame: string): void {
    if (this.#fault) return;
    this.#unread += frame.length;
    this.#frames.push(frame);
    if (this.#unread <= MAX_UNREAD_BYTES) return;
    this.#fault = `more than ${MAX_UNREAD_BYTES} bytes that nobody asked for`;
    this.#frames = [];
    this.#socket.terminate();
  }

  async #until(fact: () => boolean, when: string, what: string, extraMs: number): Promise<void> {
    const patienceMs = this.#patienceMs + extraMs;
    const signal = AbortSignal.timeout(patienceMs);
    while (!fact()) {
      try {
        await once(this.#changes, 'change', { signal });
      } catch {
        throw new Deviation(when, what, `nothing within ${patienceMs} ms`);
      }
    }
  }
}

function parse(text: string): Message | undefined {
  const value = jsonIn(text);
  return isRecord(value) && typeof value.type === 'string' ? (value as Message) : undefined;
}

/** Undefined if it is no JSON. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One run of the client under test, as the server sees it: over several sockets if it comes back. */
import type { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { shapeFault } from '../../common/message-shape.ts';
import { clientSchemas, explain, isRecord, type Schema } from '../../protocol/index.ts';
import { jsonIn } from './wire.ts';

export type Message = { readonly type: string; readonly [field: string]: unknown };

const RELAYED = new Set(['offer', 'answer', 'candidate']);
/** Message types without a number, in each direction (docs/protocol.md). */
const UNNUMBERED = {
  told: new Set(['your_id', 'ping', 'ack', 'restarting']),
  said: new Set(['resume', 'ack', 'pong']),
};

/** In one step: far more than any client has to say. */
const MAX_SAID = 10_000;

/** A numbered frame that we sent. */
interface Frame {
  readonly seq: number;
  readonly message: object;
}

export class ClientRun {
  readonly id: string;
  /** Whether it asked for a session that outlives its socket. */
  readonly isResumable: boolean;
  #socket: WebSocket | undefined;
  readonly #changes: EventEmitter;
  /** What it has sent since this was last read. */
  said: Message[] = [];
  /** The first thing it sent that is not a message of the protocol. */
  fault: string | undefined;
  peer: ClientRun | undefined;
  /** Whether it closed its socket. */
  isClosed = false;
  /** How often it has sent an offer. */
  offers = 0;
  /** How often it has come back. */
  returns = 0;
  /** Drop its socket at the next message of this type, as if that message had not arrived. */
  losesAt: string | undefined;
  /** The number and text of the dropped message, which must be sent again. */
  lost: { readonly seq: number; readonly text: string } | undefined;
  #secret = '';
  #sent = 0;
  #received = 0;
  /** The highest of our numbers that it acked. */
  acked = 0;
  #unacked: Frame[] = [];
  /** The last frame with each type of message. */
  readonly #told = new Map<string, Frame>();

  constructor(id: string, socket: WebSocket, isResumable: boolean, changes: EventEmitter) {
    this.id = id;
    this.isResumable = isResumable;
    this.#changes = changes;
    this.#use(socket);
    this.tell({ type: 'your_id', id, ping_interval_ms: 30_000, ...this.#nextSecret() });
  }

  get isAway(): boolean {
    return this.#socket === undefined;
  }

  /** Sends a message; while the client is away, a numbered one waits. */
  tell(message: { readonly type: string; readonly [field: string]: unknown }): void {
    if (!this.isResumable || UNNUMBERED.told.has(message.type)) {
      this.#socket?.send(JSON.stringify(message));
      return;
    }
    this.#sent += 1;
    const frame = { seq: this.#sent, message };
    this.#unacked.push(frame);
    this.#told.set(message.type, frame);
    this.#write(frame);
  }

  /** Repeats the last frame with a message of that type, which must not count again. */
  repeat(type: string): void {
    const last = this.#told.get(type);
    if (last) this.#write(last);
  }

  /** Drops its socket, as a network failure would. */
  lose(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.removeAllListeners();
    // Errors on a socket that is gone do not matter.
    socket?.on('error', () => {});
    socket?.terminate();
  }

  /** Attaches the new socket of a client that has sent `resume` first. */
  comeBack(socket: WebSocket, resume: Message): void {
    const problem =
      explain(clientSchemas.resume as Schema, resume) ??
      (resume.token === this.#secret ? undefined : 'a token that is not the last one it was given') ??
      (Number(resume.received) <= this.#sent ? undefined : 'a received that is above all that was sent');
    if (problem) this.fault ??= `resume: ${problem}`;
    this.#ack(Number(resume.received));
    this.#use(socket);
    this.returns += 1;
    this.tell({
      type: 'your_id',
      id: this.id,
      ping_interval_ms: 30_000,
      received: this.#received,
      ...this.#nextSecret(),
    });
    for (const frame of this.#unacked) this.#write(frame);
    this.#changes.emit('change');
  }

  end(): void {
    this.#socket?.terminate();
  }

  #nextSecret(): object {
    if (!this.isResumable) return {};
    this.#secret = `secret-${this.id}-${this.returns}`;
    return { resume: this.#secret };
  }

  #write({ seq, message }: Frame): void {
    this.#socket?.send(JSON.stringify([seq, this.#received, message]));
  }

  #use(socket: WebSocket): void {
    this.#socket = socket;
    socket.on('message', (data) => {
      if (!this.fault) this.#takes(String(data));
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#changes.emit('change');
    });
  }

  #takes(text: string): void {
    const value = jsonIn(text);
    if (!this.isResumable || !Array.isArray(value)) {
      const message = messageIn(value, text);
      const mayBe = !this.isResumable || typeof message === 'string' || UNNUMBERED.said.has(message.type);
      if (!mayBe) this.fault ??= `${(message as Message).type} without a number`;
      else this.#says(message);
      this.#changes.emit('change');
      return;
    }
    const [seq, ack, inner] = value;
    if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(ack) || seq > this.#received + 1)
      this.fault ??= `a frame with the numbers ${String(seq).slice(0, 20)}, ${String(ack).slice(0, 20)} after ${this.#received}`;
    else if (ack > this.#sent) this.fault ??= `an ack of ${ack}, of ${this.#sent} that were sent`;
    else this.#takesNumbered(seq, ack, inner, text);
    this.#changes.emit('change');
  }

  #takesNumbered(seq: number, ack: number, inner: unknown, text: string): void {
    this.#ack(ack);
    const message = messageIn(inner, text);
    if (seq <= this.#received) return;
    if (typeof message !== 'string' && message.type === this.losesAt) {
      this.losesAt = undefined;
      this.lost = { seq, text: JSON.stringify(message) };
      this.lose();
      return;
    }
    const { lost } = this;
    if (lost?.seq === seq && JSON.stringify(message) !== lost.text)
      this.fault ??= `another message under the number ${seq}, whose frame had been lost`;
    this.#received = seq;
    this.#says(message);
  }

  #says(message: Message | string): void {
    if (typeof message === 'string') {
      this.fault ??= message;
      return;
    }
    if (message.type === 'ack' && this.isResumable) this.#ack(Number(message.received));
    if (this.said.length >= MAX_SAID) this.fault ??= `more than ${MAX_SAID} messages in one step`;
    else this.said.push(message);
    if (message.type === 'offer') this.offers += 1;
    if (RELAYED.has(message.type)) this.peer?.tell({ ...message, from_peer: true });
  }

  #ack(seq: number): void {
    this.acked = Math.max(this.acked, seq);
    this.#unacked = this.#unacked.filter((frame) => frame.seq > seq);
  }
}

/** The message in a value, or what is wrong with it. */
export function messageIn(value: unknown, text: string): Message | string {
  if (value === undefined) return `no JSON: ${text.slice(0, 80)}`;
  if (!isRecord(value) || typeof value.type !== 'string')
    return `no object with a type: ${text.slice(0, 80)}`;
  if (!Object.hasOwn(clientSchemas, value.type))
    return `a message of the unknown type ${value.type.slice(0, 80)}`;
  const fault = shapeFault(value);
  if (fault) return `${value.type}: ${fault}`;
  const wrong = explain(clientSchemas[value.type as keyof typeof clientSchemas] as Schema, value);
  return wrong ? `${value.type}: ${wrong}` : (value as Message);
}

/** The `resume` message with which a client comes back; undefined if the text is another message. */
export function resumeIn(text: string): Message | undefined {
  const message = messageIn(jsonIn(text), text);
  return typeof message !== 'string' && message.type === 'resume' ? message : undefined;
}

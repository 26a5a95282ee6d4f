/**
 * A session at the server that outlives its socket: what we come back with, and what we sent and the server has not
 * acknowledged. Frames are numbered in it; see ReliableDelivery.
 */
import {
  type ClientMessage,
  type ClientMessageOf,
  type NumberedFrame,
  ReliableDelivery,
  type UnackedMessage,
} from '../../protocol/index.ts';

/** In the place of what need not be said again: every server takes it, and no server answers it. */
const NOTHING = JSON.stringify({ type: 'pong' } satisfies ClientMessage);

/** A room of a thousand that all negotiate at once stays below it. */
const MAX_UNACKED = 65_536;
const MAX_UNACKED_CHARS = 16 * 1024 * 1024;

interface Head {
  readonly type: ClientMessage['type'];
  readonly epoch?: number;
}

export class ResumableSession {
  readonly id: string;
  #token: string;
  readonly #delivery = new ReliableDelivery<string>();

  /** @param token the secret that the server asks for when we come back */
  constructor(id: string, token: string) {
    this.id = id;
    this.#token = token;
  }

  /** What we come back with. It says what is to come ahead of the rate, too. */
  get resumeMessage(): ClientMessageOf<'resume'> {
    const { received, first, unacked } = this.#delivery;
    const resume = { type: 'resume', id: this.id, token: this.#token, received, first } as const;
    if (unacked.length === 0) return resume;
    const text = unacked.map(({ message }) => message).join('');
    return { ...resume, unacked: unacked.length, unacked_bytes: new TextEncoder().encode(text).length };
  }

  get ackMessage(): ClientMessageOf<'ack'> {
    return this.#delivery.ackMessage();
  }

  /** Whether more waits than a server that means well leaves unacked. */
  get isOverfull(): boolean {
    const { unacked, unackedBytes } = this.#delivery;
    return unacked.length > MAX_UNACKED || unackedBytes > MAX_UNACKED_CHARS;
  }

  /** What the server may not have had. */
  get unacked(): readonly UnackedMessage<string>[] {
    return this.#delivery.unacked;
  }

  /** Keeps a message until the server has acknowledged it. */
  keep(text: string): UnackedMessage<string> {
    return this.#delivery.keep(text);
  }

  /** The frame as it goes out now: it acknowledges what was heard. */
  frameOf(kept: UnackedMessage<string>): string {
    return this.#delivery.headOf(kept) + kept.message + this.#delivery.tailOf(kept);
  }

  accept({ seq, acked }: NumberedFrame): ReturnType<ReliableDelivery<string>['accept']> {
    return this.#delivery.accept(seq, acked);
  }

  /** Whether so much was heard that the server should be told. */
  get shouldAck(): boolean {
    return this.#delivery.shouldAck;
  }

  acked(received: number): void {
    this.#delivery.ack(received);
  }

  /**
   * The server gave us this session again.
   * @param token the secret for the next time
   * @param isRestarted whether it has forgotten how far we are
   */
  resumed(token: string, isRestarted: boolean): void {
    this.#token = token;
    if (!isRestarted) return;
    this.#delivery.restart();
    this.#forgetReports();
  }

  /** The server may die before it acknowledges what it has answered; its successor would answer that again. */
  forgetRequest(type: ClientMessage['type']): void {
    const asked = this.#delivery.unacked.find((kept) => headOf(kept).type === type);
    if (asked) this.#delivery.replace(asked.seq, NOTHING);
  }

  /**
   * A report before our last description is of an older negotiation: the server, which begins anew, would think that
   * all is done, and then find that description out of order.
   */
  #forgetReports(): void {
    const said = this.#delivery.unacked.map((kept) => ({ seq: kept.seq, ...headOf(kept) }));
    said.forEach(({ seq, type, epoch }, n) => {
      const isOld = said.slice(n).some((later) => later.epoch === epoch && isDescription(later.type));
      if (type === 'report' && isOld) this.#delivery.replace(seq, NOTHING);
    });
  }
}

function headOf({ message }: UnackedMessage<string>): Head {
  return JSON.parse(message);
}

function isDescription(type: ClientMessage['type']): boolean {
  return type === 'offer' || type === 'answer';
}

/**
 * A session at the server that outlives its socket: what we need to resume it, and the frames that we sent and the
 * server has not acknowledged. Its frames are numbered; see ReliableDelivery.
 */
import {
  type ClientMessage,
  type ClientMessageOf,
  type NumberedFrame,
  ReliableDelivery,
  type UnackedMessage,
} from '../../protocol/index.ts';

/** Replaces a message that need not be sent again: every server accepts it, and none answers it. */
const NOTHING = JSON.stringify({ type: 'pong' } satisfies ClientMessage);

/** A room of a thousand members that all negotiate at once stays below this. */
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
  /** The seq of our last request to be paired. */
  lastRequest: number | undefined;
  /** The offer that was sent ahead for it. */
  #ahead: { readonly seq: number; readonly sdp: string } | undefined;

  /** @param token the secret that the server requires when we resume */
  constructor(id: string, token: string) {
    this.id = id;
    this.#token = token;
  }

  /** The message that resumes the session. It also says how much will be sent ahead of the rate. */
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

  /** Whether more waits than a well-behaved server leaves unacknowledged. */
  get isOverfull(): boolean {
    const { unacked, unackedBytes } = this.#delivery;
    return unacked.length > MAX_UNACKED || unackedBytes > MAX_UNACKED_CHARS;
  }

  /** What the server may not have received. */
  get unacked(): readonly UnackedMessage<string>[] {
    return this.#delivery.unacked;
  }

  /** Keeps a message until the server has acknowledged it. */
  keep(message: ClientMessage): UnackedMessage<string> {
    const kept = this.#delivery.keep(JSON.stringify(message));
    if (message.type === 'pair_request') {
      this.lastRequest = kept.seq;
      this.#ahead = undefined;
    } else if (message.type === 'offer' && message.request !== undefined)
      this.#ahead = { seq: kept.seq, sdp: message.sdp };
    return kept;
  }

  /** The frame to send now; it acknowledges what was received. */
  frameOf(kept: UnackedMessage<string>): string {
    return this.#delivery.headOf(kept) + kept.message + this.#delivery.tailOf(kept);
  }

  accept({ seq, acked }: NumberedFrame): ReturnType<ReliableDelivery<string>['accept']> {
    return this.#delivery.accept(seq, acked);
  }

  /** Whether so much was received that an ack is due. */
  get shouldAck(): boolean {
    return this.#delivery.shouldAck;
  }

  acked(received: number): void {
    this.#delivery.ack(received);
  }

  /**
   * The server resumed this session.
   * @param token the secret for the next time
   * @param isRestarted whether the server has lost our sequence numbers
   */
  resumed(token: string, isRestarted: boolean): void {
    this.#token = token;
    if (!isRestarted) return;
    this.#delivery.restart();
    this.#forgetReports();
  }

  /**
   * The server may die before it acknowledges a request that it has answered; its successor would answer it again.
   * @param seq that of the request; undefined if the answer does not say, and the first one is meant
   */
  forgetRequest(type: ClientMessage['type'], seq?: number): void {
    const asked = this.#delivery.unacked.find(
      (kept) => headOf(kept).type === type && (seq === undefined || kept.seq === seq),
    );
    if (asked) this.#delivery.replace(asked.seq, NOTHING);
  }

  /**
   * Our last request has formed a pairing: its server relays the offer that we have sent ahead for it. Should it die
   * before the peer has that offer, its successor gets it as if it had been sent now.
   * @returns the offer's SDP; empty if none was sent
   */
  offerTaken(epoch: number | undefined): string {
    if (!this.#ahead) return '';
    const { seq, sdp } = this.#ahead;
    this.#delivery.replace(seq, JSON.stringify({ type: 'offer', sdp, epoch }));
    return sdp;
  }

  /**
   * A report from before our last description belongs to an older negotiation: the restarted server would take us for
   * connected, and then find that description out of order.
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

/** One link to another node: its machine's state, its sequence numbers, and its envelopes. */
import { Hosted, type NodeLinkContext } from '../../machines/index.ts';
import type { Envelope, NodeMessage } from '../../protocol/cluster/index.ts';
import { ReliableDelivery, type UnackedMessage } from '../../protocol/index.ts';
import type { NodeId } from '../node-id.ts';
import { TurnQueue } from '../signaling/turn-queue.ts';
import { type Bus, MAX_NODE_MESSAGE_BYTES } from './bus/bus.ts';

/** Limits for what may wait for a node's ack: more than a second's worth of full traffic. */
const MAX_WAITING_FRAMES = 65_536;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/**
 * Messages of one turn go out together, up to this size: a bus and its readers handle several small envelopes better
 * than a large one.
 */
const MAX_ENVELOPE_CHARS = 32 * 1024;
/**
 * A client waits for what these lead to. While others come back, turns are long, and these do not wait for the end of
 * theirs; otherwise they do, since several that go out together cost less.
 */
const HASTY: ReadonlySet<NodeMessage['type']> = new Set(['ask', 'granted', 'denied']);
/** How many messages are sent again at once; the rest follows when these are acked. */
const MAX_RESENT_FRAMES = 256;

export class NodeLink extends Hosted<NodeLinkContext> {
  readonly node: NodeId;
  /** This side's number for the link, greater than that of any earlier link. */
  readonly number: number;
  /** The other side's number; 0 until it is heard. */
  peerNumber = 0;
  readonly openedAt: number;
  readonly delivery = new ReliableDelivery<string>();
  wasOpen = false;
  #waitingBytes = 0;
  /** Messages of this turn that have not been sent yet. */
  #outbox: UnackedMessage<string>[] = [];
  #outboxChars = 0;
  /** The first unacked seq at the last beat: it is sent again only if it is still the first at the next beat. */
  #firstAtBeat = 0;
  readonly #here: NodeId;
  readonly #bus: Bus;

  /** @param now milliseconds of the server's clock */
  constructor(node: NodeId, number: number, now: number, here: NodeId, bus: Bus) {
    super();
    this.node = node;
    this.number = number;
    this.openedAt = now;
    this.#here = here;
    this.#bus = bus;
  }

  get isOpen(): boolean {
    return this.value === 'open';
  }

  /** Whether messages may have been exchanged over it. */
  get isInUse(): boolean {
    return this.value !== 'greeting';
  }

  /**
   * Numbers a message, keeps it until it is acked, and sends it at the end of the turn; or at once, behind what was said
   * before.
   * @returns false when too much waits, or when no bus carries it: unnumbered it would be missed, and numbered it would
   * keep all that comes after it from arriving, for ever
   */
  sendMessage(message: NodeMessage): boolean {
    const text = JSON.stringify(message);
    if (isTooLong(text)) return false;
    this.#waitingBytes += text.length;
    const onAcked = () => {
      this.#waitingBytes -= text.length;
    };
    const kept = this.delivery.keep(text, { onAcked });
    if (this.isOpen) this.#post(kept);
    if (HASTY.has(message.type) && TurnQueue.isAnyWaiting) this.flush();
    return this.delivery.unacked.length <= MAX_WAITING_FRAMES && this.#waitingBytes <= MAX_WAITING_BYTES;
  }

  /** Sends the messages of this turn. */
  flush(): void {
    const outbox = this.#outbox;
    const [first] = outbox;
    if (!first) return;
    this.#outbox = [];
    this.#outboxChars = 0;
    if (this.isDone) return;
    const head = this.#envelope({ seq: first.seq }).slice(0, -1);
    const messages = outbox.map(({ message }) => message).join(',');
    this.#bus.send(this.node, `${head},"messages":[${messages}]}`);
  }

  /** Acks what was received if that is due, and nothing is about to be sent that does. */
  sendAckIfDue(): void {
    if (this.delivery.shouldAck && this.#outbox.length === 0 && !this.isDone) this.sendSign();
  }

  /** Sends a sign of life, which acks what was received. */
  sendSign(more: Partial<Envelope> = {}): void {
    this.#bus.send(this.node, this.#envelope(more));
  }

  /** Sends unacked messages again if the first of them was already waiting at the last beat. */
  beat(): void {
    const { first } = this.delivery;
    if (first === this.#firstAtBeat) this.sendAgain();
    else this.sendSign();
    this.#firstAtBeat = first;
  }

  sendAgain(): void {
    this.flush();
    const waiting = this.delivery.unacked.slice(0, MAX_RESENT_FRAMES);
    for (const kept of waiting) this.#post(kept);
    this.flush();
    if (waiting.length === 0) this.sendSign();
  }

  #post(kept: UnackedMessage<string>): void {
    this.#outbox.push(kept);
    this.#outboxChars += kept.message.length;
    if (this.#outboxChars >= MAX_ENVELOPE_CHARS) this.flush();
    else if (this.#outbox.length === 1) this.#atEndOfTurn(() => this.flush());
  }

  #atEndOfTurn(send: () => void): void {
    if (this.#bus.endOfTurn) this.#bus.endOfTurn(send);
    else setImmediate(send);
  }

  #envelope(more: Partial<Envelope>): string {
    const { received: ack } = this.delivery.ackMessage();
    return JSON.stringify({
      node: this.#here,
      link: this.number,
      to_link: this.peerNumber,
      seq: 0,
      ack,
      ...more,
    });
  }
}

/** Nearly all are known to be short enough by their length alone. */
function isTooLong(text: string): boolean {
  const mostBytes = 3 * text.length;
  return mostBytes > MAX_NODE_MESSAGE_BYTES && Buffer.byteLength(text) > MAX_NODE_MESSAGE_BYTES;
}

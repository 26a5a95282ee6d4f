/**
 * The links to the other nodes, over a bus that may lose, delay and double: a machine for each, and beside it the
 * numbers of what was sent and received (Delivery, the same that clients have). A message arrives once and in order,
 * or the link is lost, and both sides know.
 */
import {
  Hosted,
  MachineHost,
  type NodeLinkContext,
  type NodeLinkEvent,
  type NodeLinkSettings,
  nodeLinkMachine,
  type StepQueue,
  type TimerWheel,
} from '../../machines/index.ts';
import type { Envelope, NodeMessage } from '../../protocol/cluster/index.ts';
import { ReliableDelivery, type UnackedMessage } from '../../protocol/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Bus, NodeId } from './bus/bus.ts';
import { decodeEnvelope, decodeNodeMessage } from './decode-node-message.ts';

/** A dead node's clients' peers are to know within 5 s. */
const BEAT_MS = 1_000;
const SILENCE_MS = 3_500;
/** A node that missed another's first word hears of it from the next. */
const ANNOUNCE_MS = 5_000;
const ANNOUNCE = 'announce';

/** What may wait for a node to confirm it: a good second of everything. */
const MAX_WAITING_FRAMES = 65_536;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** So many at once are sent again; the rest when these are acked. */
const MAX_RESENT_FRAMES = 256;

export class NodeLink extends Hosted<NodeLinkContext> {
  readonly node: NodeId;
  /** This side's number for the link, higher than that of any before it. */
  readonly number: number;
  /** The other side's; 0 until it is heard. */
  peerNumber = 0;
  readonly openedAt: number;
  readonly delivery = new ReliableDelivery<string>();
  waitingBytes = 0;
  /** What was the first to wait at the last beat: it is sent again only when it still is. */
  firstAtBeat = 0;
  wasOpen = false;

  constructor(node: NodeId, number: number, now: number) {
    super();
    this.node = node;
    this.number = number;
    this.openedAt = now;
  }

  get isOpen(): boolean {
    return this.value === 'open';
  }

  /** Whether anything may have gone over it. */
  get isInUse(): boolean {
    return this.value !== 'greeting';
  }
}

export interface NodeLinksDeps {
  readonly node: NodeId;
  readonly bus: Bus;
  readonly log: Logger;
  readonly queue: StepQueue;
  readonly timers: TimerWheel;
  /** Sets the timers' time, too. */
  readonly now: () => number;
  /** Milliseconds since 1970: a number that an earlier process of this node did not reach. */
  readonly wallTime: () => number;
  readonly received: (node: NodeId, message: NodeMessage) => void;
  readonly opened: (node: NodeId) => void;
  /** @param wasThere false for one that never answered */
  readonly lost: (node: NodeId, wasThere: boolean) => void;
  /** The bus is there, or away. */
  readonly busChanged: (isUp: boolean) => void;
  /** Who waits for an answer from that node gets none soon. */
  readonly failed: (node: NodeId, code: 'target_not_found' | 'unavailable') => void;
}

export class NodeLinks {
  readonly host: MachineHost<typeof nodeLinkMachine, NodeLink>;
  /** By the other node's number. */
  readonly links = new Map<NodeId, NodeLink>();
  isBusUp = false;
  #isToldAway = false;
  readonly #deps: NodeLinksDeps;
  readonly #settings: NodeLinkSettings;
  readonly #announcer = { timer: -1 };
  #lastNumber = 0;

  constructor(deps: NodeLinksDeps) {
    this.#deps = deps;
    const { queue, bus } = deps;
    this.#settings = {
      beatMs: BEAT_MS,
      silenceMs: SILENCE_MS,
      suspendedMs: bus.hasBroker ? Number.POSITIVE_INFINITY : SILENCE_MS,
    };
    this.host = new MachineHost(nodeLinkMachine, {
      queue,
      executors: {
        greet: (link) => this.#send(link, 0),
        announceOpen: (link) => {
          link.wasOpen = true;
          deps.log.info({ node: link.node }, `Node ${link.node} is there`);
          deps.opened(link.node);
        },
        sendAgain: (link) => this.#sendAgain(link),
        beat: (link) => this.#beat(link),
        failRequests: (link, _event, { code }) => deps.failed(link.node, code),
        announceLoss: (link, event) => {
          const wasThere = link.peerNumber !== 0;
          if (this.links.get(link.node) === link) this.links.delete(link.node);
          if (link.wasOpen) deps.log.warn({ node: link.node }, `Node ${link.node} is lost`);
          deps.lost(link.node, wasThere);
          if (event.type === 'OVERFULL') bus.send(link.node, this.#envelope(link, { is_goodbye: true }));
        },
      },
      onError: (link, error, effect) => {
        deps.log.error({ node: link.node, effect, err: error }, `The link to node ${link.node} failed`);
        this.host.dispatch(link, { type: 'FORGOTTEN' });
      },
    });
  }

  /** Nodes that can be reached now. */
  get open(): NodeId[] {
    return [...this.links.values()].filter(({ isOpen }) => isOpen).map(({ node }) => node);
  }

  isOpen(node: NodeId): boolean {
    return this.links.get(node)?.isOpen ?? false;
  }

  /** @throws when the bus was told something wrong */
  async start(): Promise<void> {
    await this.#deps.bus.start({
      received: (text) => this.#received(text),
      unreachable: (node) => this.#toLink(node, { type: 'UNREACHABLE' }),
      up: () => this.#up(),
      down: (reason) => this.#down(reason),
    });
  }

  async stop(): Promise<void> {
    this.#deps.timers.disarmAll(this.#announcer);
    for (const link of this.links.values())
      this.#deps.bus.send(link.node, this.#envelope(link, { is_goodbye: true }));
    await this.#deps.bus.stop();
  }

  /** Numbered and kept until it is acked; opens the link, when there is none. */
  send(node: NodeId, message: NodeMessage): void {
    // On a session's way back to this node, others may say that it is here.
    if (node === this.#deps.node) return;
    const link = this.links.get(node) ?? this.#open(node);
    if (link.isDone) return;
    const text = JSON.stringify(message);
    link.waitingBytes += text.length;
    const onAcked = () => {
      link.waitingBytes -= text.length;
    };
    const frame = link.delivery.keep(text, { onAcked });
    if (link.isOpen) this.#send(link, frame.seq, frame.message);
    if (frame.seq - link.delivery.first > MAX_WAITING_FRAMES || link.waitingBytes > MAX_WAITING_BYTES)
      this.host.dispatch(link, { type: 'OVERFULL' });
  }

  #open(node: NodeId): NodeLink {
    this.#lastNumber = Math.max(Math.floor(this.#deps.wallTime()), this.#lastNumber + 1);
    const link = new NodeLink(node, this.#lastNumber, this.#deps.now());
    this.links.set(node, link);
    this.host.start(link, { node, settings: this.#settings });
    return link;
  }

  #toLink(node: NodeId, event: NodeLinkEvent): void {
    this.#deps.now();
    const link = this.links.get(node);
    if (link) this.host.dispatch(link, event);
  }

  #up(): void {
    this.#deps.now();
    this.isBusUp = true;
    if (this.#isToldAway) this.#deps.log.info('The bus between the nodes is there');
    this.#isToldAway = false;
    this.#deps.busChanged(true);
    this.#announce();
    for (const link of [...this.links.values()]) this.host.dispatch(link, { type: 'BUS_UP' });
  }

  #down(reason: string): void {
    this.#deps.now();
    // Told at the start, too: a wrong address shows nowhere else.
    if (!this.#isToldAway)
      this.#deps.log.warn(
        `The bus between the nodes is away: ${reason}. It is tried again until it is there`,
      );
    this.#isToldAway = true;
    this.isBusUp = false;
    this.#deps.busChanged(false);
    for (const link of [...this.links.values()]) this.host.dispatch(link, { type: 'BUS_DOWN' });
  }

  /** To nodes that are not known yet. */
  #announce(): void {
    const { bus, node, timers } = this.#deps;
    if (this.isBusUp) bus.broadcast(JSON.stringify({ node, link: 0, to_link: 0, seq: 0, ack: 0 }));
    timers.disarmAll(this.#announcer);
    timers.arm(this.#announcer, ANNOUNCE, ANNOUNCE_MS, () => this.#announce());
  }

  #received(text: string): void {
    this.#deps.now();
    const envelope = decodeEnvelope(text);
    if (!envelope || envelope.node === this.#deps.node) return;
    const link = this.#linkFor(envelope);
    if (!link) return;
    if (link.context.silentMs >= BEAT_MS) this.host.dispatch(link, { type: 'HEARD' });
    const { seq, ack, message } = envelope;
    link.delivery.ack(ack);
    if (seq === 0) return;
    // A gap is what the bus lost; it is sent again.
    if (link.delivery.accept(seq, ack) !== 'new') return;
    const known = decodeNodeMessage(message);
    if (known) this.#deps.received(link.node, known);
    else
      this.#deps.log.warn({ node: link.node }, `Node ${link.node} sent what is no message of this version`);
    if (link.delivery.shouldAck && !link.isDone) this.#send(link, 0);
  }

  /** The open link that an envelope is for. What is for another one sets things right, and is passed over. */
  #linkFor(envelope: Envelope): NodeLink | undefined {
    const { node, link: number, to_link: toNumber } = envelope;
    let link = this.links.get(node);
    // Late, from a link that is over.
    if (link && number !== 0 && number < link.peerNumber) return undefined;
    // The other side has forgotten what went over the open one. One that was never open has nothing to forget, and
    // keeps its number: if both took new ones for each other's, they would never come to an end.
    if (link?.isInUse && number > link.peerNumber) {
      this.host.dispatch(link, { type: 'FORGOTTEN' });
      link = this.links.get(node);
    }
    if (envelope.is_goodbye) {
      if (link && toNumber === link.number) this.host.dispatch(link, { type: 'FORGOTTEN' });
      return undefined;
    }
    const isNew = !link;
    link ??= this.#open(node);
    if (number === 0) return undefined;
    if (toNumber !== 0 && toNumber !== link.number) {
      // It speaks of a link that this side has forgotten: hearing of this one, it forgets it too.
      if (!isNew) this.#deps.bus.send(node, this.#envelope(link, { seq: 0, to_link: number }));
      return undefined;
    }
    link.peerNumber = number;
    if (toNumber === 0) {
      this.#send(link, 0);
      return undefined;
    }
    if (!link.isOpen) this.host.dispatch(link, { type: 'GREETED' });
    return link;
  }

  #beat(link: NodeLink): void {
    const { first } = link.delivery;
    if (first === link.firstAtBeat) this.#sendAgain(link);
    else this.#send(link, 0);
    link.firstAtBeat = first;
  }

  #sendAgain(link: NodeLink): void {
    const waiting = link.delivery.unacked.slice(0, MAX_RESENT_FRAMES);
    for (const { seq, message } of waiting) this.#send(link, seq, message);
    if (waiting.length === 0) this.#send(link, 0);
  }

  #send(link: NodeLink, seq: number, message?: UnackedMessage<string>['message']): void {
    const head = this.#envelope(link, { seq });
    const text = message === undefined ? head : `${head.slice(0, -1)},"message":${message}}`;
    this.#deps.bus.send(link.node, text);
  }

  #envelope(link: NodeLink, more: Partial<Envelope>): string {
    const { received: ack } = link.delivery.ackMessage();
    const { number, peerNumber } = link;
    return JSON.stringify({
      node: this.#deps.node,
      link: number,
      to_link: peerNumber,
      seq: 0,
      ack,
      ...more,
    });
  }
}

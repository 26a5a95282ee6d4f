/**
 * The links to the other nodes, over a bus that may lose, delay and duplicate messages: a machine for each link, and
 * the sequence numbers beside it. A message arrives once and in order, or the link is lost and both sides know it.
 */
import type { Clock } from '../../common/clock.ts';
import {
  MachineHost,
  NO_TIMER,
  type NodeLinkSettings,
  nodeLinkMachine,
  type StepQueue,
} from '../../machines/index.ts';
import type { Envelope, NodeMessage } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Bus } from './bus/bus.ts';
import { decodeEnvelope, decodeNodeMessage } from './decode-node-message.ts';
import type { Links } from './links.ts';
import { NodeLink } from './node-link.ts';
import { type NodeWatcher, nodeLinkEffects } from './node-link-effects.ts';

/** Chosen so that the peers of a dead node's clients are told within 5 s. */
const BEAT_MS = 1_000;
const SILENCE_MS = 3_500;
/** A node that missed another's first announcement hears the next one. */
const ANNOUNCE_MS = 5_000;
const ANNOUNCE = 'announce';

export interface NodeLinksDeps {
  readonly node: NodeId;
  readonly bus: Bus;
  readonly queue: StepQueue;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Told what comes from other nodes, and whether any can be reached. */
export interface NodeLinksHandler extends NodeWatcher {
  received(node: NodeId, message: NodeMessage): void;
  /** The bus became available or unavailable. */
  busChanged(isUp: boolean): void;
}

export class NodeLinks implements Links {
  readonly host: MachineHost<typeof nodeLinkMachine, NodeLink>;
  /** By the other node's number. */
  readonly links = new Map<NodeId, NodeLink>();
  readonly #deps: NodeLinksDeps;
  readonly #settings: NodeLinkSettings;
  readonly #announcer = { timer: NO_TIMER };
  #handler: NodeLinksHandler | undefined;
  #bus: 'starting' | 'up' | 'away' = 'starting';
  #lastNumber = 0;

  constructor(deps: NodeLinksDeps) {
    this.#deps = deps;
    const { queue, bus, log } = deps;
    this.#settings = {
      beatMs: BEAT_MS,
      silenceMs: SILENCE_MS,
      suspendedMs: bus.hasBroker ? Number.POSITIVE_INFINITY : SILENCE_MS,
    };
    const watcher: NodeWatcher = {
      opened: (node) => this.#handler?.opened(node),
      lost: (node, wasThere) => this.#handler?.lost(node, wasThere),
      failed: (node, code) => this.#handler?.failed(node, code),
    };
    this.host = new MachineHost(nodeLinkMachine, {
      queue,
      executors: nodeLinkEffects({ links: this.links, watcher, log }),
      onError: (link, error, effect) => {
        log.error(
          { event: 'node_link_failed', node: link.node, effect, err: error },
          `The link to node ${link.node} failed`,
        );
        this.host.dispatch(link, { type: 'FORGOTTEN' });
      },
    });
  }

  get isBusUp(): boolean {
    return this.#bus === 'up';
  }

  get open(): NodeId[] {
    return [...this.links.values()].filter(({ isOpen }) => isOpen).map(({ node }) => node);
  }

  get inUse(): NodeId[] {
    return [...this.links.values()].filter(({ isInUse }) => isInUse).map(({ node }) => node);
  }

  isOpen(node: NodeId): boolean {
    return this.links.get(node)?.isOpen ?? false;
  }

  /** @throws when a setting of the bus is wrong */
  async start(handler: NodeLinksHandler): Promise<void> {
    this.#handler = handler;
    await this.#deps.bus.start({
      received: (text) => this.#received(text),
      unreachable: (node) => {
        const link = this.links.get(node);
        if (link) this.host.dispatch(link, { type: 'UNREACHABLE' });
      },
      up: () => this.#up(),
      down: (reason) => this.#down(reason),
    });
  }

  async stop(): Promise<void> {
    this.#deps.queue.timers.disarmAll(this.#announcer);
    for (const link of this.links.values()) {
      link.flush();
      link.sendSign({ is_goodbye: true });
    }
    await this.#deps.bus.stop();
  }

  send(node: NodeId, message: NodeMessage): void {
    // When a session returns to this node, others may still report that it is here.
    if (node === this.#deps.node) return;
    const link = this.links.get(node) ?? this.#open(node);
    if (link.isDone) return;
    if (!link.sendMessage(message)) this.host.dispatch(link, { type: 'OVERFULL' });
  }

  #open(node: NodeId): NodeLink {
    const { clock, queue, bus, node: here } = this.#deps;
    // A number that no earlier process of this node has reached.
    this.#lastNumber = Math.max(Math.floor(clock.wallTime()), this.#lastNumber + 1);
    const link = new NodeLink(node, this.#lastNumber, queue.now, here, bus);
    this.links.set(node, link);
    this.host.start(link, { node, settings: this.#settings });
    return link;
  }

  #up(): void {
    if (this.#bus === 'away')
      this.#deps.log.info({ event: 'bus_connected' }, 'The bus between the nodes is connected');
    this.#bus = 'up';
    this.#handler?.busChanged(true);
    this.#announce();
    for (const link of [...this.links.values()]) this.host.dispatch(link, { type: 'BUS_UP' });
  }

  #down(reason: string): void {
    // Logged at the start, too: a wrong address shows up nowhere else.
    if (this.#bus !== 'away')
      this.#deps.log.warn(
        { event: 'bus_away' },
        `The bus between the nodes is lost: ${reason}. Reconnecting until it is back`,
      );
    this.#bus = 'away';
    this.#handler?.busChanged(false);
    for (const link of [...this.links.values()]) this.host.dispatch(link, { type: 'BUS_DOWN' });
  }

  /** Announces this node to nodes that are not known yet. */
  #announce(): void {
    const { bus, node, queue } = this.#deps;
    if (this.isBusUp) bus.broadcast(JSON.stringify({ node, link: 0, to_link: 0, seq: 0, ack: 0 }));
    queue.arm(this.#announcer, ANNOUNCE, ANNOUNCE_MS, () => this.#announce());
  }

  #received(text: string): void {
    const envelope = decodeEnvelope(text);
    if (!envelope || envelope.node === this.#deps.node) return;
    const link = this.#linkFor(envelope);
    if (!link) return;
    // Once per beat is enough.
    if (link.context.silentMs >= BEAT_MS) this.host.dispatch(link, { type: 'HEARD' });
    link.delivery.ack(envelope.ack);
    this.#deliver(link, envelope);
    link.sendAckIfDue();
  }

  /** @throws the first exception that a message's handler threw; the messages after it are handled all the same */
  #deliver(link: NodeLink, { seq: first, ack, messages = [] }: Envelope): void {
    let failure: { readonly error: unknown } | undefined;
    for (const [i, message] of messages.entries()) {
      // A gap is a message that the bus lost; it is sent again. What arrives over a link that has just been lost is
      // dropped.
      if (link.isDone || link.delivery.accept(first + i, ack) !== 'new') continue;
      try {
        this.#handle(link.node, message);
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure) throw failure.error;
  }

  #handle(node: NodeId, message: unknown): void {
    const known = decodeNodeMessage(message);
    if (known) this.#handler?.received(node, known);
    else
      this.#deps.log.warn(
        { event: 'node_message_invalid', node },
        `Node ${node} sent something that is not a message of this version`,
      );
  }

  /**
   * The open link that an envelope belongs to. An envelope for another link brings both sides in step, and its messages
   * are dropped.
   */
  #linkFor(envelope: Envelope): NodeLink | undefined {
    const { node, link: number, to_link: toNumber } = envelope;
    let link = this.links.get(node);
    // A late envelope of a link that is over.
    if (link && number !== 0 && number < link.peerNumber) return undefined;
    // The other side has forgotten the open link. A link that was never in use has nothing to forget, and keeps its
    // number: if each side took a new number in answer to the other's, this would never end.
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
      // The envelope names a link that this side has forgotten: when the other side hears of this one, it forgets that
      // link, too.
      if (!isNew) link.sendSign({ to_link: number });
      return undefined;
    }
    link.peerNumber = number;
    if (toNumber === 0) {
      link.sendSign();
      return undefined;
    }
    if (!link.isOpen) this.host.dispatch(link, { type: 'GREETED' });
    return link;
  }
}

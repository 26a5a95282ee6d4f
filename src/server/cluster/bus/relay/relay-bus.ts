/**
 * The bus over the relay network: a node is a server of that network, with its number as its id, and its messages are
 * chats between servers. So sites can federate without a broker. Other servers and people's clients may be in the same
 * network: nodes send them nothing, and ignore what they write.
 */
import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../../../common/clock.ts';
import type { RelayHost } from '../../../../machines/relay-link/relay-table.ts';
import { type ClientChat, type Status, statusCodes } from '../../../../protocol/relay-chat/index.ts';
import type { NodeId } from '../../../node-id.ts';
import { randomNodeId } from '../../../node-id.ts';
import { RelayServer } from '../../../relay/relay-server.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import type { Bus, BusHandlers } from '../bus.ts';
import { BusError, DuplicateNodeError } from '../bus-errors.ts';
import { FragmentCutter, FragmentJoiner } from '../fragments.ts';
import { RelayFlow } from './relay-flow-control.ts';
import { RelayPulse } from './relay-heartbeat.ts';
import { parseRelayParent } from './relay-parent-address.ts';

/** What a node's registration says, unlike that of any other server; a new message format gets a new number. */
export const RELAY_NODE_INFO = 'Pairlane node, bus 1';
/** Half of what a chat holds, so that other traffic gets its turn in between. */
const MAX_FRAGMENT_BYTES = 32 * 1024;
/** One link may lead to many nodes, each with its own window. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
/** A parent that has not accepted us within this time counts as unavailable; it may still accept us later. */
const PARENT_TIMEOUT_MS = 3_000;
const ACK = /^PLC (\d{1,9})$/;

export interface RelayBusOptions {
  readonly node: NodeId;
  /** The port for other nodes; left out: none can connect to this one. 0: any free port. */
  readonly port?: number | undefined;
  readonly host: string;
  /** `HOST:PORT` of the server to connect to; left out: this server is the first of its network. */
  readonly connect?: string | undefined;
  readonly log: Logger;
  readonly clock?: Clock;
  /** @returns a number from 0 up to, but not including, 1 */
  readonly random?: () => number;
}

export class RelayBus implements Bus {
  readonly hasBroker = false;
  readonly #options: RelayBusOptions;
  readonly #clock: Clock;
  readonly #cutter = new FragmentCutter(randomBytes(8).toString('hex'));
  readonly #joiner: FragmentJoiner;
  /** By the number of the other node. */
  readonly #flows = new Map<NodeId, RelayFlow>();
  /** An id that nobody has, used to ping the parent. */
  readonly #nobody = randomNodeId();
  readonly #pulse: RelayPulse;
  readonly #server: RelayServer;
  /** Undefined before the start and after the stop. */
  #handlers: BusHandlers | undefined;
  /** Undefined until it is known. */
  #isUp: boolean | undefined;
  #tellKnown: (refusal?: BusError) => void = () => {};

  /** @throws {BusError} if `connect` is not an address */
  constructor(options: RelayBusOptions) {
    const { node, port, host, connect, log, clock = systemClock, random = Math.random } = options;
    this.#options = options;
    this.#clock = clock;
    this.#joiner = new FragmentJoiner(() => clock.now());
    this.#server = new RelayServer({
      id: node,
      name: `Pairlane ${node}`,
      info: RELAY_NODE_INFO,
      port,
      host,
      parent: parseRelayParent(connect),
      log,
      clock,
      random,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      onChat: (source, content) => this.#take(source, content),
      onStatus: (status) => this.#takeStatus(status),
      onParentUp: () => {
        this.#pulse.start();
        this.#up();
      },
      onParentDown: (why) => this.#down(why),
    });
    this.#pulse = new RelayPulse(
      clock,
      () => this.#chat(this.#nobody, 'PLP'),
      () => this.#server.cutParent(),
    );
  }

  /** The port that it listens on, once it has started. */
  get port(): number {
    return this.#server.port;
  }

  async start(handlers: BusHandlers): Promise<void> {
    const { port, connect } = this.#options;
    this.#handlers = handlers;
    const known = new Promise<BusError | undefined>((resolve) => {
      this.#tellKnown = resolve;
    });
    await this.#server.start().catch(({ code }: NodeJS.ErrnoException) => {
      throw new BusError(
        `Cannot listen on --relay-port ${port} (${code}). Choose another one, or end what uses it`,
      );
    });
    if (connect === undefined) this.#up();
    const endWait = this.#clock.every(PARENT_TIMEOUT_MS, () => this.#down('silent'));
    const refusal = await known;
    endWait();
    if (!refusal) return;
    await this.stop();
    throw refusal;
  }

  send(to: NodeId, text: string): void {
    const { node, connect } = this.#options;
    const host = this.#server.node.table.get(to);
    // The parent knows nodes that this server does not only for a moment, or when this server knows none at all.
    const mayBeBeyond = !host && to !== node && connect !== undefined;
    if (mayBeBeyond && !this.#isUp) return;
    if (host ? isNode(host) : mayBeBeyond) this.#flowTo(to).push(this.#cutter.cut(text, MAX_FRAGMENT_BYTES));
    else queueMicrotask(() => this.#handlers?.unreachable(to));
  }

  broadcast(text: string): void {
    const nodes = [...this.#server.node.table.hosts()].filter(isNode);
    const fragments = this.#cutter.cut(text, MAX_FRAGMENT_BYTES);
    for (const { id } of nodes) this.#flowTo(id).push(fragments);
  }

  async stop(): Promise<void> {
    this.#handlers = undefined;
    this.#tellKnown();
    await this.#server.stop();
  }

  #up(): void {
    this.#isUp = true;
    this.#handlers?.up();
    this.#tellKnown();
  }

  #down(why: 'away' | 'id in use' | 'silent'): void {
    const wasUp = this.#isUp;
    if (wasUp === undefined && why === 'id in use') {
      this.#tellKnown(new DuplicateNodeError(this.#options.node));
      return;
    }
    this.#isUp = false;
    this.#pulse.stop();
    this.#forgetGone();
    if (wasUp === false) return;
    this.#handlers?.down(wasUp ? 'the link to its parent was lost' : 'its parent cannot be reached');
    this.#tellKnown();
  }

  #flowTo(id: NodeId): RelayFlow {
    let flow = this.#flows.get(id);
    if (!flow) {
      this.#forgetGone();
      flow = new RelayFlow(
        (fragment) => this.#chat(id, fragment),
        () => this.#clock.now(),
      );
      this.#flows.set(id, flow);
    }
    return flow;
  }

  /** Nobody reports that a node has left, so this is checked when another one comes, and when many may have gone. */
  #forgetGone(): void {
    for (const id of this.#flows.keys()) if (!this.#server.node.table.get(id)) this.#flows.delete(id);
  }

  #chat(destinationId: NodeId, content: string): void {
    const { node } = this.#server;
    const chat: ClientChat = { type: 'client_chat', sourceId: this.#options.node, destinationId, content };
    if (node.table.get(destinationId)) node.route(destinationId, chat);
    else node.routeUp(chat);
  }

  /**
   * @returns false for what is not a message of a node; the sender is known from the table, since nobody can write as
   * another
   */
  #take(source: RelayHost, content: string): boolean {
    if (!isNode(source)) return false;
    const ack = ACK.exec(content);
    if (ack) {
      this.#flows.get(source.id)?.acked(Number(ack[1]));
      return true;
    }
    const toConfirm = this.#flowTo(source.id).received(content);
    if (toConfirm !== undefined) this.#chat(source.id, `PLC ${toConfirm}`);
    const text = this.#joiner.join(source.id, content);
    if (text !== undefined) this.#handlers?.received(text);
    return true;
  }

  /** @returns true if the status is about a message of this bus */
  #takeStatus({ code, content }: Status): boolean {
    const match = code === statusCodes.unknownId ? /^Unknown ID (\d{1,10})$/.exec(content) : undefined;
    if (!match) return false;
    const id = Number(match[1]);
    if (id === this.#nobody) this.#pulse.answered();
    // Only for a node that we wrote to, and once for all fragments of a text.
    else if (this.#flows.delete(id)) this.#handlers?.unreachable(id);
    return true;
  }
}

function isNode({ kind, info }: RelayHost): boolean {
  return kind === 'server' && info === RELAY_NODE_INFO;
}

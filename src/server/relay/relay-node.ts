/**
 * One server of the relay network without its sockets: it hosts a machine for every link, keeps the routing table, and
 * executes the machines' effects. Links are ports, so that a test can join nodes in memory, and the server over TCP.
 */
import { type CloseReason, MachineHost, relayLinkMachine } from '../../machines/index.ts';
import { relayLinkEvent } from '../../machines/relay-link/relay-link-events.ts';
import {
  hostOf,
  type RelayHost,
  type RelayHostKind,
  RelayTable,
  registrationOf,
} from '../../machines/relay-link/relay-table.ts';
import {
  encodeRelayMessage,
  MAX_RELAY_ID,
  MIN_RELAY_ID,
  type RelayMessage,
} from '../../protocol/relay-chat/index.ts';
import { RelayHistory } from './relay-history.ts';
import {
  type RelayIdentity,
  RelayLink,
  type RelayLinkOwner,
  type RelayNodeOptions,
  type RelayPort,
} from './relay-link.ts';
import { relayLinkEffects } from './relay-link-effects.ts';
import { StatusLog } from './status-log.ts';

const NETWORK_FULL = 'the network has as many hosts as a server keeps';

export class RelayNode implements RelayLinkOwner {
  readonly identity: RelayIdentity;
  readonly table: RelayTable;
  readonly statusLog = new StatusLog();
  readonly history: RelayHistory;
  readonly host: MachineHost<typeof relayLinkMachine, RelayLink>;
  readonly options: RelayNodeOptions;
  /** True while the server says goodbye: its neighbours withdraw the hosts that are lost by that. */
  isStopping = false;
  readonly #links = new Set<RelayLink>();
  readonly #adjacent = new Map<number, RelayLink>();
  /** The bytes that announce a host: the same for all receivers, so they are encoded once. */
  readonly #announcements = new WeakMap<RelayHost, Uint8Array>();
  #linksOpened = 0;

  /** @throws {RangeError} if the id, name or info does not fit the protocol */
  constructor(options: RelayNodeOptions) {
    const { id, name, info, queue } = options;
    if (id < MIN_RELAY_ID || id > MAX_RELAY_ID)
      throw new RangeError(`id should be from ${MIN_RELAY_ID} to ${MAX_RELAY_ID}`);
    this.options = options;
    const { wallTime = Date.now } = options;
    this.history = new RelayHistory({ now: () => queue.now, wallTime });
    this.identity = { id, name, info };
    encodeRelayMessage(this.ownRegistration(0));
    this.table = new RelayTable(id);
    this.host = new MachineHost(relayLinkMachine, {
      executors: relayLinkEffects(this),
      queue,
      onError: (link, error, effect) => {
        options.log.error(
          { event: 'relay_link_failed', link: link.number, effect, err: error },
          'a relay link failed; it is closed',
        );
        this.host.dispatch(link, { type: 'LINK_FAILED' });
      },
    });
  }

  get links(): ReadonlySet<RelayLink> {
    return this.#links;
  }

  /** A host connected to this server. */
  accept(port: RelayPort): RelayLink {
    return this.#open(port, false);
  }

  /** This server connected to its parent, and registers there. */
  register(port: RelayPort): RelayLink {
    const link = this.#open(port, true);
    this.host.dispatch(link, { type: 'PARENT_REACHED' });
    return link;
  }

  /** A message arrived over a link. */
  receive(link: RelayLink, message: RelayMessage): void {
    if (link.isDone) return;
    const isRegistration = message.type === 'server_registration' || message.type === 'client_registration';
    if (isRegistration && !this.table.get(message.sourceId) && !this.table.hasRoomFor(message))
      this.host.dispatch(link, { type: 'BYTES_REFUSED', reason: NETWORK_FULL });
    else this.host.dispatch(link, relayLinkEvent(this.table, link.context.hostId, message));
  }

  displace(link: RelayLink): void {
    this.host.dispatch(link, { type: 'DISPLACED' });
  }

  receiveAgain(link: RelayLink, message: RelayMessage): void {
    this.options.queue.push(() => this.receive(link, message));
  }

  /** Tells the adjacent servers that this one quits, and closes every link. */
  stop(replacementId: number, content: string): void {
    this.isStopping = true;
    const { id } = this.identity;
    this.tell('server', { type: 'server_quit', sourceId: id, replacementId, content });
    for (const link of [...this.#links]) this.host.dispatch(link, { type: 'SERVER_STOPPED' });
  }

  ownRegistration(lastHopId: number): RelayMessage {
    return registrationOf({ ...this.identity, kind: 'server' }, lastHopId);
  }

  linkTo(hostId: number | undefined): RelayLink | undefined {
    return hostId === undefined ? undefined : this.#adjacent.get(hostId);
  }

  /** Keeps the host at the other end of a link, which has registered. */
  addAdjacent(link: RelayLink, host: RelayHost): void {
    this.table.add(host);
    this.#adjacent.set(host.id, link);
    this.history.joined(host);
  }

  /** Removes a link that is over. */
  drop(link: RelayLink, reason: CloseReason): void {
    this.#links.delete(link);
    const { hostId } = link.context;
    if (hostId !== undefined && this.#adjacent.get(hostId) === link) this.#adjacent.delete(hostId);
    this.options.onLinkClosed?.(link, reason);
  }

  linkToParent(): RelayLink | undefined {
    return [...this.#links].find((link) => link.context.isParent && link.value === 'adjacentServer');
  }

  /** Sends a message towards its destination. */
  route(destinationId: number, message: RelayMessage): void {
    this.linkTo(this.table.firstHopTo(destinationId))?.port.send(encodeRelayMessage(message));
  }

  /**
   * Sends a message to the parent, which may know hosts that are not known here.
   * @returns false if there is no parent
   */
  routeUp(message: RelayMessage): boolean {
    const parent = this.linkToParent();
    parent?.port.send(encodeRelayMessage(message));
    return parent !== undefined;
  }

  /** Sends a message to the adjacent hosts of a kind, except the one that it came from. */
  tell(kind: RelayHostKind, message: RelayMessage, except?: number): void {
    this.#broadcast(kind, encodeRelayMessage(message), except);
  }

  /** Announces a host to all that should know it, except on the side where it is. */
  announce(host: RelayHost): void {
    const bytes = this.announcementOf(host);
    this.#broadcast('server', bytes, host.firstHop);
    if (host.kind === 'client') this.#broadcast('client', bytes, host.firstHop);
  }

  /** Announces that a host is gone to all that knew it; `except` is the link that reported it. */
  announceQuit(host: RelayHost, content: string, replacementId: number, except?: number): void {
    const { id: sourceId, kind } = host;
    const quit: RelayMessage =
      kind === 'client'
        ? { type: 'client_quit', sourceId, content }
        : { type: 'server_quit', sourceId, replacementId, content };
    this.tell('server', quit, except);
    if (kind === 'client') this.tell('client', quit, except);
  }

  announcementOf(host: RelayHost): Uint8Array {
    let bytes = this.#announcements.get(host);
    if (!bytes) {
      bytes = encodeRelayMessage(registrationOf(host, this.identity.id));
      this.#announcements.set(host, bytes);
    }
    return bytes;
  }

  /** Keeps a host that was announced over a link, and passes the announcement on. */
  learn(message: Parameters<typeof hostOf>[0], firstHop: number): void {
    const host = hostOf(message, firstHop);
    this.table.add(host);
    this.history.joined(host);
    this.announce(host);
  }

  #open(port: RelayPort, isParent: boolean): RelayLink {
    this.#linksOpened += 1;
    const link = new RelayLink(this.#linksOpened, port, this.options.queue.now);
    this.#links.add(link);
    this.host.start(link, { isParent });
    return link;
  }

  #broadcast(kind: RelayHostKind, bytes: Uint8Array, except: number | undefined): void {
    for (const id of this.table.adjacent(kind)) if (id !== except) this.#adjacent.get(id)?.port.send(bytes);
  }
}

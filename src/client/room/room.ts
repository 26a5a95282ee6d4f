/** A room as its member sees it: the other members, the leader, and the connections that the room wants. */
import { EventEmitter } from 'eventemitter3';
import type { ServerMessageOf, Topology } from '../../protocol/index.ts';
import type { Abortable, CutShort } from '../peer/abortable.ts';
import type { Connection } from '../peer/connection.ts';
import { PairlaneError } from '../peer/errors.ts';
import { tell } from '../peer/tell.ts';
import { sendFaultOf } from '../rtc/data-channel.ts';
import { isWanted, RoomEdges } from './room-edges.ts';
import type { Member, RoomEdge, RoomEnd, RoomEvents } from './room-events.ts';
import type { JoinOptions } from './room-options.ts';

/** What a room needs from the peer that is its member. */
export interface RoomDeps {
  readonly ownId: () => string | undefined;
  readonly connectionWith: (id: string) => Connection | undefined;
  /** The labels of the data channels of each connection. */
  readonly channels: readonly string[];
  readonly updateMetadata: (room: Room, metadata: unknown, signal?: AbortSignal) => Promise<void>;
  readonly lock: (room: Room, isLocked: boolean, signal?: AbortSignal) => Promise<void>;
  readonly leave: (room: Room, signal?: AbortSignal) => Promise<void>;
}

/** The result of a message to all members. */
export interface Broadcast {
  /** The members whose channels accepted it. */
  readonly sent: readonly string[];
  /** Members that the room wants us connected with, and that were not reached. */
  readonly missed: readonly string[];
}

type Joined = ServerMessageOf<'room_joined'>;
type Changed = ServerMessageOf<
  'peer_joined' | 'peer_left' | 'peer_updated' | 'leader' | 'room_locked' | 'edge'
>;

export class Room extends EventEmitter<RoomEvents> {
  readonly name: string;
  readonly #deps: RoomDeps;
  readonly #members = new Map<string, Member>();
  readonly #edges: RoomEdges;
  /** The connections whose events we listen to. */
  readonly #followed = new WeakSet<Connection>();
  #topology: Topology = 'mesh';
  #leader: string | null = null;
  #isLocked = false;
  #maxSize: number | undefined;
  #ownId: string | undefined;
  #options: JoinOptions;
  #isOver = false;

  /** For the peer, once the server has said that we are a member. */
  constructor(deps: RoomDeps, options: JoinOptions, joined: Joined) {
    super();
    this.#deps = deps;
    this.#edges = new RoomEdges((id) => deps.connectionWith(id)?.isOpen ?? false);
    this.#options = options;
    this.name = joined.room;
    this.joined(joined);
  }

  /** The other members by id, oldest first. */
  get peers(): ReadonlyMap<string, Member> {
    return this.#members;
  }

  /** The connections that the room wants us to have, by the member's id. */
  get edges(): ReadonlyMap<string, RoomEdge> {
    return this.#edges.byMember;
  }

  /** Whether each of `edges` is connected. */
  get isWhole(): boolean {
    return this.#edges.isWhole;
  }

  get topology(): Topology {
    return this.#topology;
  }

  /** The leader's id; null: nobody leads now. */
  get leader(): string | null {
    return this.#leader;
  }

  get isLeader(): boolean {
    return this.#leader !== null && this.#leader === this.#deps.ownId();
  }

  get isLocked(): boolean {
    return this.#isLocked;
  }

  /** How many members it may have; undefined if the server did not say. */
  get maxSize(): number | undefined {
    return this.#maxSize;
  }

  /** Whether we are no longer a member. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Sends a message to every member that we are connected with.
   * @param channel its label; defaults to the first channel's
   * @param options `signal`: who has not been sent it yet is missed
   * @returns resolves when each channel has accepted or refused it, with the members that were not reached
   * @throws {PairlaneError} what nobody can be sent: `too_large_to_send`, `unknown_channel`, `send_failed` for what is
   * neither text nor bytes
   */
  async broadcast(
    data: string | Uint8Array,
    channel?: string,
    { signal }: Abortable = {},
  ): Promise<Broadcast> {
    if (channel !== undefined && !this.#deps.channels.includes(channel))
      throw new PairlaneError('unknown_channel');
    const fault = sendFaultOf(data);
    if (fault) throw fault;
    const connections = [...this.#members.keys()].flatMap((id) => this.#deps.connectionWith(id) ?? []);
    const outcomes = await Promise.all(
      connections.map((connection) =>
        connection.send(data, channel, { signal }).then(
          () => [connection.peerId],
          () => [],
        ),
      ),
    );
    const sent = outcomes.flat();
    return { sent, missed: [...this.edges.keys()].filter((id) => !sent.includes(id)) };
  }

  /**
   * Changes what the other members see about us.
   * @param metadata JSON of at most 2,048 bytes
   * @throws {PairlaneError} `metadata_too_large`, the server's; `timeout`, `not_online`, `closed`, `aborted`
   */
  async updateMetadata(metadata: unknown, { signal }: Abortable = {}): Promise<void> {
    await this.#deps.updateMetadata(this, metadata, signal);
    this.#options = { ...this.#options, metadata };
  }

  /**
   * Locks the room so that nobody can join, or unlocks it.
   * @throws {PairlaneError} `not_leader`, `forbidden`; `timeout`, `not_online`, `closed`, `aborted`
   */
  lock(isLocked = true, { signal }: Abortable = {}): Promise<void> {
    return this.#deps.lock(this, isLocked, signal);
  }

  /**
   * Leaves the room; the connections that it formed end. What was sent on them arrives first, for which it waits at
   * most a second.
   */
  leave({ signal }: CutShort = {}): Promise<void> {
    return this.#isOver ? Promise.resolve() : this.#deps.leave(this, signal);
  }

  /** For the peer: how we joined, to join again if the server has lost our membership. */
  get rejoinOptions(): JoinOptions {
    const { topology } = this;
    return { ...this.#options, topology, ...(this.#maxSize !== undefined && { maxSize: this.#maxSize }) };
  }

  /** For the peer: the server sent the room's whole state, for the first time or again. */
  joined({ peers, leader, topology, locked = false, max_size }: Joined): void {
    const ownId = this.#deps.ownId();
    if (ownId !== this.#ownId) this.#edges.reset();
    this.#ownId = ownId;
    this.#topology = topology;
    this.#maxSize = max_size;
    const now = new Map(peers.map(({ id, metadata }) => [id, { id, metadata }]));
    for (const id of [...this.#members.keys()]) if (!now.has(id)) this.#left(id, 'disconnected');
    for (const member of now.values()) this.#arrived(member);
    this.#leads(leader);
    this.#setLocked(locked);
    this.#sync();
  }

  /** For the peer: the server sent a change. */
  changed(message: Changed): void {
    switch (message.type) {
      case 'peer_joined':
        this.#arrived({ id: message.peer.id, metadata: message.peer.metadata }, true);
        return;
      case 'peer_left':
        this.#left(message.id, message.reason);
        return;
      case 'peer_updated':
        if (this.#members.has(message.id)) this.#arrived({ id: message.id, metadata: message.metadata });
        return;
      case 'leader':
        this.#leads(message.id);
        this.#sync();
        return;
      case 'room_locked':
        this.#setLocked(message.locked);
        return;
      default: {
        this.#edgeIs(this.#edges.said(message.id, message.state, message.reason));
      }
    }
  }

  /** For the peer: there is a connection with a member, or with a client that may become one. */
  paired(connection: Connection): void {
    if (this.#followed.has(connection)) return;
    this.#followed.add(connection);
    const { peerId } = connection;
    const isMember = () => !this.#isOver && this.#members.has(peerId);
    connection.on('message', (data, channel) => {
      if (isMember()) this.emit('message', data, peerId, channel);
    });
    connection.on('open', () => {
      if (isMember()) this.#edgeIs(this.#edges.opened(peerId));
    });
    connection.on('close', ({ error }) => {
      if (error && isMember()) this.#edges.failed(peerId, error.code);
    });
  }

  /** For the peer: we are no longer a member. */
  end(end: RoomEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tell<RoomEvents, 'close'>(this, 'close', end);
  }

  #edgeIs(edge: RoomEdge | undefined): void {
    if (edge) tell<RoomEvents, 'edge'>(this, 'edge', edge);
  }

  /** @param isAlone whether to skip checking all wanted edges afterwards */
  #arrived(member: Member, isAlone = false): void {
    const before = this.#members.get(member.id);
    this.#members.set(member.id, member);
    if (isAlone && this.#wants(member.id)) this.#edges.want(member.id);
    // We may have been connected before one of us joined: through another room, or by request.
    const connection = this.#deps.connectionWith(member.id);
    if (connection) this.paired(connection);
    if (!before) tell<RoomEvents, 'peer'>(this, 'peer', member);
    else if (JSON.stringify(before.metadata) !== JSON.stringify(member.metadata))
      tell<RoomEvents, 'updated'>(this, 'updated', member);
  }

  #left(id: string, reason: string): void {
    const member = this.#members.get(id);
    if (!member) return;
    this.#members.delete(id);
    this.#edges.forget(id);
    tell<RoomEvents, 'left'>(this, 'left', { ...member, reason });
  }

  #leads(id: string | null): void {
    if (this.#leader === id) return;
    this.#leader = id;
    tell<RoomEvents, 'leader'>(this, 'leader', id);
  }

  #setLocked(isLocked: boolean): void {
    if (this.#isLocked === isLocked) return;
    this.#isLocked = isLocked;
    tell<RoomEvents, 'locked'>(this, 'locked', isLocked);
  }

  #sync(): void {
    this.#edges.sync([...this.#members.keys()].filter((id) => this.#wants(id)));
  }

  #wants(id: string): boolean {
    return isWanted(id, this.#topology, this.#leader, this.#deps.ownId());
  }
}

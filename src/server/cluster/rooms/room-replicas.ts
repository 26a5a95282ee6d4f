/**
 * Rooms that span several nodes, without a directory and without a leading node: each node tells the others about its
 * own members, and keeps a copy of each room. This file decides what becomes of lost nodes and moved clients;
 * merge-rooms.ts has the rules by which nodes agree.
 */
import { type EdgeReason, NO_TIMER } from '../../../machines/index.ts';
import type { NodeMessage, NodeMessageOf } from '../../../protocol/cluster/index.ts';
import type { MemberLeftReason } from '../../../protocol/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { Edge } from '../../signaling/rooms/edge.ts';
import { Member } from '../../signaling/rooms/member.ts';
import type { OtherRooms } from '../../signaling/rooms/other-rooms.ts';
import type { MemberElsewhere, Membership, Room, RoomOptions } from '../../signaling/rooms/room.ts';
import type { Rooms } from '../../signaling/rooms/rooms.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import { inPieces } from '../in-pieces.ts';
import type { Links } from '../links.ts';
import type { SessionLocations } from '../migration/session-locations.ts';
import { earlierRoom, laterCopy, laterLock } from './merge-rooms.ts';
import type { RemoteMemberPairings } from './remote-member-pairings.ts';
import { messageOf, optionsIn } from './room-snapshot.ts';

export interface RoomReplicasDeps {
  readonly links: Links;
  readonly locations: SessionLocations;
  readonly signaling: Signaling;
  readonly pairings: RemoteMemberPairings;
}

type Told = NodeMessageOf<'room'>['members'][number];

const GRACE = 'grace';
/** How long a node has to report a client that came to it at the last moment. */
const TELL_MS = 2_000;
const MEMBERS_PER_MESSAGE = 64;

export class RoomReplicas implements OtherRooms {
  readonly #deps: RoomReplicasDeps;
  readonly #rooms: Rooms;

  constructor(deps: RoomReplicasDeps) {
    this.#deps = deps;
    this.#rooms = deps.signaling.rooms;
    this.#rooms.otherRooms = this;
  }

  joined(room: Room, own: Membership): void {
    this.#tell(messageOf(room, [own]));
  }

  updated(room: Room, own: Membership): void {
    this.#tell(messageOf(room, [own]));
  }

  left({ app, name }: Room, { id }: Membership, reason: MemberLeftReason): void {
    this.#tell({ type: 'room_left', app, room: name, id, reason });
  }

  locked(room: Room): void {
    room.lock = { version: room.lock.version + 1, by: room.context.leaderId ?? '' };
    this.#tell(messageOf(room, []));
  }

  movedAway(room: Room, own: Membership, { id, generation }: ServerSession): void {
    const { app, name } = room;
    const elsewhere = this.#elsewhere(this.#deps.locations.here, generation, true);
    this.#rooms.giveAway(room, own, elsewhere);
    this.#miss(room, own);
    this.#tell({ type: 'room_left', app, room: name, id, reason: 'moved' });
  }

  pair(edge: Edge, { session }: Membership, { elsewhere }: Membership): EdgeReason | undefined {
    if (!session || !elsewhere || !this.#deps.links.isOpen(elsewhere.node)) return 'unavailable';
    return this.#deps.pairings.ask(edge, session, elsewhere.node);
  }

  /** A session from another node is here: it keeps its memberships. */
  arrived(session: ServerSession): void {
    for (const room of this.#rooms.all.values()) {
      const membership = room.memberships.get(session.id);
      if (membership && !membership.session) this.#adopt(room, membership, session);
    }
  }

  #adopt(room: Room, membership: Membership, session: ServerSession): void {
    this.#forgive(membership);
    this.#rooms.adopt(room, membership, session);
    this.joined(room, membership);
  }

  /** The link to a node is open: it is told all members here, and tells its own. */
  opened(node: NodeId): void {
    const { links } = this.#deps;
    const rooms = this.#rooms;
    for (const [, membership] of this.#membersOf(node))
      if (membership.elsewhere) membership.elsewhere.isTold = false;
    for (const room of rooms.all.values())
      for (const some of inPieces(room.own, MEMBERS_PER_MESSAGE)) links.send(node, messageOf(room, some));
    links.send(node, { type: 'rooms_told' });
  }

  /** That node is lost: its clients may come back to another node, as long as their sessions could wait for them. */
  lost(node: NodeId): void {
    for (const [room, membership] of this.#membersOf(node)) this.#miss(room, membership);
    this.#deps.pairings.failed(node);
  }

  onRoom(node: NodeId, message: NodeMessageOf<'room'>): void {
    const rooms = this.#rooms;
    const { app, room: name, members } = message;
    const known = rooms.find(app, name);
    if (!known && members.length === 0) return;
    const options = optionsIn(message);
    const room = known ?? rooms.start(app, name, options);
    const isOurs = [this.#mergeOptions(room, options), this.#mergeLock(room, message.lock)].includes(true);
    for (const member of members) this.#told(node, room, member);
    // Our version counts, and the other nodes may not have heard of it, because the client that made the change may
    // have left.
    if (isOurs) this.#tell(messageOf(room, []));
  }

  /** @returns whether our options count and the other node has different ones */
  #mergeOptions(room: Room, said: RoomOptions): boolean {
    const { createdAt, createdBy } = room.options;
    if (said.createdAt === createdAt && said.createdBy === createdBy) return false;
    if (earlierRoom(room.options, said) === room.options) return true;
    room.options = said;
    const { topology, maxSize, leaderRule } = said;
    this.#rooms.host.dispatch(room, { type: 'RULES_CHANGED', topology, maxSize, leaderRule });
    return false;
  }

  /** @returns whether our lock counts and the other node has a different one */
  #mergeLock(room: Room, { is_locked: isLocked, version, by }: NodeMessageOf<'room'>['lock']): boolean {
    const own = { isLocked: room.context.isLocked, ...room.lock };
    if (own.isLocked === isLocked && own.version === version && own.by === by) return false;
    if (laterLock(own, { isLocked, version, by }) === own) return true;
    room.lock = { version, by };
    if (isLocked !== own.isLocked) this.#rooms.host.dispatch(room, { type: 'LOCK_CHANGED', isLocked });
    return false;
  }

  onRoomLeft(node: NodeId, { app, room: name, id, reason }: NodeMessageOf<'room_left'>): void {
    const room = this.#rooms.find(app, name);
    const membership = room?.memberships.get(id);
    if (!room || membership?.elsewhere?.node !== node) return;
    if (reason === 'moved') this.#miss(room, membership);
    else this.#lose(room, membership, reason);
  }

  /** Members that the node has not reported since the link was opened are gone. */
  onRoomsTold(node: NodeId): void {
    for (const [room, membership] of [...this.#membersOf(node)])
      if (membership.elsewhere?.isTold === false) this.#lose(room, membership, 'disconnected');
  }

  #told(node: NodeId, room: Room, told: Told): void {
    const rooms = this.#rooms;
    const { id, joined_at: joinedAt, generation, is_resumable: isResumable, metadata } = told;
    const known = room.memberships.get(id);
    const said = { node, generation };
    // Our own copy counts, unless its client has meanwhile come back there: then its session is about to leave this
    // node.
    const session = this.#deps.signaling.directory.sessions.get(id);
    const own = session && { node: this.#deps.locations.here, generation: session.generation };
    const isOurs = own !== undefined && laterCopy(own, said) === own;
    if (known?.session) {
      if (isOurs) return;
      rooms.giveAway(room, known, this.#elsewhere(node, generation, isResumable));
    } else if (known?.elsewhere) {
      const isOfThatNode = known.elsewhere.node === node;
      const isMissed = known.elsewhere.timer !== NO_TIMER;
      if (!isOfThatNode && !isMissed && laterCopy(known.elsewhere, said) === known.elsewhere) return;
      this.#forgive(known);
      Object.assign(known.elsewhere, { node, generation, isResumable, isTold: true });
    }
    const metadataBytes = metadata === undefined ? 0 : Buffer.byteLength(JSON.stringify(metadata));
    if (known) {
      if (JSON.stringify(known.metadata) !== JSON.stringify(metadata))
        rooms.host.dispatch(room, { type: 'MEMBER_UPDATED', id, metadata, metadataBytes });
    } else {
      const elsewhere = this.#elsewhere(node, generation, isResumable);
      room.memberships.set(id, new Member(id, metadata, metadataBytes, undefined, elsewhere));
    }
    const place = room.context.members.find((member) => member.id === id)?.joinedAt;
    rooms.host.dispatch(room, { type: 'MEMBER_ADMITTED', id, joinedAt });
    // Another node may have to ask for its pairings now.
    if (place !== undefined && place !== joinedAt) rooms.edges.rewire(room, id);
    // The client came here before this node had heard that it is a member.
    const membership = room.memberships.get(id);
    if (session && isOurs && membership) this.#adopt(room, membership, session);
  }

  #elsewhere(node: NodeId, generation: number, isResumable: boolean): MemberElsewhere {
    return { node, generation, isResumable, isTold: true, timer: NO_TIMER };
  }

  /** The client is not where it was. It stays a member unless no node reports it in time. */
  #miss(room: Room, membership: Membership): void {
    const { queue, sessions } = this.#deps.signaling;
    const { resumeGraceMs } = sessions.settings;
    const { elsewhere } = membership;
    if (!elsewhere) return;
    if (!elsewhere.isResumable) this.#lose(room, membership, 'disconnected');
    else if (elsewhere.timer === NO_TIMER)
      queue.arm(elsewhere, GRACE, resumeGraceMs + TELL_MS, () => {
        if (membership.elsewhere === elsewhere) this.#lose(room, membership, 'timed_out');
      });
  }

  #forgive({ elsewhere }: Membership): void {
    if (elsewhere) this.#deps.signaling.queue.timers.disarmAll(elsewhere);
  }

  #lose(room: Room, membership: Membership, reason: MemberLeftReason): void {
    this.#forgive(membership);
    this.#rooms.host.dispatch(room, { type: 'MEMBER_LOST', id: membership.id, reason });
  }

  *#membersOf(node: NodeId): Iterable<readonly [Room, Membership]> {
    for (const room of this.#rooms.all.values())
      for (const membership of room.memberships.values())
        if (membership.elsewhere?.node === node) yield [room, membership];
  }

  #tell(message: NodeMessage): void {
    for (const node of this.#deps.links.inUse) this.#deps.links.send(node, message);
  }
}

/**
 * The rooms of a server, and the host that steps them; dialects call it for clients that join rooms. A membership
 * belongs to the session: it outlives a lost socket, moves to another node with its session, and ends with it.
 */
import type { Clock } from '../../../common/clock.ts';
import { printable } from '../../../common/printable.ts';
import {
  MachineHost,
  NO_TIMER,
  type PasswordVerdict,
  type RoomMember,
  roomMachine,
  type StepQueue,
} from '../../../machines/index.ts';
import { type ClientMessageOf, MAX_METADATA_BYTES, type MemberLeftReason } from '../../../protocol/index.ts';
import { AddressCount, AddressRate, shareOf } from '../../admission/address-limits.ts';
import { idBeside } from '../../admission/tokens/grants.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Refusal } from '../client.ts';
import type { Directory } from '../directory.ts';
import type { ServerSession } from '../session.ts';
import type { EdgePairings } from './edges.ts';
import { Edges } from './edges.ts';
import { Member } from './member.ts';
import { noOtherRooms, type OtherRooms } from './other-rooms.ts';
import {
  type MemberElsewhere,
  type Membership,
  NOTICE_BYTES,
  Room,
  type RoomOptions,
  type RoomWatcher,
  roomKey,
  type ServerRoomEvent,
} from './room.ts';
import { type RoomOwner, roomEffects } from './room-effects.ts';
import type { ShownRoom } from './room-notice.ts';
import { hashPassword, isPassword } from './room-password.ts';

export interface RoomLimits {
  /** How many rooms may exist at once; 0: no limit. */
  readonly maxRooms: number;
  /** 0: no limit. */
  readonly maxMembersPerRoom: number;
  /** How many rooms one client may be a member of at once; 0: no limit. */
  readonly maxRoomsPerClient: number;
  /** Bytes per second that the joins, updates and lists of one address make, summed over all recipients; 0: no limit. */
  readonly maxDeliveredBytesPerSecond: number;
}

export interface RoomsDeps {
  readonly queue: StepQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly directory: Directory;
  readonly pairings: EdgePairings;
}

export type RoomHost = MachineHost<typeof roomMachine, Room, ServerRoomEvent>;

export type JoinRequest = ClientMessageOf<'join_room'>;
type Request = NonNullable<Refusal['for']>;

/** How long an empty room keeps its name and options: long enough for a page to reload. */
const CLOSING_MS = 10_000;
/** How often members that read too slowly are checked. */
const RETELL_MS = 1_000;
const RETELL = 'retell';
/** Limits of one answer to `list_rooms`. */
const MAX_LISTED_ROOMS = 256;
const MAX_LISTED_BYTES = 32 * 1024;
const UNLIMITED_SIZE = 1_000_000;

export class Rooms implements RoomOwner {
  readonly host: RoomHost;
  /** By room key. */
  readonly all = new Map<string, Room>();
  readonly edges: Edges;
  otherRooms: OtherRooms = noOtherRooms;
  readonly #limits: RoomLimits;
  readonly #deps: RoomsDeps;
  /** Bytes of joins and updates, counted once per receiving member, and of lists, by the address that asked. */
  readonly delivered: AddressRate;
  /** The address that created each room at this node, and how many rooms each address has created. */
  readonly #makers = new Map<Room, string>();
  readonly #madeBy = new AddressCount();
  readonly #ofSession = new Map<ServerSession, Set<Room>>();
  /** Members that read too slowly, and their rooms. */
  readonly #stale = new Map<Membership, Room>();
  readonly watchers: RoomWatcher[] = [];
  readonly #retelling = { timer: NO_TIMER };

  constructor(limits: RoomLimits, deps: RoomsDeps) {
    this.#limits = limits;
    this.#deps = deps;
    const { maxDeliveredBytesPerSecond: perSecond } = limits;
    this.delivered = new AddressRate(perSecond, perSecond);
    const { queue, log, pairings } = deps;
    this.edges = new Edges({ queue, log, pairings, others: this, random: Math.random });
    this.host = new MachineHost(roomMachine, {
      queue,
      executors: roomEffects(this, log),
      onError: (room, error, effect, event) => this.#fail(room, error, effect, event),
    });
    deps.directory.watchSessions({
      ended: (session, reason) => this.ended(session, reason),
      moved: (session) => this.#movedAway(session),
    });
  }

  watch(watcher: RoomWatcher): void {
    this.watchers.push(watcher);
  }

  /** The rooms that a session is a member of. */
  of(session: ServerSession): readonly Room[] {
    return [...(this.#ofSession.get(session) ?? [])];
  }

  find(app: string, name: string): Room | undefined {
    return this.all.get(roomKey(app, name));
  }

  join(session: ServerSession, { room: name, metadata, password, create }: JoinRequest): void {
    const request = 'join_room';
    const metadataBytes = bytesOf(metadata);
    if (printable(name) !== name) {
      session.refuse({
        code: 'invalid_message',
        message: '`room` should be printable',
        for: request,
      });
      return;
    }
    if (metadataBytes > MAX_METADATA_BYTES || bytesOf(create?.metadata) > MAX_METADATA_BYTES) {
      session.refuse({ code: 'metadata_too_large', for: request, room: name });
      return;
    }
    const known = this.find(appOf(session), name);
    const isMember = known?.memberships.has(session.id) ?? false;
    const { maxRoomsPerClient } = this.#limits;
    if (!isMember && maxRoomsPerClient > 0 && this.of(session).length >= maxRoomsPerClient) {
      session.refuse({ code: 'too_many_memberships', for: request, room: name });
      return;
    }
    // The client is told of every member, and every member of the client.
    if (known && !this.#mayTell(session, known, 2 * NOTICE_BYTES + metadataBytes, request)) return;
    const room = known ?? this.#create(session, name, create);
    if (!room) return;
    const last = membersOf(room).at(-1);
    const joinedAt = Math.max(Math.floor(this.#deps.clock.wallTime()), (last?.joinedAt ?? 0) + 1);
    const { id } = session;
    const membership = new Member(id, metadata, metadataBytes, session);
    this.host.dispatch(room, {
      type: 'JOIN_REQUESTED',
      id,
      joinedAt,
      password: known && !isMember ? this.#judge(session, known, password) : 'right',
      session,
      membership,
      request,
    });
  }

  leave(session: ServerSession, name: string): void {
    this.#request(session, name, { type: 'LEAVE_REQUESTED', id: session.id }, 'leave_room');
  }

  updateMetadata(session: ServerSession, name: string, metadata: unknown): void {
    const metadataBytes = bytesOf(metadata);
    const request = 'update_metadata';
    const room = this.find(appOf(session), name);
    if (metadataBytes > MAX_METADATA_BYTES)
      session.refuse({ code: 'metadata_too_large', for: request, room: name });
    else if (!room || this.#mayTell(session, room, NOTICE_BYTES + metadataBytes, request)) {
      const event = { type: 'METADATA_REQUESTED', id: session.id, metadata, metadataBytes } as const;
      this.#request(session, name, event, request);
    }
  }

  lock(session: ServerSession, name: string, isLocked: boolean): void {
    const room = this.find(appOf(session), name);
    if (room && !this.#mayTell(session, room, NOTICE_BYTES, 'lock_room')) return;
    this.#request(session, name, { type: 'LOCK_REQUESTED', id: session.id, isLocked }, 'lock_room');
  }

  /** Sends the client the public rooms of its app, as many as fit. A tiny request makes a long answer. */
  list(session: ServerSession): void {
    if (!this.#mayCause(session, 'list_rooms')) return;
    const app = appOf(session);
    const rooms: ShownRoom[] = [];
    let bytes = 0;
    let hasMore = false;
    for (const room of this.all.values()) {
      if (room.app !== app || !room.options.isPublic || room.context.members.length === 0) continue;
      bytes += bytesOf(room.options.metadata) + 2 * room.name.length + 128;
      hasMore = rooms.length >= MAX_LISTED_ROOMS || bytes > MAX_LISTED_BYTES;
      if (hasMore) break;
      rooms.push(room.shown);
    }
    this.delivered.spend(session.address, this.#deps.queue.now, Math.min(bytes, MAX_LISTED_BYTES));
    session.client.notify({ type: 'rooms', rooms, hasMore });
  }

  /** Ends a room, even if it has members. */
  end(room: Room): void {
    this.host.dispatch(room, { type: 'ENDED' });
  }

  dispatch(room: Room, event: ServerRoomEvent): void {
    this.host.dispatch(room, event);
  }

  entered(room: Room, { session }: Membership): void {
    if (!session) return;
    const rooms = this.#ofSession.get(session) ?? new Set();
    this.#ofSession.set(session, rooms.add(room));
  }

  left(room: Room, membership: Membership): void {
    const { session } = membership;
    this.#stale.delete(membership);
    const rooms = session && this.#ofSession.get(session);
    rooms?.delete(room);
    if (session && rooms?.size === 0) this.#ofSession.delete(session);
  }

  wire(room: Room, id: string): void {
    this.edges.sync(room, id);
  }

  /**
   * The session is over.
   * @param reason undefined when the whole server stops, and nobody is told
   */
  ended(session: ServerSession, reason: MemberLeftReason | undefined): void {
    if (reason === undefined) return;
    for (const room of this.of(session))
      this.host.dispatch(room, { type: 'MEMBER_LOST', id: session.id, reason });
  }

  /** A client that was a member at another node is now here, and its membership with it. */
  adopt(room: Room, membership: Membership, session: ServerSession): void {
    membership.session = session;
    delete membership.elsewhere;
    this.entered(room, membership);
    // No node has told its client what happened while it was moving.
    if (!room.tellWhole(membership)) room.misses(membership);
    this.edges.rewire(room, membership.id);
    this.host.dispatch(room, { type: 'MEMBER_ARRIVED', id: membership.id });
  }

  /** The client and its membership have moved to another node. Nobody is told, because it has not left. */
  giveAway(room: Room, membership: Membership, elsewhere: MemberElsewhere): void {
    this.left(room, membership);
    membership.session = undefined;
    membership.isStale = false;
    membership.elsewhere = elsewhere;
    this.edges.rewire(room, membership.id);
  }

  #movedAway(session: ServerSession): void {
    for (const room of this.of(session)) {
      const membership = room.memberships.get(session.id);
      if (membership) this.otherRooms.movedAway(room, membership, session);
    }
  }

  /** A small message to a large room makes many bytes, which count against the sender's address. */
  #mayTell(session: ServerSession, room: Room, bytes: number, request: Request): boolean {
    if (!this.#mayCause(session, request, room.name)) return false;
    this.delivered.spend(session.address, this.#deps.queue.now, bytes * membersOf(room).length);
    return true;
  }

  #mayCause(session: ServerSession, request: Request, room?: string): boolean {
    if (!this.delivered.isExhausted(session.address, this.#deps.queue.now)) return true;
    session.refuse({ code: 'too_many_bytes', for: request, ...(room !== undefined && { room }) });
    return false;
  }

  #request(session: ServerSession, name: string, event: ServerRoomEvent, request: Request): void {
    const room = this.find(appOf(session), name);
    if (room) this.host.dispatch(room, { ...event, session, request });
    else session.refuse({ code: 'not_in_room', for: request, room: name });
  }

  #create(session: ServerSession, name: string, create: JoinRequest['create']): Room | undefined {
    const { maxRooms } = this.#limits;
    const { address } = session;
    const request = 'join_room';
    if (!create) session.refuse({ code: 'room_not_found', for: request, room: name });
    else if ((maxRooms > 0 && this.all.size >= maxRooms) || this.#madeBy.of(address) >= shareOf(maxRooms))
      session.refuse({ code: 'too_many_rooms', for: request, room: name });
    else {
      const room = this.start(appOf(session), name, this.#optionsFrom(session, create));
      this.#makers.set(room, address);
      this.#madeBy.add(address);
      return room;
    }
    return undefined;
  }

  forget(room: Room): void {
    if (this.all.get(room.key) === room) this.all.delete(room.key);
    const maker = this.#makers.get(room);
    if (maker !== undefined && this.#makers.delete(room)) this.#madeBy.remove(maker);
  }

  /** Starts a room, still without members. */
  start(app: string, name: string, options: RoomOptions): Room {
    const room = new Room(app, name, options, this.#deps.queue.now, (of, membership) =>
      this.#missed(of, membership),
    );
    this.all.set(room.key, room);
    const { topology, maxSize, leaderRule, isLocked } = options;
    this.host.start(room, { name, topology, maxSize, leaderRule, isLocked, closingMs: CLOSING_MS });
    for (const watcher of this.watchers) watcher.opened(room);
    return room;
  }

  #optionsFrom(session: ServerSession, create: NonNullable<JoinRequest['create']>): RoomOptions {
    const maxSize = this.#limits.maxMembersPerRoom || UNLIMITED_SIZE;
    return {
      topology: create.topology ?? 'mesh',
      maxSize: Math.min(create.max_size ?? maxSize, maxSize),
      leaderRule: leaderRuleOf(session, create.leader),
      isLocked: create.locked ?? false,
      password: create.password === undefined ? undefined : hashPassword(create.password),
      isPublic: create.is_public ?? false,
      metadata: create.metadata,
      createdAt: Math.floor(this.#deps.clock.wallTime()),
      createdBy: session.id,
    };
  }

  /** A wrong password counts like a wrong pairing key. */
  #judge(session: ServerSession, { options }: Room, given: string | undefined): PasswordVerdict {
    if (!options.password) return 'right';
    const { guesses } = this.#deps.directory;
    const { now } = this.#deps.queue;
    if (guesses.isExhausted(session.guesser, now)) return 'guessed_too_often';
    if (isPassword(options.password, given)) return 'right';
    guesses.count(session.guesser, now);
    return 'wrong';
  }

  #missed(room: Room, membership: Membership): void {
    if (this.#stale.size === 0) this.#retellLater();
    this.#stale.set(membership, room);
  }

  #retellLater(): void {
    this.#deps.queue.arm(this.#retelling, RETELL, RETELL_MS, () => {
      for (const [membership, room] of this.#stale) {
        if (!room.tellWhole(membership)) continue;
        this.edges.tellAll(room, membership.id);
        this.#stale.delete(membership);
      }
      if (this.#stale.size > 0) this.#retellLater();
    });
  }

  /** An effect threw: the client whose request it was is told, and the room goes on as far as it can. */
  #fail(room: Room, error: unknown, effect: string, event: ServerRoomEvent | undefined): void {
    this.#deps.log.error(
      { event: 'room_failed', room: room.name, effect, err: error },
      `Room ${room.name} failed in ${effect}`,
    );
    const { session, request } = event ?? {};
    session?.refuse({ code: 'internal_error', room: room.name, ...(request && { for: request }) });
  }
}

/**
 * Empty before the room's first step: the room was created within another step, and its creator is about to be let in.
 */
function membersOf({ value, context }: Room): readonly RoomMember[] {
  return value === '' ? [] : context.members;
}

/** The namespace of a client: rooms of the same name in two apps are different rooms. */
function appOf(session: ServerSession): string {
  return session.grants.app;
}

/** A client is named here by the id that its app uses. */
function leaderRuleOf({ id }: ServerSession, leader = 'oldest'): string {
  return leader === 'oldest' ? leader : idBeside(id, leader);
}

/** Size of a JSON value as text; 0 if there is none. */
function bytesOf(metadata: unknown): number {
  return metadata === undefined ? 0 : Buffer.byteLength(JSON.stringify(metadata));
}

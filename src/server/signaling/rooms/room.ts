/** A room as the server holds it: its machine's state, and what a pure machine cannot hold. */
import {
  Hosted,
  type RoomContext,
  type RoomEvent,
  type RoomRules,
  type TimerOwner,
} from '../../../machines/index.ts';
import type { MemberLeftReason } from '../../../protocol/index.ts';
import type { Refusal } from '../client.ts';
import { KeptJson } from '../kept-json.ts';
import type { ServerSession } from '../session.ts';
import type { RoomNotice, ShownMember, ShownRoom } from './room-notice.ts';
import type { PasswordHash } from './room-password.ts';

/** What the room's creator decided. If two nodes create a room of the same name, the older one counts. */
export interface RoomOptions extends RoomRules {
  readonly isLocked: boolean;
  readonly password: PasswordHash | undefined;
  /** Whether `list_rooms` shows the room. */
  readonly isPublic: boolean;
  /** Shown in the list: any JSON value. */
  readonly metadata: unknown;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The id of the session that created it. */
  readonly createdBy: string;
}

/** A session's membership of a room; the session may be at this node or at another. */
export interface Membership extends ShownMember {
  metadata: unknown;
  /** Size of the metadata as text, in bytes. */
  metadataBytes: number;
  /** Undefined for a client of another node. */
  session: ServerSession | undefined;
  /** The member did not read its notices fast enough, and will be told the whole room again once it does. */
  isStale: boolean;
  /** For a client of another node: where it is, as far as this node knows. */
  elsewhere?: MemberElsewhere | undefined;
}

export interface MemberElsewhere extends TimerOwner {
  node: number;
  /** The client's generation when its node announced it. */
  generation: number;
  isResumable: boolean;
  /** Whether its node has announced it since the link was opened. */
  isTold: boolean;
}

/** The membership of a client of this node. */
export type OwnMembership = Membership & { session: ServerSession };

export const isOwn = (membership: Membership): membership is OwnMembership =>
  membership.session !== undefined;

/** The machine's events, with what only their effects need. */
export type ServerRoomEvent = RoomEvent & {
  readonly session?: ServerSession | undefined;
  readonly membership?: Membership;
  readonly metadata?: unknown;
  readonly metadataBytes?: number;
  /** The client's request, for the error that answers it. */
  readonly request?: NonNullable<Refusal['for']>;
};

/** Follows what becomes of rooms, and of those members that are at this node. */
export interface RoomWatcher {
  opened(room: Room): void;
  joined(room: Room, id: string): void;
  left(room: Room, id: string, reason: MemberLeftReason): void;
  ended(room: Room): void;
}

/** Estimated size of a room notice without metadata: names, ids, and the cost of sending it. */
export const NOTICE_BYTES = 256;
/** Bytes per member in a notice besides its id and metadata: the names of these fields. */
const MEMBER_BYTES = 32;

export class Room extends Hosted<RoomContext> {
  /** App and name together; unique among rooms. */
  readonly key: string;
  readonly app: string;
  readonly name: string;
  readonly openedAt: number;
  #options: RoomOptions;
  /** By id. */
  readonly memberships = new Map<string, Membership>();
  /** Which node changed the lock last, and how often it was changed. */
  lock = { version: 0, by: '' };
  /** The leader that the members were last told. */
  toldLeader: string | undefined;

  readonly #missed: (room: Room, membership: Membership) => void;

  /**
   * @param now milliseconds of the server's clock
   * @param missed called when a member could not be sent a notice because it reads too slowly
   */
  constructor(
    app: string,
    name: string,
    options: RoomOptions,
    now: number,
    missed: (room: Room, membership: Membership) => void,
  ) {
    super();
    this.#missed = missed;
    this.key = roomKey(app, name);
    this.app = app;
    this.name = name;
    this.#options = compact(options);
    this.openedAt = now;
  }

  get options(): RoomOptions {
    return this.#options;
  }

  set options(options: RoomOptions) {
    this.#options = compact(options);
  }

  /** The members at this node. */
  get own(): OwnMembership[] {
    return [...this.memberships.values()].filter(isOwn);
  }

  /** Tells all members at this node, except one. */
  tell(notice: RoomNotice, except?: string, bytes = NOTICE_BYTES): void {
    for (const membership of this.own)
      if (membership.id !== except) this.tellMember(membership, notice, bytes);
  }

  /** A member that reads too slowly misses the notice; its session goes on, and it is told the whole room later. */
  tellMember(membership: OwnMembership, notice: RoomNotice, bytes = NOTICE_BYTES): void {
    if (membership.isStale) return;
    const { client } = membership.session;
    if (client.hasRoomFor(bytes)) client.notify(notice);
    else this.misses(membership);
  }

  /** Marks a member as stale: until it reads again it gets no notices, and then the whole room. */
  misses(membership: Membership): void {
    membership.isStale = true;
    this.#missed(this, membership);
  }

  /** The whole room, as one of its members is told. */
  noticeFor(id: string): RoomNotice & { readonly type: 'room_joined' } {
    const { members, leaderId, topology, isLocked, maxSize } = this.context;
    const peers = members
      .filter((member) => member.id !== id)
      .map((member) => ({ id: member.id, metadata: this.memberships.get(member.id)?.metadata }));
    return { type: 'room_joined', room: this.name, peers, leader: leaderId, topology, isLocked, maxSize };
  }

  /**
   * Tells a member the whole room, if it reads fast enough.
   * @returns false if it does not
   */
  tellWhole(membership: Membership): boolean {
    let bytes = NOTICE_BYTES;
    for (const one of this.memberships.values()) bytes += one.metadataBytes + one.id.length + MEMBER_BYTES;
    const client = membership.session?.client;
    if (!client?.hasRoomFor(bytes)) return false;
    membership.isStale = false;
    client.notify(this.noticeFor(membership.id));
    return true;
  }

  get shown(): ShownRoom {
    const { members, maxSize, topology, isLocked } = this.context;
    const { password, metadata } = this.options;
    return {
      name: this.name,
      members: members.length,
      maxSize,
      topology,
      isLocked,
      hasPassword: password !== undefined,
      metadata,
    };
  }
}

/** The options with the metadata stored as text. */
function compact(options: RoomOptions): RoomOptions {
  const metadata = new KeptJson(options.metadata);
  return {
    ...options,
    get metadata() {
      return metadata.value;
    },
  };
}

/** Names are printable, so they contain no line break. */
export function roomKey(app: string, name: string): string {
  return `${app}\n${name}`;
}

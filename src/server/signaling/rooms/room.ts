/** A room as the server holds it: its machine's state, and beside it what a machine may not have. */
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

/** What whoever created the room decided. Of two rooms of one name, made on two nodes, the one made first counts. */
export interface RoomOptions extends RoomRules {
  readonly isLocked: boolean;
  readonly password: PasswordHash | undefined;
  /** Whether it is listed. */
  readonly isPublic: boolean;
  /** What the list shows of it: any JSON value. */
  readonly metadata: unknown;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The id of the session that made it. */
  readonly createdBy: string;
}

/** A session that is in a room, of this node or another. */
export interface Membership extends ShownMember {
  metadata: unknown;
  /** Of its metadata as text. */
  metadataBytes: number;
  /** Undefined for a client of another node. */
  session: ServerSession | undefined;
  /** It did not read what changed, and is told the whole room again once it does. */
  isStale: boolean;
  /** Of a client of another node: where it is, as far as this one knows. */
  elsewhere?: MemberElsewhere | undefined;
}

export interface MemberElsewhere extends TimerOwner {
  node: number;
  /** How often its client had come back when its node told of it. */
  generation: number;
  isResumable: boolean;
  /** Whether its node has told of it since the link was opened. */
  isTold: boolean;
}

/** Of a client of this node. */
export type OwnMembership = Membership & { session: ServerSession };

const isOwn = (membership: Membership): membership is OwnMembership => membership.session !== undefined;

/** The machine's events with what their effects need, and the machine does not. */
export type ServerRoomEvent = RoomEvent & {
  readonly session?: ServerSession | undefined;
  readonly membership?: Membership;
  readonly metadata?: unknown;
  readonly metadataBytes?: number;
  /** The client's request, for the error that answers it. */
  readonly request?: NonNullable<Refusal['for']>;
};

/** Who follows what becomes of rooms; of members only those that are here. */
export interface RoomWatcher {
  opened(room: Room): void;
  joined(room: Room, id: string): void;
  left(room: Room, id: string, reason: MemberLeftReason): void;
  ended(room: Room): void;
}

/** Beside the metadata, of what a notice says. */
const NOTICE_BYTES = 256;

export class Room extends Hosted<RoomContext> {
  /** Of which app it is, and by what name: no two have the same. */
  readonly key: string;
  readonly app: string;
  readonly name: string;
  readonly openedAt: number;
  #options: RoomOptions;
  /** By their ids. */
  readonly memberships = new Map<string, Membership>();
  /** Who decided last whether it is locked, and how often it was decided. */
  lock = { version: 0, by: '' };
  /** Whom the members know as their leader. */
  toldLeader: string | undefined;

  readonly #missed: (room: Room, membership: Membership) => void;

  /**
   * @param now milliseconds of the server's clock
   * @param missed told of a member that did not read what it was to be told
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

  /** Those of this node. */
  get own(): OwnMembership[] {
    return [...this.memberships.values()].filter(isOwn);
  }

  /** Tells the members of this node, but for one. */
  tell(notice: RoomNotice, except?: string, metadataBytes = 0): void {
    for (const membership of this.own)
      if (membership.id !== except) this.tellMember(membership, notice, metadataBytes);
  }

  /** One that does not read what it is told misses it, and its session goes on: it is told the whole room later. */
  tellMember(membership: OwnMembership, notice: RoomNotice, metadataBytes = 0): void {
    if (membership.isStale) return;
    const { client } = membership.session;
    if (client.hasRoomFor(NOTICE_BYTES + metadataBytes)) client.notify(notice);
    else this.misses(membership);
  }

  /** It does not read: what it is told until it does, it need not be. */
  misses(membership: Membership): void {
    membership.isStale = true;
    this.#missed(this, membership);
  }

  /** The whole room, as a member of it is told. */
  noticeFor(id: string): RoomNotice & { readonly type: 'room_joined' } {
    const { members, leaderId, topology, isLocked, maxSize } = this.context;
    const peers = members
      .filter((member) => member.id !== id)
      .map((member) => ({ id: member.id, metadata: this.memberships.get(member.id)?.metadata }));
    return { type: 'room_joined', room: this.name, peers, leader: leaderId, topology, isLocked, maxSize };
  }

  /** Tells a member the whole room, if it reads. @returns false when it does not */
  tellWhole(membership: Membership): boolean {
    let bytes = NOTICE_BYTES;
    for (const one of this.memberships.values()) bytes += one.metadataBytes + one.id.length;
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

/** With the metadata as text. */
function compact(options: RoomOptions): RoomOptions {
  const metadata = new KeptJson(options.metadata);
  return {
    ...options,
    get metadata() {
      return metadata.value;
    },
  };
}

/** A name is printable, and so has no line break in it. */
export function roomKey(app: string, name: string): string {
  return `${app}\n${name}`;
}

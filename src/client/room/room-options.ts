/** How a room is joined, and created if there is none of that name. */
import {
  type ClientMessageOf,
  MAX_PASSWORD_CHARS,
  MAX_ROOM_NAME_CHARS,
  type ServerMessageOf,
  type Topology,
} from '../../protocol/index.ts';
import {
  anything,
  type Checks,
  checkFields,
  isAbortSignal,
  isBoolean,
  isText,
  wholeNumber,
} from '../peer/check-options.ts';
import { PairlaneError } from '../peer/errors.ts';
import { isMetadata } from '../peer/pair-request.ts';

export interface JoinOptions {
  /** What the other members see about us: JSON of at most 2,048 bytes. */
  readonly metadata?: unknown;
  /** The room's password; a new room gets it. */
  readonly password?: string;
  /** False: the room must exist. Otherwise it is created if there is none, with the options below. */
  readonly create?: boolean;
  /** Which members are paired: every two (`mesh`, the default), each with the leader (`star`), or none (`none`). */
  readonly topology?: Topology;
  /** How many members it may have; the server may allow fewer. */
  readonly maxSize?: number;
  /** Whether others cannot join until the leader unlocks it. */
  readonly locked?: boolean;
  /** Who leads: `oldest`, the member that has been in it longest (the default), or the id of a member. */
  readonly leader?: string;
  /** Whether `listRooms` shows it; defaults to false. */
  readonly isPublic?: boolean;
  /** What `listRooms` shows about it: JSON of at most 2,048 bytes. */
  readonly publicMetadata?: unknown;
  /** Gives the request up. */
  readonly signal?: AbortSignal;
}

const fields: Checks = {
  metadata: anything,
  password: (value) =>
    typeof value === 'string' && value.length > 0 && value.length <= MAX_PASSWORD_CHARS
      ? undefined
      : `a text of 1 to ${MAX_PASSWORD_CHARS} characters`,
  create: isBoolean,
  topology: (value) =>
    ['mesh', 'star', 'none'].includes(value as string) ? undefined : '`mesh`, `star` or `none`',
  maxSize: wholeNumber(1, 1_000_000),
  locked: isBoolean,
  leader: isText,
  isPublic: isBoolean,
  publicMetadata: anything,
  signal: isAbortSignal,
};

/** @throws {PairlaneError} `invalid_option`, `metadata_too_large` */
export function checkJoin(name: string, options: JoinOptions): void {
  checkRoomName(name);
  checkFields('options', options, fields);
  for (const metadata of [options.metadata, options.publicMetadata]) {
    if (metadata !== undefined && !isMetadata(metadata)) throw new PairlaneError('metadata_too_large');
  }
}

function checkRoomName(name: string): void {
  if (typeof name === 'string' && name.length > 0 && name.length <= MAX_ROOM_NAME_CHARS) return;
  throw new PairlaneError(
    'invalid_option',
    `a room's name should be a text of 1 to ${MAX_ROOM_NAME_CHARS} characters`,
  );
}

export function joinRequest(room: string, options: JoinOptions): ClientMessageOf<'join_room'> {
  const {
    metadata,
    password,
    create = true,
    topology,
    maxSize,
    locked,
    leader,
    isPublic,
    publicMetadata,
  } = options;
  const made = {
    topology,
    max_size: maxSize,
    locked,
    password,
    leader,
    is_public: isPublic,
    metadata: publicMetadata,
  };
  return withoutUndefined({
    type: 'join_room',
    room,
    metadata,
    password,
    create: create ? withoutUndefined(made) : undefined,
  }) as unknown as ClientMessageOf<'join_room'>;
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** A room as `listRooms` shows it. */
export interface ListedRoom {
  readonly name: string;
  readonly members: number;
  readonly maxSize: number;
  readonly topology: Topology;
  readonly isLocked: boolean;
  readonly hasPassword: boolean;
  /** The creator's public metadata. Comes from a stranger: check it before you use it. */
  readonly metadata: unknown;
}

export interface RoomList {
  readonly rooms: readonly ListedRoom[];
  /** Whether there are others that did not fit into the answer. */
  readonly more: boolean;
}

export function listedRoom(shown: ServerMessageOf<'rooms'>['rooms'][number]): ListedRoom {
  const { room, members, max_size, topology, locked, password, metadata } = shown;
  return {
    name: room,
    members,
    maxSize: max_size,
    topology,
    isLocked: locked,
    hasPassword: password,
    metadata,
  };
}

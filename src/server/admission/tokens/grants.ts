/** What a client may do: by the claims of its token, or everything on a server that asks for none. */
import { type Permission, permissionNames } from '../../../protocol/index.ts';

/** How far the clocks of who signs and of this machine may be apart, in seconds. */
export const CLOCK_SKEW_S = 30;

export interface Grants {
  /** The id by which its peers know it; undefined: the server gives it one. */
  readonly sub?: string;
  /** Whose ids, keys, rooms and limits it shares; '' on a server that asks for no token. */
  readonly app: string;
  /** Names of rooms, with `*` for any characters; undefined: all rooms. */
  readonly rooms?: readonly string[];
  readonly may: readonly Permission[];
  /** Pairings at once, where it is less than the server's own limit. */
  readonly maxPeers?: number;
  /** For its peers, as the app says it; JSON. */
  readonly metadata?: unknown;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
}

/**
 * Ids are unique within their app, so within the server each begins with its app and a slash: whoever asks for an id
 * asks within its own app, and can name no other. On a server that asks for no token ids stand alone.
 */
export function idWithin({ app, expiresAt }: Grants, id: string): string {
  return expiresAt === undefined ? id : `${app}/${id}`;
}

/** The same within the app of somebody whose id is known. */
export function idBeside(id: string, other: string): string {
  return id.slice(0, id.indexOf('/') + 1) + other;
}

/** Whether the id is of a client that brought a token, and so has its app in front. */
export function isGivenByToken(id: string): boolean {
  return id.includes('/');
}

/** An id as clients know it, who are all of one app. */
export function publicIdOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** The app in an id; '' on a server that asks for no token, too. */
export function appOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('/')));
}

export function isSameApp(id: string, other: string): boolean {
  return id.slice(0, id.indexOf('/') + 1) === other.slice(0, other.indexOf('/') + 1);
}

/** What everybody has on a server that asks for no token. */
export const noLimits: Grants = { app: '', may: permissionNames };

/** Whether a client asks for a room that its token is for. */
export function isRoomGranted({ rooms }: Grants, room: string): boolean {
  return rooms === undefined || rooms.some((pattern) => fitsPattern(pattern, room));
}

/**
 * Whether a name fits a pattern in which `*` stands for any characters. In time of both lengths multiplied at most: a
 * regular expression made of a pattern of somebody else's could take forever.
 */
export function fitsPattern(pattern: string, name: string): boolean {
  let [at, next] = [0, 0];
  /** Where the last star was, and how much of the name it stands for. */
  let [star, taken] = [-1, 0];
  while (at < name.length) {
    if (pattern[next] === '*') {
      star = next;
      taken = at;
      next += 1;
    } else if (pattern[next] === name[at]) {
      next += 1;
      at += 1;
    } else if (star >= 0) {
      taken += 1;
      at = taken;
      next = star + 1;
    } else return false;
  }
  while (pattern[next] === '*') next += 1;
  return next === pattern.length;
}

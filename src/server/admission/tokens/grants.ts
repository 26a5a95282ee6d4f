/** What a client may do: according to its token's claims, or everything on a server without tokens. */
import { type Permission, permissionNames } from '../../../protocol/index.ts';

/** How far the signer's clock and this machine's clock may differ, in seconds. */
export const CLOCK_SKEW_S = 30;

export interface Grants {
  /** The id by which its peers know it; undefined: the server gives it one. */
  readonly sub?: string;
  /** The app whose ids, keys, rooms and limits it shares; '' on a server without tokens. */
  readonly app: string;
  /** Room names, with `*` for any characters; undefined: all rooms. */
  readonly rooms?: readonly string[];
  readonly may: readonly Permission[];
  /** How many pairings it may have at once, if fewer than the server's own limit. */
  readonly maxPeers?: number;
  /** Metadata about the client for its peers, set by the app; any JSON value. */
  readonly metadata?: unknown;
  /** Milliseconds since 1970; undefined on a server without tokens. */
  readonly expiresAt?: number;
}

/** Those of a token, or of an answer that stands for one: each has its end. */
export interface TokenGrants extends Grants {
  readonly expiresAt: number;
}

export function areOfToken(grants: Grants): grants is TokenGrants {
  return grants.expiresAt !== undefined;
}

/**
 * An id as the server knows it. Ids are unique within their app, so within the server each starts with its app and a
 * slash: a client can only name ids of its own app. On a server without tokens, ids have no prefix.
 */
export function idWithin(grants: Grants, id: string): string {
  return areOfToken(grants) ? `${grants.app}/${id}` : id;
}

/** The id `other` within the same app as `id`. */
export function idBeside(id: string, other: string): string {
  return id.slice(0, id.indexOf('/') + 1) + other;
}

/** Whether the id belongs to a client that brought a token, and so starts with its app. */
export function isGivenByToken(id: string): boolean {
  return id.includes('/');
}

/** The id as clients of the same app know it. */
export function publicIdOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** The app of an id; '' on a server without tokens. */
export function appOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('/')));
}

export function isSameApp(id: string, other: string): boolean {
  return id.slice(0, id.indexOf('/') + 1) === other.slice(0, other.indexOf('/') + 1);
}

/** What every client may do on a server without tokens. */
export const noLimits: Grants = { app: '', may: permissionNames };

/** Whether the client's token covers a room. */
export function isRoomGranted({ rooms }: Grants, room: string): boolean {
  return rooms === undefined || rooms.some((pattern) => fitsPattern(pattern, room));
}

/**
 * Whether a name matches a pattern in which `*` stands for any characters. Takes at most time proportional to the
 * product of both lengths; a regular expression made from somebody else's pattern could take forever.
 */
export function fitsPattern(pattern: string, name: string): boolean {
  let [at, next] = [0, 0];
  /** The position of the last star, and how much of the name it stands for. */
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

/** A shared secret token: how it is sent and compared. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { INSPECT_SUBPROTOCOL_PREFIX } from '../../protocol/index.ts';
import type { HttpRequest } from '../http/shell/shell.ts';

/** A token of this length cannot be guessed at any rate, so a client that knows it is let in whatever others of its address do. */
export const MIN_SHARED_TOKEN_CHARS = 20;

/** The token from `Authorization: Bearer TOKEN`; empty if there is none. */
export function bearerOf(req: HttpRequest): string {
  return /^bearer +(.+)$/i.exec(req.getHeader('authorization'))?.[1] ?? '';
}

/** The token that a page offers as a subprotocol (base64url, after a prefix), since it cannot set a header. */
export function offeredBy(req: HttpRequest): string {
  const offered = req
    .getHeader('sec-websocket-protocol')
    .split(',')
    .map((one) => one.trim());
  const token = offered.find((one) => one.startsWith(INSPECT_SUBPROTOCOL_PREFIX));
  return token === undefined
    ? bearerOf(req)
    : Buffer.from(token.slice(INSPECT_SUBPROTOCOL_PREFIX.length), 'base64url').toString();
}

/** Compares in constant time. */
export function isSameToken(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

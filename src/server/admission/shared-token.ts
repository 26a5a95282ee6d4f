/** A token that all who may do something know: how it is sent, and compared. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { INSPECT_SUBPROTOCOL_PREFIX } from '../../protocol/index.ts';
import type { HttpRequest } from '../http/shell/shell.ts';

/** Of one that no rate of guessing finds: who knows it is let in whatever others of the address do. */
export const MIN_SHARED_TOKEN_CHARS = 20;

/** What a program sends as `Authorization: Bearer TOKEN`; empty when it sends none. */
export function bearerOf(req: HttpRequest): string {
  return /^bearer +(.+)$/i.exec(req.getHeader('authorization'))?.[1] ?? '';
}

/** What a page offers as a subprotocol, as it can set no header: the token in base64url, behind a prefix. */
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

/** Takes as long for a token that is wrong in its first letter as for one that is wrong in its last. */
export function isSameToken(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

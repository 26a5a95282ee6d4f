/** A token that all who may do something know: how it is sent, and compared. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpRequest } from '../http/shell/shell.ts';

/** What a program sends as `Authorization: Bearer TOKEN`; empty when it sends none. */
export function bearerOf(req: HttpRequest): string {
  return /^bearer +(.+)$/i.exec(req.getHeader('authorization'))?.[1] ?? '';
}

/** Takes as long for a token that is wrong in its first letter as for one that is wrong in its last. */
export function isSameToken(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

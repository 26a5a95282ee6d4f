/**
 * Who may look. Without a token: only this machine's own people, and only by its own name, so that neither a page
 * from elsewhere nor a name that somebody points here gets at it; a reverse proxy on this machine speaks for others.
 * With a token: everybody who knows it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Answer, TEXT } from '../http/answer.ts';
import type { HttpRequest, HttpResponse } from '../http/uws.ts';

/** How this machine's own people call it. */
export const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/** What a refused visitor is told; undefined: come in. */
export function refusalOf(
  res: HttpResponse,
  req: HttpRequest,
  token: string | undefined,
): string | undefined {
  const host = req.getHeader('host');
  const origin = req.getHeader('origin');
  if (origin !== '' && origin.replace(/^https?:\/\//, '') !== host) return 'Not from another site.\n';
  if (token !== undefined) return undefined;
  const isForwarded = req.getHeader('x-forwarded-for') !== '' || req.getHeader('forwarded') !== '';
  const address = Buffer.from(res.getRemoteAddressAsText()).toString();
  if (isLoopback(address) && !isForwarded && LOOPBACK_HOST.test(host)) return undefined;
  return 'The visualizer is open to its own machine only. Set --inspect-token to open it to those who know it.\n';
}

/** The answer to a program that asks without the token, where one is needed: it sends `Authorization: Bearer TOKEN`. */
export function unauthorized(req: HttpRequest, token: string | undefined): Answer | undefined {
  if (token === undefined) return undefined;
  const given = /^bearer +(.+)$/i.exec(req.getHeader('authorization'))?.[1] ?? '';
  if (isSameToken(given, token)) return undefined;
  return {
    status: '401 Unauthorized',
    headers: [TEXT, ['www-authenticate', 'Bearer']],
    body: 'Send the token of --inspect-token: Authorization: Bearer TOKEN\n',
  };
}

/** The answer to a refused visitor. */
export function forbidden(refusal: string | undefined): Answer | undefined {
  return refusal === undefined ? undefined : { status: '403 Forbidden', headers: [TEXT], body: refusal };
}

/** uWebSockets.js writes IPv6 addresses in full. */
export function isLoopback(address: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|::1|(0000:){7}0001|(0000:){5}ffff:7f[\da-f]{2}:[\da-f]{4})$/.test(address);
}

/** Takes as long for a token that is wrong in its first letter as for one that is wrong in its last. */
export function isSameToken(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/**
 * Who may use the inspector. Without a token: only clients on this machine that address it by its own name, so that
 * neither a page from elsewhere nor a foreign DNS name that points here gets access; a reverse proxy on this machine
 * speaks for others, and is refused. With a token: everybody who knows it.
 */
import { isCrossOrigin, isLocal, readFacts } from '../admission/request-facts.ts';
import { bearerOf, isSameToken } from '../admission/shared-token.ts';
import { type Answer, TEXT } from '../http/answer.ts';
import type { HttpRequest, HttpResponse } from '../http/shell/shell.ts';

/** @returns what a refused visitor is told; undefined: access is allowed */
export function refusalOf(
  res: HttpResponse,
  req: HttpRequest,
  token: string | undefined,
): string | undefined {
  const facts = readFacts(res, req);
  if (isCrossOrigin(facts)) return 'Not from another site.\n';
  if (token !== undefined || isLocal(facts)) return undefined;
  return 'The inspector is open to its own machine only. Set --inspect-token to open it to those who know it.\n';
}

/** The answer to a program that does not send a token (as `Authorization: Bearer TOKEN`) where one is required. */
export function unauthorized(req: HttpRequest, token: string | undefined): Answer | undefined {
  if (token === undefined || isSameToken(bearerOf(req), token)) return undefined;
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

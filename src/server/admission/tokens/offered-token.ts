/** The token that an upgrade brings, and what is answered to the subprotocols that it offers. */
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../../../protocol/index.ts';

export interface Offered {
  readonly token: string | undefined;
  /** What `Sec-WebSocket-Protocol` is answered with; never the token. Empty: nothing. */
  readonly subprotocol: string;
}

/** A JWT begins with a header in base64url, which begins with a brace. */
const JWT_IN_QUERY = /(^|[=&])eyJ[\w-]*\.[\w-]+\.[\w-]*/;
const TOKEN_IN_QUERY = /(^|&)(access_token|token|auth|authorization|jwt)=/i;

/**
 * Whether a URL has a token in it, where every proxy on the way may have written it into its log.
 * @param asksForTokens whether a parameter that only sounds like one counts, too
 */
export function hasTokenInUrl(query: string, asksForTokens: boolean): boolean {
  let decoded = query;
  try {
    decoded = decodeURIComponent(query);
  } catch {}
  return JWT_IN_QUERY.test(decoded) || (asksForTokens && TOKEN_IN_QUERY.test(decoded));
}

/**
 * @param authorization the header; another scheme than `Bearer` is for somebody else
 * @param subprotocols the header `Sec-WebSocket-Protocol`
 * @returns undefined for a token without the subprotocol that is answered: a browser takes no answer that it did not offer
 */
export function readOffered(authorization: string, subprotocols: string): Offered | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  const offered = subprotocols.split(',').map((one) => one.trim());
  const tokens = offered.filter((one) => one.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
  // Without a token all is as it always was: uWebSockets.js answers with the first.
  if (tokens.length === 0) return { token: bearer, subprotocol: subprotocols };
  if (tokens.length > 1 || !offered.includes(SUBPROTOCOL)) return undefined;
  return { token: bearer ?? tokens[0]?.slice(TOKEN_SUBPROTOCOL_PREFIX.length), subprotocol: SUBPROTOCOL };
}

/** The token that an upgrade request brings, and the answer to the subprotocols that it offers. */
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../../../protocol/index.ts';

export interface Offered {
  readonly token: string | undefined;
  /** The answer to `Sec-WebSocket-Protocol`, never the token; empty: none. */
  readonly subprotocol: string;
}

/** A JWT begins with a base64url header, which begins with a brace. */
const JWT_IN_QUERY = /(^|[=&])eyJ[\w-]*\.[\w-]+\.[\w-]*/;
const TOKEN_IN_QUERY = /(^|&)(access_token|token|auth|authorization|jwt)=/i;

/**
 * Whether a URL contains a token, which every proxy on the way may have logged.
 * @param asksForTokens whether a parameter that is only named like a token counts, too
 * @param exempt the parameter in which a token is expected, for a wire that has no other place for it
 */
export function hasTokenInUrl(query: string, asksForTokens: boolean, exempt?: string): boolean {
  let decoded = exempt === undefined ? query : withoutParameter(query, exempt);
  try {
    decoded = decodeURIComponent(decoded);
  } catch {}
  return JWT_IN_QUERY.test(decoded) || (asksForTokens && TOKEN_IN_QUERY.test(decoded));
}

/** The query without every parameter of that name. */
export function withoutParameter(query: string, name: string): string {
  const parameters = new URLSearchParams(query);
  parameters.delete(name);
  return parameters.toString();
}

/**
 * @param authorization the header; any scheme other than `Bearer` is ignored
 * @param subprotocols the `Sec-WebSocket-Protocol` header
 * @returns undefined for a token offered without our subprotocol: we could answer nothing that the browser accepts
 */
export function readOffered(authorization: string, subprotocols: string): Offered | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  const offered = subprotocols.split(',').map((one) => one.trim());
  const tokens = offered.filter((one) => one.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
  // Without a token, uWebSockets.js answers with the first subprotocol.
  if (tokens.length === 0) return { token: bearer, subprotocol: subprotocols };
  if (tokens.length > 1 || !offered.includes(SUBPROTOCOL)) return undefined;
  return { token: bearer ?? tokens[0]?.slice(TOKEN_SUBPROTOCOL_PREFIX.length), subprotocol: SUBPROTOCOL };
}

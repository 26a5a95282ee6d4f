/** What a token can allow; a token without `may` allows all of them. */
export const permissions = {
  pair: 'Ask for a pairing, by id or by key.',
  key: 'Make pairing keys.',
  join: 'Join a room that exists.',
  create: 'Create a room by joining it.',
  lead: 'Lock and unlock a room, as its leader.',
  turn: 'Get credentials for the TURN server.',
} as const;

export type Permission = keyof typeof permissions;

export const permissionNames = Object.keys(permissions) as Permission[];

/** The largest token in bytes; a larger one is refused before it is parsed. */
export const MAX_TOKEN_BYTES = 8 * 1024;

/**
 * A browser cannot set headers, so it offers its token as a subprotocol with this prefix, besides {@link SUBPROTOCOL}.
 */
export const TOKEN_SUBPROTOCOL_PREFIX = 'pairlane.token.';
/** The subprotocol that the server answers with, never the token. */
export const SUBPROTOCOL = 'pairlane';

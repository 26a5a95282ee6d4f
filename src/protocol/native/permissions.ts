/** What a token can allow; one without `may` allows all of them. */
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

/** The longest token in bytes; a longer one is refused before anybody looks into it. */
export const MAX_TOKEN_BYTES = 8 * 1024;

/** A browser cannot set a header, so it offers this subprotocol with its token behind it, besides {@link SUBPROTOCOL}. */
export const TOKEN_SUBPROTOCOL_PREFIX = 'pairlane.token.';
/** What the server answers: never the token. */
export const SUBPROTOCOL = 'pairlane';

/** The claims of a token, or of a webhook's answer: their schema, and the grants made from them. */
import type { Static } from 'typebox';
import { explain, permissionNames, type Schema } from '../../../protocol/index.ts';
import type { TokenGrants } from './grants.ts';

/** App, slash and id together have at most 128 characters. */
const MAX_APP_CHARS = 36;
const MAX_SUB_CHARS = 91;
const MAX_METADATA_BYTES = 2 * 1024;
const MAX_METADATA_DEPTH = 32;
/** In seconds, the end of the year 9999: for clients whose access does not expire. */
export const NEVER_S = 253_402_300_799;

export const claimsSchema = {
  type: 'object',
  required: ['exp'],
  properties: {
    sub: {
      type: 'string',
      minLength: 1,
      maxLength: MAX_SUB_CHARS,
      description: 'The id by which peers know the client, unique in its app. Missing: the server makes one.',
    },
    app: {
      type: 'string',
      maxLength: MAX_APP_CHARS,
      description: 'The app: letters, digits, `.`, `_` and `-`. Missing: the app without a name.',
    },
    exp: {
      type: 'integer',
      minimum: 0,
      maximum: NEVER_S,
      description: 'When the token expires, in seconds since 1970 (RFC 7519 section 4.1.4).',
    },
    rooms: {
      type: 'array',
      maxItems: 64,
      items: { type: 'string', minLength: 1, maxLength: 64 },
      description:
        'Names of rooms that the client can join, with `*` for any characters. Missing: all rooms.',
    },
    may: {
      type: 'array',
      maxItems: 16,
      items: { enum: permissionNames },
      description: 'What the client can do; see below. Missing: everything.',
    },
    max_peers: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      description:
        "How many pairings the client can have at once. Missing, or above the server's limit: that limit.",
    },
    metadata: {
      description: `For the operator: shown in the list of sessions. Peers do not get it. JSON of at most ${MAX_METADATA_BYTES} bytes.`,
    },
  },
} as const;

type Claims = Static<typeof claimsSchema>;

const APP = /^[A-Za-z0-9._-]*$/;
/** Characters that do not print, or not alike everywhere, could make one id look like another. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** @returns the grants, or what is wrong with the claims, without repeating their values */
export function grantsFrom(claims: unknown): TokenGrants | string {
  // `metadata` may be of any type, which the schema's compiler would take for an object without fields.
  const problem = explain(claimsSchema as Schema, claims) ?? problemOf(claims as Claims);
  if (problem !== undefined) return problem;
  const { sub, app = '', exp, rooms, may = permissionNames, max_peers: maxPeers } = claims as Claims;
  const { metadata } = claims as { metadata?: unknown };
  return {
    app,
    may: [...new Set(may)],
    expiresAt: exp * 1_000,
    ...(sub !== undefined && { sub }),
    ...(rooms && { rooms }),
    ...(maxPeers !== undefined && { maxPeers }),
    ...(metadata !== undefined && { metadata }),
  };
}

/** The grants as claims for another node, which checks them like a token's. */
export function claimsOf({ sub, app, rooms, may, maxPeers, metadata, expiresAt }: TokenGrants): object {
  return { sub, app, exp: Math.floor(expiresAt / 1_000), rooms, may, max_peers: maxPeers, metadata };
}

function problemOf({ sub, app, metadata }: Claims & { metadata?: unknown }): string | undefined {
  if (app !== undefined && !APP.test(app)) return '`app` should be of letters, digits, `.`, `_` and `-`';
  if (sub !== undefined && (UNPRINTABLE.test(sub) || !sub.isWellFormed()))
    return '`sub` should be of printable characters';
  if (metadata === undefined) return undefined;
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES)
    return `\`metadata\` should be of at most ${MAX_METADATA_BYTES} bytes`;
  return isDeeper(metadata, MAX_METADATA_DEPTH)
    ? `\`metadata\` should not be nested deeper than ${MAX_METADATA_DEPTH} levels`
    : undefined;
}

/** Recurses no deeper than the limit. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

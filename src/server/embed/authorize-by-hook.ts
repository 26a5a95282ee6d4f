/** The `authorize` hook as an authenticator. */
import { nearestName } from '../../common/nearest-name.ts';
import type { Decider } from '../admission/tokens/asking-authenticator.ts';
import type { TokenRefusal, TokenVerdict } from '../admission/tokens/authenticator.ts';
import { grantsFrom, NEVER_S } from '../admission/tokens/claims.ts';
import type { TokenGrants } from '../admission/tokens/grants.ts';
import type { Authorization, Authorized, AuthorizeRequest } from './hooks.ts';

const fields = ['sub', 'app', 'rooms', 'may', 'maxPeers', 'metadata', 'expiresAt'] as const;

const MAX_PENDING = 4_096;

const REFUSED: TokenRefusal = { code: 'forbidden', message: 'This server does not let you in' };
const TOKEN_REQUIRED: TokenRefusal = { code: 'token_invalid', message: 'This server requires a token' };

export function deciderByHook(
  authorize: (request: AuthorizeRequest) => Authorization | Promise<Authorization>,
): Decider {
  return {
    name: 'authorize',
    failedEvent: 'hook_failed',
    needsRequest: true,
    maxPending: MAX_PENDING,
    async decide({ wants, token, address, request }, granted, signal) {
      const headers = request?.headers ?? new Map();
      const answer = await authorize({ wants, token, address, url: request?.url, headers, granted, signal });
      return { verdict: verdictOf(answer, granted), keepMs: 0 };
    },
  };
}

/**
 * Whether all that it says is in fields of its own: an array, or an object whose fields are inherited, would allow
 * everything.
 */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** @throws when the answer is none */
function verdictOf(answer: unknown, granted: TokenGrants | undefined): TokenVerdict {
  if (answer === false) return { refusal: REFUSED };
  if (answer === 'token_required') return { refusal: TOKEN_REQUIRED };
  if (answer === true && granted) return { grants: granted };
  if (answer !== true && !isPlainObject(answer))
    throw new Error("The answer should be true, false, 'token_required' or an object");
  const authorized: Authorized = answer === true ? {} : (answer as Authorized);
  for (const name of Object.keys(authorized))
    if (!(fields as readonly string[]).includes(name)) {
      const meant = nearestName(name, fields);
      throw new Error(`The answer has an unknown field${meant ? `; did you mean ${meant}?` : ''}`);
    }
  const grants = grantsFrom(claimsFrom({ ...granted, ...authorized }));
  if (typeof grants === 'string') throw new Error(`The answer is wrong: ${grants}`);
  return { grants };
}

function claimsFrom({ sub, app, rooms, may, maxPeers, metadata, expiresAt }: Authorized): object {
  return {
    exp: expiresAt === undefined ? NEVER_S : Math.floor(expiresAt / 1_000),
    ...(sub !== undefined && { sub }),
    ...(app !== undefined && { app }),
    ...(rooms !== undefined && { rooms }),
    ...(may !== undefined && { may }),
    ...(maxPeers !== undefined && { max_peers: maxPeers }),
    ...(metadata !== undefined && { metadata }),
  };
}

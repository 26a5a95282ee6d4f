/**
 * A webhook that decides what clients may do: it answers 200 with claims, 401 if the token is missing or not accepted,
 * or 403 to refuse the client.
 */
import { createHash, randomUUID } from 'node:crypto';
import { isRecord } from '../../protocol/index.ts';
import type { Decider, Decision } from '../admission/tokens/asking-authenticator.ts';
import type { Credentials, TokenRefusal } from '../admission/tokens/authenticator.ts';
import { claimsOf, claimsSchema, grantsFrom, NEVER_S } from '../admission/tokens/claims.ts';
import type { TokenGrants } from '../admission/tokens/grants.ts';
import { fetchBounded } from '../http/bounded-fetch.ts';
import { webhookHeaders } from './sign.ts';

export interface AuthWebhookOptions {
  readonly url: string;
  readonly secret: Buffer | undefined;
  /** @returns milliseconds since 1970 */
  readonly wallTime: () => number;
}

const REFUSED: TokenRefusal = { code: 'forbidden', message: 'This server does not let you in' };
const TOKEN_REQUIRED: TokenRefusal = { code: 'token_invalid', message: 'This server requires a token' };
const TOKEN_REFUSED: TokenRefusal = { code: 'token_invalid', message: 'The token is not accepted' };

const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_PENDING = 256;
const MAX_KEEP_MS = 86_400_000;

export function deciderByWebhook({ url, secret, wallTime }: AuthWebhookOptions): Decider {
  return {
    name: 'auth-webhook',
    failedEvent: 'webhook_failed',
    maxPending: MAX_PENDING,
    keyOf: questionKey,
    async decide({ wants, token, address }, granted, signal) {
      const body = JSON.stringify({ wants, address, token, ...(granted && { claims: claimsOf(granted) }) });
      const headers = webhookHeaders(secret, randomUUID(), wallTime(), body);
      const { status, text, cacheControl } = await fetchBounded(
        url,
        { method: 'POST', headers, body, signal },
        MAX_ANSWER_BYTES,
      );
      const keepMs = keepMsIn(cacheControl);
      if (status === 403) return { verdict: { refusal: REFUSED }, keepMs };
      if (status === 401)
        return { verdict: { refusal: token === undefined ? TOKEN_REQUIRED : TOKEN_REFUSED }, keepMs };
      if (status !== 200) throw new Error(`The answer has the status ${status}`);
      return granting(text, granted, keepMs, wallTime());
    },
  };
}

/** Requests with the same token are the same; without a token, requests from the same address are. */
function questionKey({ wants, token, address }: Credentials): string {
  const question = token === undefined ? [wants, null, address] : [wants, token];
  // Hashed, because the key is kept longer than the token should be.
  return createHash('sha256').update(JSON.stringify(question)).digest('base64');
}

/** @throws if the answer is not a JSON object, has a field that is not a claim, or has an invalid claim */
function granting(text: string, granted: TokenGrants | undefined, keepMs: number, now: number): Decision {
  const claims = parsed(text);
  if (!isRecord(claims)) throw new Error('The answer should be a JSON object of claims');
  // An unknown field may be an error message that was sent with status 200.
  if (Object.keys(claims).some((name) => !Object.hasOwn(claimsSchema.properties, name)))
    throw new Error('The answer has a field that is no claim');
  const grants = grantsFrom({ exp: NEVER_S, ...definedOf(granted ? claimsOf(granted) : {}), ...claims });
  if (typeof grants === 'string') throw new Error(`The answer is wrong: ${grants}`);
  return { verdict: { grants }, keepMs: Math.max(0, Math.min(keepMs, grants.expiresAt - now)) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function definedOf(claims: object): object {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

/** RFC 9111 section 5.2.2. */
function keepMsIn(cacheControl: string): number {
  if (/\bno-(store|cache)\b/i.test(cacheControl)) return 0;
  const seconds = Number(/(?:^|[\s,])max-age=(\d{1,9})(?![\w.])/i.exec(cacheControl)?.[1] ?? 0);
  return Math.min(seconds * 1_000, MAX_KEEP_MS);
}

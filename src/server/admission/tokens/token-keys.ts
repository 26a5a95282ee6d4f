/**
 * The keys that may sign tokens. The accepted algorithms follow from the kind of key and never from the token: so a
 * public key is never used as a secret, and an unsigned token is never accepted.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { readNamedFile } from '../../../common/named-file.ts';
import { fetchBounded } from '../../http/bounded-fetch.ts';

/** A key, or a function that finds one by a token's header, with the algorithms that it may be used for. */
export interface TokenKey {
  readonly algorithms: readonly string[];
  readonly key: KeyObject | Uint8Array | JWTVerifyGetKey;
  /** Loads keys that are published elsewhere. */
  readonly load?: () => Promise<void>;
}

/** RFC 7518 section 3.2: the key must be at least as long as the hash. */
const MIN_SECRET_BYTES = 32;
const MIN_RSA_BITS = 2_048;
const MAX_KEY_FILE_BYTES = 64 * 1024;

const MAX_JWKS_BYTES = 256 * 1024;
const JWKS_TIMEOUT_MS = 5_000;
/** An unknown key causes a new lookup, but not more often than this, because strangers' tokens may name any key. */
export const JWKS_COOLDOWN_MS = 30_000;
const JWKS_MAX_AGE_MS = 600_000;
/** After a failed lookup. */
export const JWKS_PAUSE_MS = 1_000;

/** The algorithms for public keys; HS256 is not among them. */
const PUBLIC_ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];

/** @throws with a line that says what is wrong with the secret, but never contains it */
export function secretKey(secret: string): TokenKey {
  const key = new TextEncoder().encode(secret);
  if (key.byteLength < MIN_SECRET_BYTES)
    throw new Error(
      `--jwt-secret: has fewer than ${MIN_SECRET_BYTES} bytes and can be guessed; make one with: openssl rand -base64 32`,
    );
  return { algorithms: ['HS256'], key };
}

/** @throws with a line that says what is wrong with the file */
export function publicKeyFrom(file: string): TokenKey {
  const wrong = (what: string) => new Error(`--jwt-public-key-file: ${file} ${what}`);
  const pem = readPem(file);
  if (/PRIVATE KEY/.test(pem))
    throw wrong(
      'has a private key, which belongs to the app server; openssl pkey -pubout makes the public one',
    );
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw wrong('has no public key in PEM');
  }
  const algorithms = algorithmsOf(key);
  if (!algorithms)
    throw wrong('should have a key for RS256 (2048 bits or more), ES256 (P-256) or EdDSA (Ed25519)');
  return { algorithms, key };
}

function readPem(file: string): string {
  try {
    return readNamedFile(file, MAX_KEY_FILE_BYTES).bytes.toString();
  } catch (error) {
    throw new Error(`--jwt-public-key-file: ${(error as Error).message}`);
  }
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string[] | undefined {
  switch (asymmetricKeyType) {
    case 'rsa':
      return (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS ? ['RS256'] : undefined;
    case 'ec':
      return asymmetricKeyDetails?.namedCurve === 'prime256v1' ? ['ES256'] : undefined;
    case 'ed25519':
      return ['EdDSA', 'Ed25519'];
    default:
      return undefined;
  }
}

export interface PublishedKeysOptions {
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  /** Called with the reason why the keys cannot be fetched, at most once per pause. */
  readonly failed?: ((why: string) => void) | undefined;
  /** How long after a lookup an unknown key causes no other, in milliseconds. */
  readonly cooldownMs?: number;
}

/**
 * Keys that are published at a URL and may change: they are kept for ten minutes, and fetched again when a token names
 * an unknown key. A failed lookup is followed by a pause, or every stranger's token would cause another one.
 */
export function publishedKeys(
  url: string,
  { wallTime, failed, cooldownMs = JWKS_COOLDOWN_MS }: PublishedKeysOptions,
): TokenKey {
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: JWKS_TIMEOUT_MS,
    cooldownDuration: cooldownMs,
    cacheMaxAge: JWKS_MAX_AGE_MS,
    [customFetch]: async (from, init) => {
      const { status, text } = await fetchBounded(from, init, MAX_JWKS_BYTES);
      return new Response(text, { status: status >= 200 && status < 600 ? status : 502 });
    },
  });
  let failedAt = Number.NEGATIVE_INFINITY;
  const guarded = async <Result>(look: () => Promise<Result>): Promise<Result> => {
    // Holds whatever the clock does, even if it is set back.
    if (Math.abs(wallTime() - failedAt) < JWKS_PAUSE_MS)
      throw new Error('The keys could not be had just now');
    try {
      return await look();
    } catch (error) {
      if (!isAboutToken(error) && Math.abs(wallTime() - failedAt) >= JWKS_PAUSE_MS) {
        failedAt = wallTime();
        failed?.((error as Error).message);
      }
      throw error;
    }
  };
  return {
    algorithms: PUBLIC_ALGORITHMS,
    key: ((header, token) => guarded(() => keys(header, token))) satisfies JWTVerifyGetKey,
    load: () => guarded(() => keys.reload()),
  };
}

/** Whether the keys were fetched, and the token's key is not among them. */
function isAboutToken(error: unknown): boolean {
  const kinds = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
  return kinds.some((kind) => error instanceof kind);
}

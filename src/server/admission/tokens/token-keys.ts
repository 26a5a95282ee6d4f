/**
 * The keys that a token may be signed with. Which algorithms are taken follows from the kind of a key, and from nothing
 * that a token says: so a public key is never used as a secret, and nothing is taken without a signature.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import { readNamedFile } from '../../../common/named-file.ts';
import { fetchBounded } from '../../http/bounded-fetch.ts';

/** A key, or what finds one by a token's header, and the algorithms for which it may be used. */
export interface TokenKey {
  readonly algorithms: readonly string[];
  readonly key: KeyObject | Uint8Array | JWTVerifyGetKey;
  /** Loads the keys, where they come from somewhere. */
  readonly load?: () => Promise<void>;
}

/** RFC 7518 section 3.2: a key as long as the hash, at least. */
const MIN_SECRET_BYTES = 32;
const MIN_RSA_BITS = 2_048;
const MAX_KEY_FILE_BYTES = 64 * 1024;

const MAX_JWKS_BYTES = 256 * 1024;
const JWKS_TIMEOUT_MS = 5_000;
/** A key that is not known is looked for anew, but not more often: a stranger's tokens may name any key. */
export const JWKS_COOLDOWN_MS = 30_000;
const JWKS_MAX_AGE_MS = 600_000;
/** After a look-up that failed. */
export const JWKS_PAUSE_MS = 1_000;

/** Those of public keys; HS256 is not among them. */
const PUBLIC_ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];

/** @throws with a line that says what is wrong with it, and never what it is */
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
  /** Why the keys cannot be had: told once a pause. */
  readonly failed?: ((why: string) => void) | undefined;
  /** Milliseconds after a look-up in which no other is made for an unknown key. */
  readonly cooldownMs?: number;
}

/**
 * Keys that somebody publishes, and changes: they are kept for ten minutes, and looked up anew when a token names one
 * that is not among them. After a look-up that failed there is a pause, or each stranger's token would be another one.
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
    // Whatever the clock does, also when it is set back.
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

/** The keys are there, and the token has none of them. */
function isAboutToken(error: unknown): boolean {
  const kinds = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
  return kinds.some((kind) => error instanceof kind);
}

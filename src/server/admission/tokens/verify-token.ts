/** Verifies tokens (JWT, RFC 7519) with `jose`, and says why one is refused. Loaded only if tokens are used. */
import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { MAX_TOKEN_BYTES } from '../../../protocol/index.ts';
import type { Authenticator, Credentials, TokenRefusal, TokenVerdict } from './authenticator.ts';
import { grantsFrom } from './claims.ts';
import { CLOCK_SKEW_S } from './grants.ts';
import { publicKeyFrom, publishedKeys, secretKey, type TokenKey } from './token-keys.ts';

export interface TokenVerifierOptions {
  readonly jwtSecret?: string | undefined;
  readonly jwtPublicKeyFile?: string | undefined;
  readonly jwksUrl?: string | undefined;
  readonly jwtAudience?: string | undefined;
  readonly jwtIssuer?: string | undefined;
}

/** If a token may be signed by any of fewer keys than this, all are tried. */
const MAX_CANDIDATES = 8;

export class TokenVerifier implements Authenticator {
  readonly #keys: readonly TokenKey[];
  readonly #options: TokenVerifierOptions;
  readonly #wallTime: () => number;

  /** @param wallTime returns milliseconds since 1970 */
  constructor(keys: readonly TokenKey[], options: TokenVerifierOptions, wallTime: () => number) {
    this.#keys = keys;
    this.#options = options;
    this.#wallTime = wallTime;
  }

  /** Loads published keys, so that a wrong URL shows up when the server starts rather than with the first client. */
  async load(): Promise<void> {
    // Failures have already been reported.
    await Promise.allSettled(this.#keys.map(({ load }) => load?.()));
  }

  async authenticate({ token }: Credentials): Promise<TokenVerdict> {
    if (token === undefined) return refused('This server requires a token');
    if (Buffer.byteLength(token) > MAX_TOKEN_BYTES)
      return refused(`The token should have at most ${MAX_TOKEN_BYTES} bytes`);
    try {
      const payload = await this.#verify(token);
      if (payload.aud !== undefined && this.#options.jwtAudience === undefined)
        return refused('The token is for an audience, and this server was told of none (--jwt-audience)');
      const grants = grantsFrom(payload);
      return typeof grants === 'string' ? refused(`A claim of the token is wrong: ${grants}`) : { grants };
    } catch (error) {
      return { refusal: refusalOf(error) };
    }
  }

  async #verify(token: string): Promise<JWTPayload> {
    const { alg = '' } = decodeProtectedHeader(token);
    const key = this.#keys.find(({ algorithms }) => algorithms.includes(alg));
    if (!key) throw new errors.JOSEAlgNotAllowed();
    const { jwtAudience: audience, jwtIssuer: issuer } = this.#options;
    const options = {
      algorithms: [...key.algorithms],
      clockTolerance: CLOCK_SKEW_S,
      currentDate: new Date(this.#wallTime()),
      requiredClaims: ['exp'],
      ...(audience !== undefined && { audience }),
      ...(issuer !== undefined && { issuer }),
    };
    try {
      return (await jwtVerify(token, key.key as JWTVerifyGetKey, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // The token does not name its key, and any of these may have signed it.
      let tried = 0;
      for await (const candidate of error) {
        tried += 1;
        try {
          return (await jwtVerify(token, candidate, options)).payload;
        } catch (reason) {
          const isOther = reason instanceof errors.JWSSignatureVerificationFailed;
          if (!isOther || tried === MAX_CANDIDATES) throw reason;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }
}

const refused = (message: string): TokenVerdict => ({ refusal: { code: 'token_invalid', message } });

/** Fixed messages: an error's own message may contain parts of the token. */
function refusalOf(error: unknown): TokenRefusal {
  const invalid = (message: string): TokenRefusal => ({ code: 'token_invalid', message });
  if (error instanceof errors.JWTExpired)
    return { code: 'token_expired', message: 'The token has expired; bring a new one' };
  if (error instanceof errors.JWTClaimValidationFailed) return invalid(claimMessage(error));
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return invalid('The token is signed by an algorithm that this server has no key for');
  if (error instanceof errors.JWKSNoMatchingKey)
    return invalid('The token is signed with a key that is not published');
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalid('The signature of the token does not match');
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid)
    return invalid('That is not a signed JWT');
  // What decodeProtectedHeader throws for text that is not a JWS.
  if (error instanceof TypeError && error.message.startsWith('Invalid Token'))
    return invalid('That is not a signed JWT');
  return {
    code: 'unavailable',
    message: 'The keys for tokens cannot be fetched at the moment; try again later',
  };
}

const CLAIMS = new Set(['exp', 'nbf', 'iat', 'aud', 'iss', 'sub']);

function claimMessage({ claim, reason }: errors.JWTClaimValidationFailed): string {
  const name = CLAIMS.has(claim) ? `\`${claim}\`` : 'a claim';
  if (reason === 'missing') return `The token should have ${name}`;
  return claim === 'nbf'
    ? 'The token is not valid yet (`nbf`)'
    : `The claim ${name} of the token does not fit`;
}

/**
 * @param wallTime returns milliseconds since 1970
 * @param failed called with the reason why published keys cannot be fetched
 * @throws with a line that says which option is wrong
 * @returns undefined if no option asks for tokens
 */
export function createTokenVerifier(
  options: TokenVerifierOptions,
  wallTime: () => number,
  failed?: (why: string) => void,
): TokenVerifier | undefined {
  const { jwtSecret, jwtPublicKeyFile, jwksUrl } = options;
  const keys: TokenKey[] = [];
  if (jwtSecret !== undefined) keys.push(secretKey(jwtSecret));
  if (jwtPublicKeyFile !== undefined) keys.push(publicKeyFrom(jwtPublicKeyFile));
  if (jwksUrl !== undefined) keys.push(publishedKeys(jwksUrl, { wallTime, failed }));
  return keys.length > 0 ? new TokenVerifier(keys, options, wallTime) : undefined;
}

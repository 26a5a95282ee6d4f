/** The `authorize` hook as who says what clients may do; where clients bring tokens, their keys are asked first. */
import { nearestName } from '../../common/nearest-name.ts';
import type {
  Authenticator,
  Credentials,
  TokenRefusal,
  TokenVerdict,
} from '../admission/tokens/authenticator.ts';
import { grantsFrom } from '../admission/tokens/claims.ts';
import type { Grants } from '../admission/tokens/grants.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Authorization, Authorized, AuthorizeRequest } from './hooks.ts';

export interface HookAuthenticatorDeps {
  readonly authorize: (request: AuthorizeRequest) => Authorization | Promise<Authorization>;
  readonly timeoutMs: number;
  /** Verifies tokens; undefined where the hook alone decides. */
  readonly tokens: Authenticator | undefined;
  readonly log: Logger;
}

/** The last second of the year 9999, as claims have it. */
const NEVER_S = 253_402_300_799;

const fields = ['sub', 'app', 'rooms', 'may', 'maxPeers', 'metadata', 'expiresAt'] as const;

const REFUSED: TokenRefusal = { code: 'forbidden', message: 'This server does not let you in' };
const TOKEN_REQUIRED: TokenRefusal = { code: 'token_invalid', message: 'This server asks for a token' };
const UNAVAILABLE: TokenRefusal = {
  code: 'unavailable',
  message: 'Nobody can say now who you are; try again later',
};

export class HookAuthenticator implements Authenticator {
  readonly needsRequest = true;
  readonly #deps: HookAuthenticatorDeps;

  constructor(deps: HookAuthenticatorDeps) {
    this.#deps = deps;
  }

  async authenticate(credentials: Credentials): Promise<TokenVerdict> {
    const verdict = await this.#deps.tokens?.authenticate(credentials);
    if (verdict && 'refusal' in verdict) return verdict;
    try {
      return verdictOf(await this.#ask(credentials, verdict?.grants), verdict?.grants);
    } catch (error) {
      this.#deps.log.error(
        { event: 'hook_failed', hook: 'authorize', err: error },
        'The hook authorize failed: nobody comes in',
      );
      return { refusal: UNAVAILABLE };
    }
  }

  async #ask(
    { wants, token, address, request }: Credentials,
    granted: Grants | undefined,
  ): Promise<Authorization> {
    const { authorize, timeoutMs } = this.#deps;
    const late = new AbortController();
    const { signal } = late;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`There was no answer within ${timeoutMs} ms`);
        reject(error);
        late.abort(error);
      }, timeoutMs);
    });
    const headers = request?.headers ?? new Map();
    const asked = { wants, token, address, url: request?.url, headers, granted, signal };
    try {
      return await Promise.race([authorize(asked), deadline]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @throws when the answer is none */
function verdictOf(answer: unknown, granted: Grants | undefined): TokenVerdict {
  if (answer === false) return { refusal: REFUSED };
  if (answer === 'token_required') return { refusal: TOKEN_REQUIRED };
  if (answer === true && granted) return { grants: granted };
  if (answer !== true && (typeof answer !== 'object' || answer === null))
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

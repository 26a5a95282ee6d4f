/**
 * Asks a hook of the embedding program, or a webhook, who a client is and what it may do. If clients bring tokens,
 * these are verified first. Each request is a machine; see {@link authorizationMachine}.
 */
import {
  type AuthorizationContext,
  authorizationMachine,
  Hosted,
  MachineHost,
  type StepQueue,
} from '../../../machines/index.ts';
import type { LogEvent } from '../../telemetry/log-events.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { AddressCount, shareOf } from '../address-limits.ts';
import type { Authenticator, Credentials, TokenRefusal, TokenVerdict } from './authenticator.ts';
import type { TokenGrants } from './grants.ts';

export interface Decision {
  readonly verdict: TokenVerdict;
  /** How long the decision applies to identical requests, in milliseconds; 0: to this one only. */
  readonly keepMs: number;
}

/** Makes the decision. */
export interface Decider {
  /** Its name in the log. */
  readonly name: string;
  readonly failedEvent: LogEvent;
  readonly needsRequest?: boolean;
  /** How many requests may be pending at once, at most half of them from one address; more fail. */
  readonly maxPending: number;
  /**
   * @param granted what the client's token allows, if the server verifies tokens
   * @param signal aborted when an answer would come too late
   * @throws when there is no answer; the message goes to the log
   */
  decide(credentials: Credentials, granted: TokenGrants | undefined, signal: AbortSignal): Promise<Decision>;
  /** Requests with the same key share one answer. Left out: every request is asked separately. */
  readonly keyOf?: (credentials: Credentials) => string;
}

export interface AskingAuthenticatorDeps {
  readonly decider: Decider;
  readonly timeoutMs: number;
  /** Verifies tokens; undefined if the decider alone decides. */
  readonly tokens: Authenticator | undefined;
  readonly log: Logger;
}

const UNAVAILABLE: TokenRefusal = {
  code: 'unavailable',
  message: 'It cannot be determined at the moment who you are; try again later',
};

/** How many answers are kept; the oldest are dropped first. */
const MAX_KEPT = 4_096;

class Authorization extends Hosted<AuthorizationContext> {
  readonly key: string | undefined;
  /** The address of the first client that asked. */
  readonly address: string;
  /** Cleared once answered, because it contains a token. */
  question: { readonly credentials: Credentials; readonly granted: TokenGrants | undefined } | undefined;
  readonly late = new AbortController();
  verdict: TokenVerdict | undefined;
  waiting: ((verdict: TokenVerdict) => void)[] = [];

  constructor(key: string | undefined, credentials: Credentials, granted: TokenGrants | undefined) {
    super();
    this.key = key;
    this.address = credentials.address;
    this.question = { credentials, granted };
  }

  tell(verdict: TokenVerdict): void {
    this.question = undefined;
    for (const waiting of this.waiting.splice(0)) waiting(verdict);
  }
}

export type AuthorizationHost = MachineHost<typeof authorizationMachine, Authorization>;

export class AskingAuthenticator implements Authenticator {
  readonly needsRequest: boolean;
  readonly #deps: AskingAuthenticatorDeps;
  /** Pending and kept answers, oldest first. */
  readonly #byKey = new Map<string, Authorization>();
  #pending = 0;
  readonly #pendingOf = new AddressCount();
  #host: AuthorizationHost | undefined;

  constructor(deps: AskingAuthenticatorDeps) {
    this.#deps = deps;
    this.needsRequest = deps.decider.needsRequest ?? false;
  }

  get host(): AuthorizationHost | undefined {
    return this.#host;
  }

  joinQueue(queue: StepQueue): void {
    const host: AuthorizationHost = new MachineHost(authorizationMachine, {
      queue,
      executors: {
        ask: (asked) => void this.#ask(host, asked),
        deliverVerdict: (asked) => {
          this.#isPendingNoLonger(asked);
          if (asked.verdict) asked.tell(asked.verdict);
        },
        abortRequest: ({ late }) => {
          const error = new Error(`There was no answer within ${this.#deps.timeoutMs} ms`);
          late.abort(error);
          this.#logFailure(error);
        },
        denyAll: (asked) => {
          this.#isPendingNoLonger(asked);
          asked.tell({ refusal: UNAVAILABLE });
        },
        forgetVerdict: (asked) => {
          if (asked.key !== undefined && this.#byKey.get(asked.key) === asked) this.#byKey.delete(asked.key);
        },
      },
      onError: (asked, error) => {
        this.#logFailure(error);
        asked.tell({ refusal: UNAVAILABLE });
      },
    });
    this.#host = host;
  }

  async authenticate(credentials: Credentials): Promise<TokenVerdict> {
    const { tokens, decider } = this.#deps;
    const verdict = await tokens?.authenticate(credentials);
    if (verdict && 'refusal' in verdict) return verdict;
    const host = this.#host;
    if (!host) return { refusal: UNAVAILABLE };
    const key = decider.keyOf?.(credentials);
    const known = key === undefined ? undefined : this.#byKey.get(key);
    if (known?.verdict) return known.verdict;
    if (!known && this.#isFull(credentials.address)) return { refusal: UNAVAILABLE };
    return new Promise((resolve) => {
      if (known) known.waiting.push(resolve);
      else this.#begin(host, new Authorization(key, credentials, verdict?.grants), resolve);
    });
  }

  /** No address may keep all others waiting. */
  #isFull(address: string): boolean {
    const { maxPending } = this.#deps.decider;
    return this.#pending >= maxPending || this.#pendingOf.of(address) >= shareOf(maxPending);
  }

  #isPendingNoLonger({ address }: Authorization): void {
    this.#pending -= 1;
    this.#pendingOf.remove(address);
  }

  #begin(host: AuthorizationHost, asked: Authorization, resolve: (verdict: TokenVerdict) => void): void {
    asked.waiting.push(resolve);
    this.#pending += 1;
    this.#pendingOf.add(asked.address);
    if (asked.key !== undefined) {
      this.#byKey.set(asked.key, asked);
      if (this.#byKey.size > MAX_KEPT)
        for (const oldest of this.#byKey.values()) {
          // Pending requests have their own limit.
          if (!oldest.verdict) continue;
          host.dispatch(oldest, { type: 'EVICTED' });
          break;
        }
    }
    host.start(asked, { timeoutMs: this.#deps.timeoutMs });
  }

  async #ask(host: AuthorizationHost, asked: Authorization): Promise<void> {
    const { question, late } = asked;
    if (!question) return;
    try {
      const { verdict, keepMs } = await this.#deps.decider.decide(
        question.credentials,
        question.granted,
        late.signal,
      );
      if (asked.isDone) return;
      asked.verdict = verdict;
      host.dispatch(asked, { type: 'ANSWERED', keepMs: asked.key === undefined ? 0 : keepMs });
    } catch (error) {
      if (asked.isDone) return;
      this.#logFailure(error);
      host.dispatch(asked, { type: 'FAILED' });
    }
  }

  #logFailure(error: unknown): void {
    const { decider, log } = this.#deps;
    log.error(
      { event: decider.failedEvent, hook: decider.name, err: error },
      `The hook ${decider.name} failed: no client can connect`,
    );
  }
}

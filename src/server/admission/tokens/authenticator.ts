/** Decides what a client may do: by keys that sign tokens, or by a webhook. */

import type { AnyStateMachine } from 'xstate';
import type { Hosted, MachineHost, StepQueue } from '../../../machines/index.ts';
import type { ErrorCode } from '../../../protocol/index.ts';
import type { TokenGrants } from './grants.ts';

/** How many milliseconds a hook or webhook may take to answer. */
export const DEFAULT_AUTHORIZE_TIMEOUT_MS = 5_000;

/** What a client wants to do when it is authenticated. */
export type Wanted = 'connect' | 'resume' | 'refresh';

/** The client's upgrade request, for deciders that look at more than a token. */
export interface UpgradeRequest {
  /** Path and query. */
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
}

export interface Credentials {
  /** Undefined if the client brought none, which only a hook or webhook may accept. */
  readonly token: string | undefined;
  /** As limits count it. */
  readonly address: string;
  readonly wants: Wanted;
  /** Only for an authenticator that needs it, and never with `refresh`. */
  readonly request?: UpgradeRequest | undefined;
}

export interface TokenRefusal {
  readonly code: Extract<ErrorCode, 'token_invalid' | 'token_expired' | 'forbidden' | 'unavailable'>;
  /** For people; never contains any part of the token. */
  readonly message: string;
}

export type TokenVerdict = { readonly grants: TokenGrants } | { readonly refusal: TokenRefusal };

export interface Authenticator {
  /** Whether it looks at the request, which is kept until it has answered. */
  readonly needsRequest?: boolean;
  /** Steps its machines together with those of the server; called before it is first asked. */
  joinQueue?(queue: StepQueue): void;
  readonly host?: Pick<MachineHost<AnyStateMachine, Hosted<unknown>>, 'machine' | 'taken'> | undefined;
  /** Never rejects. */
  authenticate(credentials: Credentials): Promise<TokenVerdict>;
}

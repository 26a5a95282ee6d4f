/** Who says what a client may do: the keys that sign tokens, or a webhook. */

import type { AnyStateMachine } from 'xstate';
import type { Hosted, MachineHost, StepQueue } from '../../../machines/index.ts';
import type { ErrorCode } from '../../../protocol/index.ts';
import type { Grants } from './grants.ts';

/** Milliseconds that somebody who is asked may take to answer. */
export const DEFAULT_AUTHORIZE_TIMEOUT_MS = 5_000;

/** What a client wants when it is asked who it is. */
export type Wanted = 'connect' | 'resume' | 'refresh';

/** What the client's request says, for whoever decides by more than a token. */
export interface UpgradeRequest {
  /** Path and query. */
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
}

export interface Credentials {
  /** Undefined: it brought none, which only a webhook may find enough. */
  readonly token: string | undefined;
  /** As limits count it. */
  readonly address: string;
  readonly wants: Wanted;
  /** Only for an authenticator that needs it, and not with `refresh`. */
  readonly request?: UpgradeRequest | undefined;
}

export interface TokenRefusal {
  readonly code: Extract<ErrorCode, 'token_invalid' | 'token_expired' | 'forbidden' | 'unavailable'>;
  /** For people; never has anything of the token in it. */
  readonly message: string;
}

export type TokenVerdict = { readonly grants: Grants } | { readonly refusal: TokenRefusal };

export interface Authenticator {
  /** Whether it looks at the request, which is kept for it until it has answered. */
  readonly needsRequest?: boolean;
  /** Its machines are stepped with those of the server; called before it is asked. */
  joinQueue?(queue: StepQueue): void;
  readonly host?: Pick<MachineHost<AnyStateMachine, Hosted<unknown>>, 'machine' | 'taken'> | undefined;
  /** Never rejects. */
  authenticate(credentials: Credentials): Promise<TokenVerdict>;
}

/** What a program that starts the server may be asked and told: types, and what is wrong with hooks that are given. */
import type { DisconnectReason, MemberLeftReason, Permission } from '../../protocol/index.ts';
import { DEFAULT_AUTHORIZE_TIMEOUT_MS } from '../admission/tokens/authenticator.ts';

/** A client asks to come in, to come back, or to be allowed other things than before. */
export interface AuthorizeRequest {
  readonly wants: 'connect' | 'resume' | 'refresh';
  /** What the client says who it is with; undefined: it brought nothing. */
  readonly token: string | undefined;
  /** The client's address, as limits count it. */
  readonly address: string;
  /** Path and query of its request; undefined for `refresh`. */
  readonly url: string | undefined;
  /** Headers of its request by name in lower case; empty for `refresh`. */
  readonly headers: ReadonlyMap<string, string>;
  /** What its token allows, where the server verifies tokens (`jwtSecret` and the like). */
  readonly granted: Authorized | undefined;
  /** Aborted when the answer would come too late. */
  readonly signal: AbortSignal;
}

/** What a client may do. What is left out is not limited. */
export interface Authorized {
  /** Id by which its peers know it, unique in its app; who comes with the same id later takes its place. */
  readonly sub?: string;
  /** Whose ids, keys and rooms it shares. */
  readonly app?: string;
  /** Names of rooms that it may join, with `*` for any characters. */
  readonly rooms?: readonly string[];
  readonly may?: readonly Permission[];
  /** Pairings at once. */
  readonly maxPeers?: number;
  /** For its peers: JSON of at most 2 KiB. */
  readonly metadata?: unknown;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
}

/** `true` allows everything, `false` refuses; `'token_required'` waits for a token as its first message. */
export type Authorization = boolean | 'token_required' | Authorized;

export interface SessionInfo {
  /** Its name at this server: {@link SignalingServer.pair} and `end` take it. */
  readonly id: string;
  /** The id by which its client and peers know it. */
  readonly publicId: string;
  readonly app: string;
  readonly isOnline: boolean;
  readonly peers: readonly { readonly id: string; readonly epoch: number }[];
  /** What {@link Authorized.metadata} or its token says of it. */
  readonly metadata?: unknown;
}

export interface PairingInfo {
  /** Its number, unique over nodes and restarts. */
  readonly epoch: number;
  readonly initiatorId: string;
  readonly responderId: string;
  /** The room that formed it. */
  readonly room?: string;
}

export interface RoomInfo {
  readonly app: string;
  readonly name: string;
  /** Members, those at other nodes as well. */
  readonly size: number;
}

export type SessionChange =
  /** It is at this server from here on: it is new, or came from another node. */
  | { readonly type: 'opened'; readonly session: SessionInfo }
  /** `reason` is undefined when the whole server leaves. */
  | {
      readonly type: 'ended';
      readonly session: SessionInfo;
      readonly reason: MemberLeftReason | undefined;
    }
  /** It goes on at another node. */
  | { readonly type: 'moved'; readonly session: SessionInfo };

export type PairingChange =
  | { readonly type: 'paired' | 'negotiating' | 'connected'; readonly pairing: PairingInfo }
  | { readonly type: 'ended'; readonly pairing: PairingInfo; readonly reason: DisconnectReason }
  /** It goes on at another node. */
  | { readonly type: 'moved'; readonly pairing: PairingInfo };

export type RoomChange =
  | { readonly type: 'opened' | 'ended'; readonly room: RoomInfo }
  | { readonly type: 'joined'; readonly room: RoomInfo; readonly id: string }
  | {
      readonly type: 'left';
      readonly room: RoomInfo;
      readonly id: string;
      readonly reason: MemberLeftReason;
    };

/** A hook that throws, or rejects, is a line in the log and changes nothing; `authorize` lets nobody in then. */
export interface ServerHooks {
  /** Decides who comes in and what they may do. Who gets no answer in time is told to come again later (1013). */
  readonly authorize?: (request: AuthorizeRequest) => Authorization | Promise<Authorization>;
  /** Milliseconds that an answer of `authorize` may take (5,000). */
  readonly authorizeTimeoutMs?: number;
  /** Told of the sessions of this server, after each step; nobody waits for it. */
  readonly onSession?: (change: SessionChange) => void | Promise<void>;
  readonly onPairing?: (change: PairingChange) => void | Promise<void>;
  /** Told of the rooms of this server, and of their members that are here. */
  readonly onRoom?: (change: RoomChange) => void | Promise<void>;
}

const functions = ['authorize', 'onSession', 'onPairing', 'onRoom'] as const;
const MAX_TIMEOUT_MS = 60_000;

/** Takes the hooks out of what a program gives. */
export function splitHooks<Given extends ServerHooks>(given: Given) {
  const { authorize, authorizeTimeoutMs, onSession, onPairing, onRoom, ...options } = given;
  return { hooks: { authorize, authorizeTimeoutMs, onSession, onPairing, onRoom }, options };
}

export type GivenHooks = ReturnType<typeof splitHooks>['hooks'];

/** @returns a line for each that is no hook */
export function hookProblems(hooks: GivenHooks): string[] {
  const problems = functions
    .filter((name) => hooks[name] !== undefined && typeof hooks[name] !== 'function')
    .map((name) => `${name}: should be a function`);
  const { authorizeTimeoutMs: timeoutMs = DEFAULT_AUTHORIZE_TIMEOUT_MS } = hooks;
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS)
    problems.push(`authorizeTimeoutMs: should be a whole number from 1 to ${MAX_TIMEOUT_MS}`);
  return problems;
}

/** The hooks of a program that starts the server: their types, and the checks of hooks that are given. */
import type { DisconnectReason, MemberLeftReason, Permission } from '../../protocol/index.ts';
import { DEFAULT_AUTHORIZE_TIMEOUT_MS } from '../admission/tokens/authenticator.ts';

/** A client wants to connect, to come back, or to change its grants. */
export interface AuthorizeRequest {
  readonly wants: 'connect' | 'resume' | 'refresh';
  /** The token that the client brought; undefined if it brought none. */
  readonly token: string | undefined;
  /** The client's address, as limits count it. */
  readonly address: string;
  /** Path and query of its request; undefined for `refresh`. */
  readonly url: string | undefined;
  /** Headers of its request by name in lower case; empty for `refresh`. */
  readonly headers: ReadonlyMap<string, string>;
  /** What its token allows, if the server verifies tokens (`jwtSecret` and the like). */
  readonly granted: Authorized | undefined;
  /** Aborted when an answer would come too late. */
  readonly signal: AbortSignal;
}

/** What a client may do. What is left out is not limited. */
export interface Authorized {
  /** The id by which its peers know it, unique in its app; a later client with the same id takes its place. */
  readonly sub?: string;
  /** The app whose ids, keys and rooms it shares. */
  readonly app?: string;
  /** Names of the rooms that it may join, with `*` for any characters. */
  readonly rooms?: readonly string[];
  readonly may?: readonly Permission[];
  /** How many pairings it may have at once. */
  readonly maxPeers?: number;
  /** Shown to its peers: JSON of at most 2 KiB. */
  readonly metadata?: unknown;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
}

/** `true` allows everything, `false` refuses; `'token_required'` waits for a token in its first message. */
export type Authorization = boolean | 'token_required' | Authorized;

export interface SessionInfo {
  /** Its id at this server, for {@link SignalingServer.pair} and `end`. */
  readonly id: string;
  /** The id by which its client and peers know it. */
  readonly publicId: string;
  readonly app: string;
  readonly isOnline: boolean;
  readonly peers: readonly { readonly id: string; readonly epoch: number }[];
  /** The metadata of {@link Authorized.metadata} or of its token. */
  readonly metadata?: unknown;
}

export interface PairingInfo {
  /** Its number, unique across nodes and restarts. */
  readonly epoch: number;
  readonly initiatorId: string;
  readonly responderId: string;
  /** The room that formed it. */
  readonly room?: string;
}

export interface RoomInfo {
  readonly app: string;
  readonly name: string;
  /** How many members it has, including those at other nodes. */
  readonly size: number;
}

export type SessionChange =
  /** It is at this server from now on: it is new, or came from another node. */
  | { readonly type: 'opened'; readonly session: SessionInfo }
  /** `reason` is undefined when the whole server stops. */
  | {
      readonly type: 'ended';
      readonly session: SessionInfo;
      readonly reason: MemberLeftReason | undefined;
    }
  /** It has moved to another node. */
  | { readonly type: 'moved'; readonly session: SessionInfo };

export type PairingChange =
  | { readonly type: 'paired' | 'negotiating' | 'connected'; readonly pairing: PairingInfo }
  | { readonly type: 'ended'; readonly pairing: PairingInfo; readonly reason: DisconnectReason }
  /** It has moved to another node. */
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

/**
 * If a hook throws or rejects, that is logged and has no other effect; if `authorize` does, the client is not let in.
 */
export interface ServerHooks {
  /**
   * Decides who may connect and what they may do. A client that gets no answer in time is told to try again later
   * (1013).
   */
  readonly authorize?: (request: AuthorizeRequest) => Authorization | Promise<Authorization>;
  /** How many milliseconds an answer of `authorize` may take (5,000). */
  readonly authorizeTimeoutMs?: number;
  /** Called for the sessions of this server, after each step; its result is not awaited. */
  readonly onSession?: (change: SessionChange) => void | Promise<void>;
  readonly onPairing?: (change: PairingChange) => void | Promise<void>;
  /** Called for the rooms of this server, and for their members at this server. */
  readonly onRoom?: (change: RoomChange) => void | Promise<void>;
}

const functions = ['authorize', 'onSession', 'onPairing', 'onRoom'] as const;
const MAX_TIMEOUT_MS = 60_000;

/** Separates the hooks from the options that a program gives. */
export function splitHooks<Given extends ServerHooks>(given: Given) {
  const { authorize, authorizeTimeoutMs, onSession, onPairing, onRoom, ...options } = given;
  return { hooks: { authorize, authorizeTimeoutMs, onSession, onPairing, onRoom }, options };
}

export type GivenHooks = ReturnType<typeof splitHooks>['hooks'];

/** @returns a line for each invalid hook */
export function hookProblems(hooks: GivenHooks): string[] {
  const problems = functions
    .filter((name) => hooks[name] !== undefined && typeof hooks[name] !== 'function')
    .map((name) => `${name}: should be a function`);
  const { authorizeTimeoutMs: timeoutMs = DEFAULT_AUTHORIZE_TIMEOUT_MS } = hooks;
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS)
    problems.push(`authorizeTimeoutMs: should be a whole number from 1 to ${MAX_TIMEOUT_MS}`);
  return problems;
}

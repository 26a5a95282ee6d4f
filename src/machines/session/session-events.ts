/** The events, context and settings of a session's machine, by their origin. */
import type { CloseCode, ErrorCode, Permission } from '../../protocol/index.ts';

/** Shared by all sessions of a server. 0 means never. */
export interface SessionSettings {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  /** How long a resumable session waits for its client. */
  readonly resumeGraceMs: number;
}

/** How far a pairing of the session has come. */
export type PairingPhase = 'paired' | 'negotiating' | 'connected';

/** What a client may do: names of permissions separated by spaces, as in the `scope` of OAuth (RFC 6749, 3.3). */
export type Permissions = string;

export function hasPermission(may: Permissions, permission: Permission): boolean {
  return ` ${may} `.includes(` ${permission} `);
}

export interface PairingOfSession {
  readonly epoch: number;
  readonly peerId: string;
  readonly phase: PairingPhase;
}

export interface SessionContext {
  readonly id: string;
  /** Oldest first. */
  readonly pairings: readonly PairingOfSession[];
  readonly maxPeers: number;
  /**
   * Whether its client was lost and its peers were told; a client that a drain sent away is expected back, and not
   * missed.
   */
  readonly isMissed: boolean;
  /** Whether its client can resume after a lost socket. */
  readonly isResumable: boolean;
  readonly may: Permissions;
  /** How many milliseconds its token had left when it was accepted, or when its expiry was last checked. */
  readonly tokenLifetimeMs: number;
  readonly settings: SessionSettings;
}

export interface SessionInput {
  readonly id: string;
  readonly maxPeers: number;
  readonly isResumable: boolean;
  readonly may: Permissions;
  readonly settings: SessionSettings;
}

/** What the server knows about the client that a pair request names. */
export type PairTarget =
  | 'unknown'
  | 'unknown_key'
  | 'guessed_too_often'
  | 'self'
  /** It is already a peer. */
  | 'peer'
  /** It has just left the asking client. */
  | 'left'
  | 'free'
  | 'taken'
  /** It, or the owner of the key, may be a client of another node. */
  | 'elsewhere'
  /** The same, but no other node can be reached. */
  | 'unreachable';

export type SessionEventFromClient =
  | { type: 'PAIR_REQUESTED'; target: PairTarget; targetId: string | undefined; key: string | undefined }
  | { type: 'KEY_REQUESTED'; ttlS: number | undefined; uses: number | undefined; hasRoom: boolean }
  /**
   * @property isCovered whether its token covers a room of that name
   * @property creates whether the request would create the room
   */
  | { type: 'JOIN_REQUESTED'; isCovered: boolean; creates: boolean }
  /** A request to lock or unlock a room. */
  | { type: 'LOCK_REQUESTED' }
  /**
   * A token that it brought was accepted.
   * @property lifetimeMs until the token expires
   */
  | { type: 'TOKEN_ACCEPTED'; lifetimeMs: number; may: Permissions }
  /** A message for a peer, from a client that has no peer, or has several and does not name one. */
  | {
      type:
        | 'OFFER_RECEIVED'
        | 'ANSWER_RECEIVED'
        | 'CANDIDATE_RECEIVED'
        | 'SIGNAL_RECEIVED'
        | 'REPORT_RECEIVED'
        | 'UNPAIR_RECEIVED'
        | 'REJECT_RECEIVED';
    };

export type SessionEventFromPairing =
  /**
   * How the pairing answers this session's request to other nodes: the request was granted, or the requested client had
   * asked for this one first.
   */
  | { type: 'PAIRED'; epoch: number; peerId: string; answers?: 'granted' | 'crossed' }
  | { type: 'NEGOTIATION_STARTED'; epoch: number }
  | { type: 'CONNECTED'; epoch: number }
  | { type: 'UNPAIRED'; epoch: number };

/** The other nodes' answer to a pair request. */
export type SessionEventFromNodes =
  | { type: 'GRANTED'; targetId: string; node: number; isResumable: boolean; epoch: number }
  | { type: 'DENIED'; code: ErrorCode }
  /** Its client came back to another node, and the session moved there. */
  | { type: 'MOVED' };

export type SessionEventFromTransport =
  /**
   * The client sent something. After a ping this must be reported at once; otherwise a few times per ping interval are
   * enough.
   */
  | { type: 'HEARD' }
  /** The client is back on a new socket, possibly before the old one was missed. */
  | { type: 'RESUMED' }
  /** @property isGoodbye the client closed it on purpose (1000), and will not come back */
  | { type: 'SOCKET_CLOSED'; isGoodbye: boolean }
  /** The server ends the session: a limit, a failure, or its own stop; or, when it restarts (1012), only the socket. */
  | { type: 'CLOSED_BY_SERVER'; code: CloseCode; reason: string };

export type SessionEvent =
  | SessionEventFromClient
  | SessionEventFromPairing
  | SessionEventFromNodes
  | SessionEventFromTransport;

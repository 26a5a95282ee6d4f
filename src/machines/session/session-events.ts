/** What a session's machine is told, by whom, and what it keeps. */
import type { CloseCode, ErrorCode, Permission } from '../../protocol/index.ts';

/** What all sessions of a server share. 0 means: never. */
export interface SessionSettings {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  /** How long a session that can be resumed waits for its client. */
  readonly resumeGraceMs: number;
}

/** How far a pairing of the session is. */
export type PairingPhase = 'paired' | 'negotiating' | 'connected';

/** What a client may do: names of permissions with spaces between them, as in the `scope` of OAuth (RFC 6749, 3.3). */
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
  /** The oldest first. */
  readonly pairings: readonly PairingOfSession[];
  readonly maxPeers: number;
  /** Whether its client was lost, and its peers told so; one that a drain sent away is on the way, and not missed. */
  readonly isMissed: boolean;
  /** Whether its client asked to come back after a lost socket. */
  readonly isResumable: boolean;
  readonly may: Permissions;
  /** Milliseconds that its token had left when it was accepted, or when its end was last looked at. */
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

/** What the server knows of the client that a pair request names. */
export type PairTarget =
  | 'unknown'
  | 'unknown_key'
  | 'guessed_too_often'
  | 'self'
  /** It is a peer already. */
  | 'peer'
  /** It has just left the one who asks. */
  | 'left'
  | 'free'
  | 'taken'
  /** It, or who made the key, may be a client of another node. */
  | 'elsewhere'
  /** The same, and no other node can be reached. */
  | 'unreachable';

export type SessionEventFromClient =
  | { type: 'PAIR_REQUESTED'; target: PairTarget; targetId: string | undefined; key: string | undefined }
  | { type: 'KEY_REQUESTED'; ttlS: number | undefined; uses: number | undefined; hasRoom: boolean }
  /**
   * @property isCovered whether its token is for a room of that name
   * @property creates whether the room is to be made by this
   */
  | { type: 'JOIN_REQUESTED'; isCovered: boolean; creates: boolean }
  /** It asks to lock a room, or to unlock it. */
  | { type: 'LOCK_REQUESTED' }
  /** A token that it brought is good. @property lifetimeMs until it ends */
  | { type: 'TOKEN_ACCEPTED'; lifetimeMs: number; may: Permissions }
  /** A message for a peer, from a client that has none, or has several and does not say which. */
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
   * What it is to the request that this session made of other nodes: it was granted, or the client that it asked for
   * asked for this one, too, and was first.
   */
  | { type: 'PAIRED'; epoch: number; peerId: string; answers?: 'granted' | 'crossed' }
  | { type: 'NEGOTIATION_STARTED'; epoch: number }
  | { type: 'CONNECTED'; epoch: number }
  | { type: 'UNPAIRED'; epoch: number };

/** What other nodes say to a pair request. */
export type SessionEventFromNodes =
  | { type: 'GRANTED'; targetId: string; node: number; isResumable: boolean; epoch: number }
  | { type: 'DENIED'; code: ErrorCode }
  /** Its client came back to another node, and the session with it. */
  | { type: 'MOVED' };

export type SessionEventFromTransport =
  /** The client sent something. After a ping this has to be told at once; before, a few times in a ping interval will do. */
  | { type: 'HEARD' }
  /** The client is back on a new socket; the old one may not even have been missed. */
  | { type: 'RESUMED' }
  /** @property isGoodbye the client closed it on purpose (1000), and does not come back */
  | { type: 'SOCKET_CLOSED'; isGoodbye: boolean }
  /** The server ends the session: a limit, a failure, its own end; or only its socket, when it is restarted (1012). */
  | { type: 'CLOSED_BY_SERVER'; code: CloseCode; reason: string };

export type SessionEvent =
  | SessionEventFromClient
  | SessionEventFromPairing
  | SessionEventFromNodes
  | SessionEventFromTransport;

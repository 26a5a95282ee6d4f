/**
 * A client as the core sees it. Its dialect implements this interface and turns every notice into the client's own
 * wire.
 */
import type {
  ClientMessageType,
  CloseCode,
  DisconnectReason,
  ErrorCode,
  Relayed,
} from '../../protocol/index.ts';
import type { IceServer } from './ice-servers.ts';
import type { RoomNotice } from './rooms/room-notice.ts';
import type { Signal } from './signal.ts';

export interface Refusal {
  readonly code: ErrorCode;
  /** Replaces the code's default message where there is more to say. */
  readonly message?: string;
  /** The type of the refused message, if known. */
  readonly for?: ClientMessageType;
  /** The pairing that the refusal is about, if any. */
  readonly epoch?: number;
  /** The number of the refused pair request; left out: that of the client's last message. */
  readonly request?: number;
  /** The name of the room that the refusal is about, if any. */
  readonly room?: string;
}

/** What the core tells a client. */
export type ClientNotice =
  | {
      readonly type: 'paired';
      readonly peerId: string;
      readonly isInitiator: boolean;
      readonly epoch: number;
      readonly iceServers: IceServer[] | undefined;
      /** The metadata of the initiator's request, for the responder: any JSON value. */
      readonly metadata?: unknown;
      /** The name of the room that formed the pairing; undefined if no room did. */
      readonly room: string | undefined;
      /** W3C trace context of the pairing's trace; undefined if it is not traced. */
      readonly traceparent: string | undefined;
      /** The number of the client's own request that formed it, if the client can resume. */
      readonly request: number | undefined;
    }
  /** @property message the reason given by a peer that rejected the pairing */
  | {
      readonly type: 'peer_disconnected';
      readonly peerId: string;
      readonly epoch: number;
      readonly reason: DisconnectReason;
      readonly message?: string | undefined;
    }
  | { readonly type: 'peer_away' | 'peer_back'; readonly peerId: string; readonly epoch: number }
  /** @property expiresAt milliseconds since 1970; undefined for a key that lives as long as its session */
  | { readonly type: 'key'; readonly key: string; readonly expiresAt: number | undefined }
  | { readonly type: 'key_expired'; readonly key: string }
  | ({ readonly type: 'refused' } & Refusal)
  | RoomNotice
  | { readonly type: 'ping' }
  /** The client's token expires at this time: milliseconds since 1970. */
  | { readonly type: 'token_expiring'; readonly expiresAt: number }
  /** The server is about to restart: the client should come back after this many milliseconds. */
  | { readonly type: 'restarting'; readonly afterMs: number };

/** A message from a client's peer that the client may not have received yet. */
export interface UnackedFrame {
  /** The number that its sender gave it; undefined if the sender does not number its messages. */
  readonly senderSeq: number | undefined;
  readonly text: string;
}

export interface Client {
  /** The dialect of a client that does not use the native wire, for the inspector. */
  readonly dialect?: string;
  /** The id by which the client's user knows it, if it differs from the session's id. */
  readonly knownAs?: string;
  /** The game that the client plays, for dialects that have games. */
  readonly game?: string;
  /** Whether the client can be paired by its keys only, and not by its id. */
  readonly isKeyOnly: boolean;
  /** The address of the newest connection, as limits count it; empty if the client has had none at this node. */
  readonly address: string;
  /** Whether its connection is open. */
  readonly isOnline: boolean;
  /** Whether the client can resume after a lost connection and receive what waits for it. */
  readonly isResumable: boolean;
  /** How many peers the client asked to have at once. */
  readonly maxPeers: number;
  /**
   * How often the client has come back. If two nodes that lost each other hold copies of a session, the higher
   * generation counts.
   */
  readonly generation: number;
  /** The number of the last message received from the client at this node. */
  readonly lastSenderSeq: number;

  /** Whether its peers together may send it this many bytes more before it has read what was already sent. */
  hasRoomFor(bytes: number): boolean;
  /** How many bytes each of its peers may have waiting for it. */
  readonly maxWaitingBytes: number;
  /** Whether the client may be told of one more peer_away or peer_back before it has read what was already sent. */
  readonly hasRoomForChange: boolean;

  /** Bytes that the client has not acked or not read, including the cost of keeping them. */
  readonly waitingBytes: number;
  /** Ends the connection and frees its unread bytes if they are many; a resumable client comes back. */
  cutUnread(): void;
  /** Drops what peers sent in the given pairings and the client has not acked. */
  dropWaiting(isDropped: (epoch: number | undefined) => boolean): void;

  notify(notice: ClientNotice): void;
  /**
   * Sends a signal from the client's peer in that pairing.
   * @param relayed for a client that acks: what to keep of the signal until it is acked
   */
  relay(signal: Signal, epoch: number, relayed: Relayed | undefined): void;
  /** Asks the client, if it supports this, to report on that pairing's connection for this many seconds. */
  askFlow?(epoch: number, seconds: number): void;
  /** Closes the connection, which the core considers gone from here on. */
  close(code: CloseCode, reason: string): void;
  /** The session is over: nothing that waits for the client will be delivered any more. */
  discard(): void;

  /** Takes the number of the client's message that is being handled; its ack is held back until {@link acked}. */
  nextSenderSeq(): number;
  /** The peer has acked the client's message of that number, or the message is lost together with the peer. */
  acked(senderSeq: number): void;
  /** Whether the client has yet to ack a message of its peer. */
  isWaitingFor(epoch: number, senderSeq: number): boolean;
  /** What the client has not acked of its peer's messages in that pairing. */
  unackedOf(epoch: number): readonly UnackedFrame[];
  /** The session moves to another node, or this copy is stale because the client has come back elsewhere. */
  moveAway(): void;
}

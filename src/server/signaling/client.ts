/** A client as the core reaches it: its dialect implements this, and turns every notice into the client's own wire. */
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
  /** In place of the code's own message, where there is more to say. */
  readonly message?: string;
  /** The type of the message that is refused, where it is known. */
  readonly for?: ClientMessageType;
  /** The pairing that it is about, where it is about one. */
  readonly epoch?: number;
  /** The name of the room that it is about, where it is about one. */
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
      /** What the initiator's request brought along, for the responder: any JSON value. */
      readonly metadata?: unknown;
      /** The name of the room that formed it; undefined: none did. */
      readonly room: string | undefined;
      /** Of the pairing's trace; undefined where none is made. */
      readonly traceparent: string | undefined;
    }
  /** @property message why, in the words of a peer that rejected the pairing */
  | {
      readonly type: 'peer_disconnected';
      readonly peerId: string;
      readonly epoch: number;
      readonly reason: DisconnectReason;
      readonly message?: string | undefined;
    }
  | { readonly type: 'peer_away' | 'peer_back'; readonly peerId: string; readonly epoch: number }
  /** @property expiresAt milliseconds since 1970; undefined for one that lives as long as its session */
  | { readonly type: 'key'; readonly key: string; readonly expiresAt: number | undefined }
  | { readonly type: 'key_expired'; readonly key: string }
  | ({ readonly type: 'refused' } & Refusal)
  | RoomNotice
  | { readonly type: 'ping' }
  /** Its token ends then: milliseconds since 1970. */
  | { readonly type: 'token_expiring'; readonly expiresAt: number }
  /** The server goes: come back after so many milliseconds. */
  | { readonly type: 'restarting'; readonly afterMs: number };

/** A message of its peer that a client may not have yet. */
export interface UnackedFrame {
  /** The number that its sender gave it; undefined for a client that gives none. */
  readonly senderSeq: number | undefined;
  readonly text: string;
}

export interface Client {
  /** Of a client of another wire than our own: which one, for the inspector. */
  readonly dialect?: string;
  /** The id by which its user knows it, where that is not its session's. */
  readonly knownAs?: string;
  /** The game that it plays, where its wire has games. */
  readonly game?: string;
  /** Whether it wants to be paired by its keys only, by nobody who knows its id. */
  readonly isKeyOnly: boolean;
  /** Where its newest connection is from, as limits count it; empty for one that has not had any here. */
  readonly address: string;
  /** Whether its connection is open. */
  readonly isOnline: boolean;
  /** Whether it comes back after a lost connection, to what waits for it. */
  readonly isResumable: boolean;
  /** How many peers it asked to have at once. */
  readonly maxPeers: number;
  /** How often it has come back: of two copies of a session, on nodes that lost each other, the higher counts. */
  readonly generation: number;
  /** The number of its last message that came here. */
  readonly lastSenderSeq: number;

  /** Whether its peers together may send it so many bytes more before it has read what it was sent. */
  hasRoomFor(bytes: number): boolean;
  /** Bytes that each of them may make wait. */
  readonly maxWaitingBytes: number;
  /** Whether it may be told once more that a peer is away or back before it has read what it was sent. */
  readonly hasRoomForChange: boolean;

  /** What it has not acked, or not read, with what it costs to keep it. */
  readonly waitingBytes: number;
  /** Ends its connection, and frees what waits there, if that is much; whoever can come back does. */
  cutUnread(): void;
  /** Drops what peers said and it has not acked, of those pairings. */
  dropWaiting(isDropped: (epoch: number | undefined) => boolean): void;

  notify(notice: ClientNotice): void;
  /** Sends a signal of its peer in that pairing. @param relayed for a client that acks: what to keep of it until then */
  relay(signal: Signal, epoch: number, relayed: Relayed | undefined): void;
  /** Asks it, if it can, to tell how that pairing's connection goes, for so many seconds. */
  askFlow?(epoch: number, seconds: number): void;
  /** Ends its connection, which is gone for us from here on. */
  close(code: CloseCode, reason: string): void;
  /** Its session is over: nobody will ever have what waits. */
  discard(): void;

  /** The number by which its message that is under way is known wherever it goes; its ack waits for {@link acked}. */
  nextSenderSeq(): number;
  /** Its message of that number is safe with its peer, or lost with it. */
  acked(senderSeq: number): void;
  /** Whether it has yet to ack a message of its peer. */
  isWaitingFor(epoch: number, senderSeq: number): boolean;
  /** What it has not acked of what its peer said in that pairing. */
  unackedOf(epoch: number): readonly UnackedFrame[];
  /** Its session goes to another node, or was stale: it has come back once more, and not here. */
  moveAway(): void;
}

/** A session and a pairing as the shell holds them: the machine's state, and beside it what a machine may not have. */
import {
  Hosted,
  type PairingContext,
  type PairingEvent,
  type SessionContext,
  type Side,
  type TimerOwner,
} from '../../machines/index.ts';
import type { ReliableDelivery } from '../../protocol/index.ts';
import { SendingRate } from '../admission/rate-limits.ts';
import type { PendingPairRequest } from '../cluster/pairing/remote-pair-requests.ts';
import type { RemoteSession } from '../cluster/pairing/remote-session.ts';
import type { Frame } from '../dialects/native/decode-client-message.ts';
import type { ResumeToken } from '../dialects/native/resume-secrets.ts';
import type { WebSocket } from '../http/uws.ts';

/** How a client opened its socket: by the seeds' protocol, to be resumed later, or to resume. */
export type SocketKind = 'plain' | 'resumable' | 'back';

/** What uWebSockets.js keeps for a socket: its session, once it has one. Until then a timer runs. */
export interface SocketData extends TimerOwner {
  session: ServerSession | undefined;
  readonly address: string;
  readonly kind: SocketKind;
  /** While other nodes are asked for its session. */
  isReturning?: boolean;
  isClosed?: boolean;
}

export class ServerSession extends Hosted<SessionContext> {
  readonly id: string;
  /** Undefined once it is closed: every method of a closed socket throws. */
  socket: WebSocket<SocketData> | undefined;
  readonly address: string;
  readonly openedAt: number;
  /** When its machine was last told that it was heard. */
  heardAt: number;
  /** True from a ping to the next message, so that only that message costs a step. */
  isPinged = false;
  /** Whether its client was lost, and its peer told so; one that a drain sent away is on the way, and not missed. */
  isMissed = false;
  readonly rate = new SendingRate();
  /** Both only for a session that can be resumed. */
  delivery: ReliableDelivery<string | Buffer> | undefined;
  resumeToken: ResumeToken | undefined;
  /** How often its client has come back: of two copies of a session, on nodes that lost each other, the higher counts. */
  generation: number;
  /** The number of its last message that its peer was passed elsewhere: what comes again after a loss is known by it. */
  lastForwardedSeq = 0;
  /** The number of its last message for a peer that can come back, where it gives none itself. */
  lastSenderSeq = 0;
  /** What it asked other nodes for. */
  pendingPairRequest: PendingPairRequest | undefined;
  pairing: ServerPairing | undefined;
  side: Side = 'initiator';
  keys: string[] = [];

  constructor(
    id: string,
    socket: WebSocket<SocketData> | undefined,
    address: string,
    now: number,
    generation = 0,
  ) {
    super();
    this.id = id;
    this.generation = generation;
    this.socket = socket;
    this.address = address;
    this.openedAt = now;
    this.heardAt = now;
  }
}

/** One of the two that a pairing has: a client of this server, or for this server a client of another node. */
export type Party = ServerSession | RemoteSession;

export class ServerPairing extends Hosted<PairingContext> {
  initiator: Party;
  responder: Party;
  readonly epoch: number;
  readonly isRestored: boolean;
  /** Set when it is kept. */
  startedAt = 0;

  constructor(initiator: Party, responder: Party, epoch: number, isRestored = false) {
    super();
    this.initiator = initiator;
    this.responder = responder;
    this.epoch = epoch;
    this.isRestored = isRestored;
  }

  party(side: Side): Party {
    return side === 'initiator' ? this.initiator : this.responder;
  }

  other(side: Side): Party {
    return side === 'initiator' ? this.responder : this.initiator;
  }

  /** Puts a party in its place: at the start, and when a client moves to another node or from there to this one. */
  seat(side: Side, party: Party): void {
    this[side] = party;
    party.pairing = this;
    party.side = side;
  }

  /** Those of the two that are this server's. */
  get clients(): ServerSession[] {
    return [this.initiator, this.responder].filter((party) => party instanceof ServerSession);
  }
}

/**
 * A pairing's event with the frame that caused it, for the effect that relays it; `senderSeq` is the number that its sender
 * gave a frame that comes from another node.
 */
export type ServerPairingEvent = PairingEvent & {
  readonly frame?: Frame;
  readonly senderSeq?: number | undefined;
};

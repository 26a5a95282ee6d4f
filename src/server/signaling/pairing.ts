/** A pairing as the server holds it, and what it asks of its two parties. */
import {
  Hosted,
  type MachineHost,
  type PairingContext,
  type PairingEvent,
  type pairingMachine,
  type Side,
} from '../../machines/index.ts';
import type { DisconnectReason } from '../../protocol/index.ts';
import type { Grants } from '../admission/tokens/grants.ts';
import type { Refusal } from './client.ts';
import type { IceServer } from './ice-servers.ts';
import type { Signal } from './signal.ts';

/**
 * What a pairing asks of either of its two parties: a client of this node or of another, and callers never need to know
 * which.
 */
export interface Party {
  readonly id: string;
  /** Whether its client can resume after a lost connection. */
  readonly isResumable: boolean;
  /**
   * How often its client has come back. If two nodes that lost each other hold copies of a session, the higher
   * generation counts.
   */
  readonly generation: number;
  /** Whether its client has lost its connection and the peer was told so. */
  readonly isMissed: boolean;
  /** Its client's address, as limits count it; undefined for a client of another node. */
  readonly address?: string;
  /** Undefined before the party is seated, and once the pairing has ended or moved to another node. */
  readonly pairing: ServerPairing | undefined;
  readonly side: Side;

  /** The party has this side of the pairing from now on. */
  seated(pairing: ServerPairing, side: Side): void;
  /** The party gives up its side: its client is at another node, and the pairing goes on there. */
  vacate(): void;
  /** @param iceServersFor returns the ICE servers for a client, by its id and grants */
  paired(pairing: ServerPairing, iceServersFor: IceServersFor): void;
  /** The pairing is made again after a restart; its client already knows of it. */
  restored(pairing: ServerPairing): void;
  advanced(event: 'NEGOTIATION_STARTED' | 'CONNECTED'): void;
  /** Whether a signal of this many bytes may still wait for its client. */
  hasRoomFor(bytes: number): boolean;
  /** @param senderSeq the number that its sender gave it at another node; undefined: the sender is asked */
  deliver(signal: Signal, pairing: ServerPairing, from: Side, senderSeq: number | undefined): void;
  /**
   * Its peer reported the state of its connection. This node's machine has counted the report; a remote party passes it
   * to its node.
   */
  shareReport(report: Signal): void;
  refuse(refusal: Refusal): void;
  notify(change: 'peer_away' | 'peer_back', peerId: string): void;
  /**
   * Its peer is gone.
   * @param message the reason given by a peer that rejected the pairing
   */
  disconnected(reason: DisconnectReason, peerId: string, message?: string): void;
  /** Its client ended the pairing with that peer, and may not want it back at once. */
  leaves(peerId: string): void;
  /** The pairing is over. */
  release(): void;

  /** The number of its client's signal that is being handled; undefined if it came without one from another node. */
  nextSenderSeq(): number | undefined;
  /** The peer has acked the client's signal of that number, or the signal is lost together with the peer. */
  acked(senderSeq: number): void;
  /** Whether its client has yet to ack a signal of its peer, as far as this node knows. */
  isWaitingFor(epoch: number, senderSeq: number): boolean;
  /** Whether the party goes on when this node stops. */
  outlivesNode(hasOtherNodes: boolean): boolean;
}

/** Follows what becomes of pairings, besides their two parties. */
export interface PairingWatcher {
  /** The pairing begins at this node: it is new, or came with a client. */
  paired(pairing: ServerPairing): void;
  negotiating(pairing: ServerPairing): void;
  connected(pairing: ServerPairing): void;
  ended(pairing: ServerPairing, reason: DisconnectReason): void;
  /** The pairing has moved to another node. */
  moved?(pairing: ServerPairing): void;
}

/** What one or both clients are told about how the pairing came about. */
export interface PairingDetails {
  /** The metadata of the initiator's request, for the responder: any JSON value. */
  readonly metadata?: unknown;
  /** The room that formed the pairing. */
  readonly room?: string | undefined;
  /** The initiator's span, of whose trace the pairing becomes a part. */
  readonly traceparent?: string | undefined;
}

export type IceServersFor = (clientId: string, grants: Grants) => IceServer[] | undefined;

/**
 * A pairing's event with the signal that caused it, for the effect that relays it. `senderSeq` is the number that the
 * sender gave a signal that comes from another node. `areBothHere`: the server ends the pairing, and both clients are
 * told.
 */
export type ServerPairingEvent = PairingEvent & {
  readonly signal?: Signal;
  readonly senderSeq?: number | undefined;
  readonly areBothHere?: true;
  /** The reason given by a client that rejected the pairing. */
  readonly message?: string | undefined;
};

export type PairingHost = MachineHost<typeof pairingMachine, ServerPairing, ServerPairingEvent>;

export class ServerPairing extends Hosted<PairingContext> {
  initiator: Party;
  responder: Party;
  readonly epoch: number;
  readonly startedAt: number;
  details: PairingDetails;
  /** How often a side was given to a party. */
  seatings = 0;
  /** W3C trace context of the pairing's trace; undefined if it is not traced. */
  traceparent: string | undefined;

  /** @param now milliseconds of the server's clock */
  constructor(initiator: Party, responder: Party, epoch: number, now: number, details: PairingDetails = {}) {
    super();
    this.initiator = initiator;
    this.responder = responder;
    this.epoch = epoch;
    this.startedAt = now;
    this.details = details;
    this.seat('initiator', initiator);
    this.seat('responder', responder);
  }

  /** Drops the request's metadata once both clients have been told. */
  forgetMetadata(): void {
    const { room, traceparent } = this.details;
    this.details = { room, traceparent };
  }

  party(side: Side): Party {
    return side === 'initiator' ? this.initiator : this.responder;
  }

  other(side: Side): Party {
    return side === 'initiator' ? this.responder : this.initiator;
  }

  get parties(): readonly [Party, Party] {
    return [this.initiator, this.responder];
  }

  /** Puts a party on its side: at the start, and when a client moves from or to another node. */
  seat(side: Side, party: Party): void {
    this[side] = party;
    this.seatings += 1;
    party.seated(this, side);
  }
}

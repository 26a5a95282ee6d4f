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

/** What a pairing asks of either of its two: a client of this node, or of another. Nobody asks which of them it is. */
export interface Party {
  readonly id: string;
  /** Whether its client comes back after a lost connection. */
  readonly isResumable: boolean;
  /** How often its client has come back: of two copies, on nodes that lost each other, the higher counts. */
  readonly generation: number;
  /** Whether its client is lost, and its peer was told so. */
  readonly isMissed: boolean;
  /** Where its client connects from, as limits count it; left out for one of another node. */
  readonly address?: string;
  /** Undefined before it is seated, and once the pairing is over or goes on elsewhere. */
  readonly pairing: ServerPairing | undefined;
  readonly side: Side;

  /** It has that place in the pairing from here on. */
  seated(pairing: ServerPairing, side: Side): void;
  /** It has the place no longer: its client is at another node, and the pairing goes on there. */
  vacate(): void;
  /** @param iceServersFor those for the client of that id, which may have what it was granted */
  paired(pairing: ServerPairing, iceServersFor: IceServersFor): void;
  /** The pairing is made again after a restart, which its client knows. */
  restored(pairing: ServerPairing): void;
  advanced(event: 'NEGOTIATION_STARTED' | 'CONNECTED'): void;
  /** Whether a signal of so many bytes more may wait for its client. */
  hasRoomFor(bytes: number): boolean;
  /** @param senderSeq the number that its sender gave it at another node; left out, the sender is asked */
  deliver(signal: Signal, pairing: ServerPairing, from: Side, senderSeq: number | undefined): void;
  /** Its peer reported how its connection is, which this node's machine counts; another node's has to know, too. */
  shareReport(report: Signal): void;
  refuse(refusal: Refusal): void;
  notify(change: 'peer_away' | 'peer_back', peerId: string): void;
  /** Its peer is gone. @param message why, in the words of a peer that rejected the pairing */
  disconnected(reason: DisconnectReason, peerId: string, message?: string): void;
  /** Its client ended the pairing with the other one, and may not want it back at once. */
  leaves(peerId: string): void;
  /** The pairing is over. */
  release(): void;

  /** The number of the signal of its client that is under way; undefined when it came without one from another node. */
  nextSenderSeq(): number | undefined;
  /** Its signal of that number is safe with its peer, or lost with it. */
  acked(senderSeq: number): void;
  /** Whether its client has yet to ack a signal of its peer, as far as this node knows. */
  isWaitingFor(epoch: number, senderSeq: number): boolean;
  /** Whether it goes on when this node ends. */
  outlivesNode(hasOtherNodes: boolean): boolean;
}

/** Who follows what becomes of pairings, beside their two parties. */
export interface PairingWatcher {
  /** It begins here: anew, or with a client that came. */
  paired(pairing: ServerPairing): void;
  negotiating(pairing: ServerPairing): void;
  connected(pairing: ServerPairing): void;
  ended(pairing: ServerPairing, reason: DisconnectReason): void;
  /** It goes on at another node. */
  moved?(pairing: ServerPairing): void;
}

/** What both or one of the two are told of how a pairing came about. */
export interface PairingDetails {
  /** What the initiator's request brought along, for the responder: any JSON value. */
  readonly metadata?: unknown;
  /** The room that formed it. */
  readonly room?: string | undefined;
  /** The span of its initiator that its trace is a part of. */
  readonly traceparent?: string | undefined;
}

export type IceServersFor = (clientId: string, grants: Grants) => IceServer[] | undefined;

/**
 * A pairing's event with the signal that caused it, for the effect that relays it; `senderSeq` is the number that its
 * sender gave a signal that comes from another node. `areBothHere`: the server ends the pairing, and both are told.
 */
export type ServerPairingEvent = PairingEvent & {
  readonly signal?: Signal;
  readonly senderSeq?: number | undefined;
  readonly areBothHere?: true;
  /** Why a client rejected the pairing, in its words. */
  readonly message?: string | undefined;
};

export type PairingHost = MachineHost<typeof pairingMachine, ServerPairing, ServerPairingEvent>;

export class ServerPairing extends Hosted<PairingContext> {
  initiator: Party;
  responder: Party;
  readonly epoch: number;
  readonly startedAt: number;
  details: PairingDetails;
  /** Of its trace; undefined where none is made. */
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

  /** Both have been told what its request brought along: nobody needs it any longer. */
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

  /** Puts a party in its place: at the start, and when a client moves to another node or from there to this one. */
  seat(side: Side, party: Party): void {
    this[side] = party;
    party.seated(this, side);
  }
}

/**
 * A pairing of two sessions, as the server sees it. It knows the order of a negotiation (RFC 8829 section 3.2): every
 * offer, answer and candidate is an event here, and reaches the peer only by the effect `relayToPeer`.
 *
 * The initiator asked for the pairing; the responder is polite: if both offer at once, the responder's offer yields
 * (W3C WebRTC 10.7, perfect negotiation). A signal that names another epoch belongs to an earlier pairing of its
 * sender, and is dropped. A client that never reports stays in `negotiating`, and no deadline ends that.
 *
 * Clients with several connections, or with signals of their own, keep their own order: everything is relayed.
 */
import { assign, setup } from 'xstate';
import type { DisconnectReason, ErrorCode } from '../../protocol/index.ts';
import { effect } from '../host/effect.ts';

export type Side = 'initiator' | 'responder';

export interface PairingContext {
  readonly initiatorId: string;
  readonly responderId: string;
  readonly epoch: number;
  /** The side whose offer is pending, or was the last one. */
  readonly offerer: Side | undefined;
  readonly isInitiatorConnected: boolean;
  readonly isResponderConnected: boolean;
}

export type PairingInput = Pick<PairingContext, 'initiatorId' | 'responderId' | 'epoch'>;

interface FromSide {
  readonly from: Side;
  /** The pairing that the sender meant; a client that does not use epochs means the current one. */
  readonly epoch: number | undefined;
}

export type PairingEventFromPeer =
  /** @property connectionId which connection it is for, if the two have several */
  | ({
      type: 'OFFER_RECEIVED' | 'ANSWER_RECEIVED' | 'CANDIDATE_RECEIVED';
      connectionId?: string | undefined;
    } & FromSide)
  /** @property type `SIGNAL_RECEIVED`: any other signal between the two */
  | ({ type: 'SIGNAL_RECEIVED' | 'UNPAIR_RECEIVED' } & FromSide)
  | ({ type: 'REPORT_RECEIVED'; isConnected: boolean } & FromSide);

/** One of the two sessions ended. */
export type PairingEventFromTransport = { type: 'PEER_LOST'; from: Side; reason: DisconnectReason };

/**
 * How the pairing came about: a client asked for it, or came back first. Or one of the two moved to another node, and
 * its side with it.
 */
export type PairingEventFromServer = { type: 'FORMED' | 'RESTORED' | 'MOVED'; from: Side };

export type PairingEvent = PairingEventFromPeer | PairingEventFromTransport | PairingEventFromServer;

const effects = {
  announcePairing: effect(),
  restorePairing: effect(),
  relayToPeer: effect(),
  refuse: effect<{ code: ErrorCode }>(),
  announceNegotiation: effect(),
  announceConnection: effect(),
  endPairing: effect(),
  forgetPairing: effect(),
};
export type PairingEffects = typeof effects;

const isCurrent = (context: PairingContext, event: PairingEvent) =>
  !('epoch' in event) || event.epoch === undefined || event.epoch === context.epoch;

export const pairingMachine = setup({
  types: {
    context: {} as PairingContext,
    events: {} as PairingEvent,
    input: {} as PairingInput,
  },
  actions: {
    ...effects,
    rememberOfferer: assign(({ event }) => ({
      offerer: event.from,
      isInitiatorConnected: false,
      isResponderConnected: false,
    })),
    rememberReport: assign(({ context, event }) => ({
      isInitiatorConnected:
        event.from === 'initiator' ? isReportOfConnected(event) : context.isInitiatorConnected,
      isResponderConnected:
        event.from === 'responder' ? isReportOfConnected(event) : context.isResponderConnected,
    })),
  },
  guards: {
    isCurrentEpoch: ({ context, event }) => isCurrent(context, event),
    isOfOneOfSeveral: ({ context, event }) =>
      isCurrent(context, event) && 'connectionId' in event && event.connectionId !== undefined,
    /** The offerer may send a new offer; if both offer at once, the impolite side's offer wins. */
    isOfferToHear: ({ context, event }) =>
      isCurrent(context, event) && (event.from === context.offerer || event.from === 'initiator'),
    isFromAnswerer: ({ context, event }) => isCurrent(context, event) && event.from !== context.offerer,
    isLastToConnect: ({ context, event }) =>
      isCurrent(context, event) &&
      isReportOfConnected(event) &&
      (event.from === 'initiator' ? context.isResponderConnected : context.isInitiatorConnected),
    isReportOfLoss: ({ context, event }) => isCurrent(context, event) && !isReportOfConnected(event),
  },
}).createMachine({
  id: 'pairing',
  description: 'A pairing of two clients.',
  context: ({ input }) => ({
    initiatorId: input.initiatorId,
    responderId: input.responderId,
    epoch: input.epoch,
    offerer: undefined,
    isInitiatorConnected: false,
    isResponderConnected: false,
  }),
  initial: 'forming',
  on: {
    CANDIDATE_RECEIVED: { guard: 'isCurrentEpoch', actions: 'relayToPeer' },
    SIGNAL_RECEIVED: { guard: 'isCurrentEpoch', actions: 'relayToPeer' },
    ANSWER_RECEIVED: { guard: 'isCurrentEpoch', actions: { type: 'refuse', params: { code: 'no_offer' } } },
    // An `unpair` that crossed the end of its pairing must not end the next one.
    UNPAIR_RECEIVED: { guard: 'isCurrentEpoch', target: '.disconnected' },
    PEER_LOST: { target: '.disconnected' },
    MOVED: { target: '.moved' },
  },
  states: {
    forming: {
      description: 'Two sessions are about to be paired, or paired again after a restart.',
      on: {
        FORMED: { target: 'paired' },
        RESTORED: { target: 'negotiating.unordered', actions: 'restorePairing' },
      },
    },
    paired: {
      description: 'Both clients know each other; neither has sent an offer yet.',
      entry: 'announcePairing',
      on: {
        OFFER_RECEIVED: [
          {
            guard: 'isOfOneOfSeveral',
            target: 'negotiating.unordered',
            actions: ['rememberOfferer', 'relayToPeer'],
          },
          {
            guard: 'isCurrentEpoch',
            target: 'negotiating',
            actions: ['rememberOfferer', 'relayToPeer'],
          },
        ],
        // The offer that it answers may have come before this pairing was restored, through a server that has restarted
        // since.
        ANSWER_RECEIVED: {
          guard: 'isOfOneOfSeveral',
          target: 'negotiating.unordered',
          actions: 'relayToPeer',
        },
        SIGNAL_RECEIVED: {
          guard: 'isCurrentEpoch',
          target: 'negotiating.unordered',
          actions: 'relayToPeer',
        },
      },
    },
    negotiating: {
      description: 'The clients are negotiating a connection.',
      entry: 'announceNegotiation',
      initial: 'offered',
      states: {
        offered: {
          description: 'An offer was sent and awaits its answer.',
          on: {
            OFFER_RECEIVED: [
              { guard: 'isOfferToHear', actions: ['rememberOfferer', 'relayToPeer'] },
              { guard: 'isCurrentEpoch', actions: { type: 'refuse', params: { code: 'offer_collision' } } },
            ],
            ANSWER_RECEIVED: { guard: 'isFromAnswerer', target: 'answered', actions: 'relayToPeer' },
          },
        },
        unordered: {
          description:
            'The server does not check the order of signals until both clients report that they are connected: it lost their progress, or they keep their own order.',
          on: {
            // Clients resend what was unacked, including old descriptions, along with new ones of the other side.
            // Numbers let the receiver recognize a repeated one, and an old answer must not pass for one to a new
            // offer.
            OFFER_RECEIVED: { guard: 'isCurrentEpoch', actions: ['rememberOfferer', 'relayToPeer'] },
            ANSWER_RECEIVED: { guard: 'isCurrentEpoch', actions: 'relayToPeer' },
            REPORT_RECEIVED: [
              { guard: 'isLastToConnect', target: '#pairing.connected', actions: 'rememberReport' },
              { guard: 'isCurrentEpoch', actions: 'rememberReport' },
            ],
          },
        },
        answered: {
          description: 'Offer and answer were exchanged; the clients check candidate pairs.',
          on: {
            OFFER_RECEIVED: {
              guard: 'isCurrentEpoch',
              target: 'offered',
              actions: ['rememberOfferer', 'relayToPeer'],
            },
            REPORT_RECEIVED: [
              { guard: 'isLastToConnect', target: '#pairing.connected', actions: 'rememberReport' },
              { guard: 'isCurrentEpoch', actions: 'rememberReport' },
            ],
          },
        },
      },
    },
    connected: {
      description: 'Both clients reported that they are connected.',
      entry: 'announceConnection',
      on: {
        OFFER_RECEIVED: {
          guard: 'isCurrentEpoch',
          target: 'negotiating',
          actions: ['rememberOfferer', 'relayToPeer'],
        },
        REPORT_RECEIVED: {
          guard: 'isReportOfLoss',
          target: 'negotiating.answered',
          actions: 'rememberReport',
        },
      },
    },
    disconnected: {
      description: 'One of the two left or was lost; both are unpaired.',
      type: 'final',
      entry: 'endPairing',
    },
    moved: {
      description: 'The pairing goes on at another node.',
      type: 'final',
      entry: 'forgetPairing',
    },
  },
});

function isReportOfConnected(event: PairingEvent): boolean {
  return event.type === 'REPORT_RECEIVED' && event.isConnected;
}

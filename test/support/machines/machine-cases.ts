/**
 * For each machine the events that it may be sent, with every payload that a guard tells apart. The maps are typed by
 * event, so that a new one without a case does not compile.
 */
import type { AnyStateMachine } from 'xstate';
import {
  type NegotiationEvent,
  type NegotiationSettings,
  type NodeLinkEvent,
  negotiationMachine,
  nodeLinkMachine,
  type PairingEvent,
  type PairTarget,
  type PlayerEvent,
  pairingMachine,
  playerMachine,
  type RemoteSessionEvent,
  relayLinkMachine,
  remoteSessionMachine,
  type SessionEvent,
  type Side,
  sessionMachine,
} from '../../../src/machines/index.ts';
import { relayLinkEvents } from '../relay/relay-cases.ts';

type Cases<Event extends { type: string }> = {
  readonly [Type in Event['type']]: readonly OfType<Event, Type>[];
};

/** Like Extract, also where one member of the union stands for several types. */
type OfType<Event extends { type: string }, Type extends string> = Event extends unknown
  ? Type extends Event['type']
    ? Omit<Event, 'type'> & { type: Type }
    : never
  : never;

export interface MachineCase {
  readonly machine: AnyStateMachine;
  /** What it may start with. */
  readonly inputs: readonly unknown[];
  readonly events: readonly { type: string }[];
}

export const EPOCH = 7;
const bothSides: readonly Side[] = ['initiator', 'responder'];
/** From each side, for this pairing, for an earlier one, and from a client that knows no epochs. */
const signals = bothSides.flatMap((from) => [EPOCH, EPOCH - 1, undefined].map((epoch) => ({ from, epoch })));
const targets: readonly PairTarget[] = [
  'guessed_too_often',
  'unknown_key',
  'unknown',
  'self',
  'taken',
  'free',
  'elsewhere',
  'unreachable',
];

export const sessionEvents: Cases<SessionEvent> = {
  PAIR_REQUESTED: targets.map((target) => ({
    type: 'PAIR_REQUESTED',
    target,
    targetId: 'other',
    key: undefined,
  })),
  KEY_REQUESTED: [true, false].map((hasRoom) => ({ type: 'KEY_REQUESTED', ttlS: 60, uses: 1, hasRoom })),
  OFFER_RECEIVED: [{ type: 'OFFER_RECEIVED' }],
  ANSWER_RECEIVED: [{ type: 'ANSWER_RECEIVED' }],
  CANDIDATE_RECEIVED: [{ type: 'CANDIDATE_RECEIVED' }],
  REPORT_RECEIVED: [{ type: 'REPORT_RECEIVED' }],
  UNPAIR_RECEIVED: [{ type: 'UNPAIR_RECEIVED' }],
  PAIRED: [true, false].map((isGranted) => ({ type: 'PAIRED', peerId: 'other', isGranted })),
  GRANTED: [{ type: 'GRANTED', targetId: 'other', node: 2, isResumable: true, epoch: EPOCH }],
  DENIED: [{ type: 'DENIED', code: 'target_not_found' }],
  MOVED: [{ type: 'MOVED' }],
  NEGOTIATION_STARTED: [{ type: 'NEGOTIATION_STARTED' }],
  CONNECTED: [{ type: 'CONNECTED' }],
  UNPAIRED: [{ type: 'UNPAIRED' }],
  HEARD: [{ type: 'HEARD' }],
  RESUMED: [{ type: 'RESUMED' }],
  SOCKET_CLOSED: [true, false].map((isGoodbye) => ({ type: 'SOCKET_CLOSED', isGoodbye })),
  CLOSED_BY_SERVER: ([1001, 1012, 1013] as const).map((code) => ({
    type: 'CLOSED_BY_SERVER',
    code,
    reason: 'a reason',
  })),
};

export const pairingEvents: Cases<PairingEvent> = {
  FORMED: [{ type: 'FORMED', from: 'initiator' }],
  RESTORED: [{ type: 'RESTORED', from: 'initiator' }],
  MOVED: [{ type: 'MOVED', from: 'initiator' }],
  OFFER_RECEIVED: signals.map((signal) => ({ type: 'OFFER_RECEIVED', ...signal })),
  ANSWER_RECEIVED: signals.map((signal) => ({ type: 'ANSWER_RECEIVED', ...signal })),
  CANDIDATE_RECEIVED: signals.map((signal) => ({ type: 'CANDIDATE_RECEIVED', ...signal })),
  REPORT_RECEIVED: signals.flatMap((signal) =>
    [true, false].map((isConnected) => ({ type: 'REPORT_RECEIVED' as const, isConnected, ...signal })),
  ),
  UNPAIR_RECEIVED: signals.map((signal) => ({ type: 'UNPAIR_RECEIVED', ...signal })),
  PEER_LOST: bothSides.map((from) => ({ type: 'PEER_LOST', from, reason: 'disconnected' })),
};

export const negotiationEvents: Cases<NegotiationEvent> = {
  UNPAIR_ASKED: [true, false].map((hasUnsent) => ({ type: 'UNPAIR_ASKED', hasUnsent })),
  CLOSE_ASKED: [true, false].map((hasUnsent) => ({ type: 'CLOSE_ASKED', hasUnsent })),
  WELCOMED: [true, false].map((isResumed) => ({ type: 'WELCOMED', id: 'me', isResumed })),
  PAIRED: [true, false].map((isInitiator) => ({
    type: 'PAIRED',
    peerId: 'other',
    isInitiator,
    isPolite: !isInitiator,
  })),
  OFFER_RECEIVED: [{ type: 'OFFER_RECEIVED' }],
  ANSWER_RECEIVED: [{ type: 'ANSWER_RECEIVED' }],
  CANDIDATE_RECEIVED: [{ type: 'CANDIDATE_RECEIVED' }],
  PEER_DISCONNECTED: [{ type: 'PEER_DISCONNECTED' }],
  SOCKET_LOST: [
    ...[true, false].map((mayReturn) => ({ type: 'SOCKET_LOST' as const, mayReturn, random: 0.5 })),
    { type: 'SOCKET_LOST', mayReturn: true, random: 0.5, afterMs: 2_000 },
  ],
  LOCAL_OFFER_SET: [{ type: 'LOCAL_OFFER_SET' }],
  LOCAL_ANSWER_SET: [{ type: 'LOCAL_ANSWER_SET' }],
  LOCAL_CANDIDATE_FOUND: [{ type: 'LOCAL_CANDIDATE_FOUND' }],
  DESCRIPTION_REFUSED: [{ type: 'DESCRIPTION_REFUSED' }],
  CONNECTION_ESTABLISHED: [{ type: 'CONNECTION_ESTABLISHED' }],
  CONNECTION_FAILED: [{ type: 'CONNECTION_FAILED' }],
  NETWORK_CHANGED: [{ type: 'NETWORK_CHANGED' }],
  CLOSED_BY_PEER: [{ type: 'CLOSED_BY_PEER' }],
  DRAINED: [{ type: 'DRAINED' }],
  CANDIDATE_REFUSED: [{ type: 'CANDIDATE_REFUSED', reason: 'invalid' }],
};

export const playerEvents: Cases<PlayerEvent> = {
  JOIN_REQUESTED: ['here', 'there'].flatMap((gameId) =>
    (['free', 'taken', 'full', 'one_game_too_many'] as const).map((place) => ({
      type: 'JOIN_REQUESTED',
      gameId,
      playerId: '1',
      place,
    })),
  ),
  LEAVE_REQUESTED: ['here', 'there', undefined].map((gameId) => ({ type: 'LEAVE_REQUESTED', gameId })),
  SIGNAL_RECEIVED: ['here', 'there'].flatMap((gameId) =>
    (['player', 'self', 'unknown_player', 'unknown_game'] as const).map((target) => ({
      type: 'SIGNAL_RECEIVED',
      gameId,
      target,
    })),
  ),
  SOCKET_CLOSED: [{ type: 'SOCKET_CLOSED' }],
};

export const remoteSessionEvents: Cases<RemoteSessionEvent> = {
  WENT_AWAY: [{ type: 'WENT_AWAY' }],
  MOVING: [{ type: 'MOVING' }],
  CUT_OFF: [{ type: 'CUT_OFF' }],
  RECLAIMED: [true, false].map((isAway) => ({ type: 'RECLAIMED', isAway })),
  RELEASED: [{ type: 'RELEASED' }],
};

export const nodeLinkEvents: Cases<NodeLinkEvent> = {
  GREETED: [{ type: 'GREETED' }],
  HEARD: [{ type: 'HEARD' }],
  UNREACHABLE: [{ type: 'UNREACHABLE' }],
  FORGOTTEN: [{ type: 'FORGOTTEN' }],
  OVERFULL: [{ type: 'OVERFULL' }],
  BUS_DOWN: [{ type: 'BUS_DOWN' }],
  BUS_UP: [{ type: 'BUS_UP' }],
};

/** Multiples of the timer wheel's tick, so that an actor's clock and the wheel agree to the millisecond. */
export const negotiationSettings: NegotiationSettings = {
  signalingTimeoutMs: 10_000,
  offerTimeoutMs: 15_000,
  answerTimeoutMs: 15_000,
  checkingTimeoutMs: 30_000,
  drainTimeoutMs: 1_000,
  maxRestarts: 2,
  backoffBaseMs: 500,
  backoffCapMs: 30_000,
  reconnect: true,
};

export const sessionInput = (isResumable: boolean) => ({
  id: 'me',
  isResumable,
  settings: { pingIntervalMs: 30_000, pingTimeoutMs: 10_000, resumeGraceMs: 20_000 },
});

const all = (cases: Readonly<Record<string, readonly { type: string }[]>>) => Object.values(cases).flat();

export const machineCases: readonly (readonly [string, MachineCase])[] = [
  [
    'session',
    {
      machine: sessionMachine,
      inputs: [sessionInput(false), sessionInput(true)],
      events: all(sessionEvents),
    },
  ],
  [
    'pairing',
    {
      machine: pairingMachine,
      inputs: [{ initiatorId: 'initiator', responderId: 'responder', epoch: EPOCH }],
      events: all(pairingEvents),
    },
  ],
  ['player', { machine: playerMachine, inputs: [undefined], events: all(playerEvents) }],
  [
    'negotiation',
    {
      machine: negotiationMachine,
      inputs: [{ settings: negotiationSettings }],
      events: all(negotiationEvents),
    },
  ],
  [
    'node-link',
    {
      machine: nodeLinkMachine,
      inputs: [{ node: 2, settings: { beatMs: 1_000, silenceMs: 3_500, suspendedMs: 3_500 } }],
      events: all(nodeLinkEvents),
    },
  ],
  [
    'remote-session',
    {
      machine: remoteSessionMachine,
      inputs: [true, false].map((isResumable) => ({ id: 'other', isResumable, resumeGraceMs: 30_000 })),
      events: all(remoteSessionEvents),
    },
  ],
  [
    'relay-link',
    { machine: relayLinkMachine, inputs: [{ isParent: false }, { isParent: true }], events: relayLinkEvents },
  ],
];

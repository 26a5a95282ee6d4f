/** Examples of a session's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import type { PairTarget, SessionInput } from './session-events.ts';
import { sessionMachine } from './session-machine.ts';

const targets: readonly PairTarget[] = [
  'guessed_too_often',
  'unknown_key',
  'unknown',
  'self',
  'peer',
  'left',
  'taken',
  'free',
  'elsewhere',
  'unreachable',
];
const ALL = 'pair key join create lead turn';
const inputOf = (isResumable: boolean, maxPeers = 1): SessionInput => ({
  id: 'me',
  maxPeers,
  isResumable,
  may: ALL,
  settings: { pingIntervalMs: 30_000, pingTimeoutMs: 10_000, resumeGraceMs: 20_000 },
});

export const sessionExamples: MachineExamples<typeof sessionMachine> = {
  machine: sessionMachine,
  inputs: [inputOf(false), inputOf(true), inputOf(false, 2)],
  events: {
    PAIR_REQUESTED: targets.map((target) => ({
      type: 'PAIR_REQUESTED',
      target,
      targetId: 'other',
      key: undefined,
    })),
    KEY_REQUESTED: [true, false].map((hasRoom) => ({ type: 'KEY_REQUESTED', ttlS: 60, uses: 1, hasRoom })),
    // The last one has longer left than a timer can run.
    TOKEN_ACCEPTED: [
      { type: 'TOKEN_ACCEPTED', lifetimeMs: 10_000, may: '' },
      { type: 'TOKEN_ACCEPTED', lifetimeMs: 10_000, may: 'join' },
      { type: 'TOKEN_ACCEPTED', lifetimeMs: 2 ** 32, may: 'join' },
    ],
    JOIN_REQUESTED: [
      { type: 'JOIN_REQUESTED', isCovered: true, creates: false },
      { type: 'JOIN_REQUESTED', isCovered: true, creates: true },
      { type: 'JOIN_REQUESTED', isCovered: false, creates: false },
    ],
    LOCK_REQUESTED: [{ type: 'LOCK_REQUESTED' }],
    OFFER_RECEIVED: [{ type: 'OFFER_RECEIVED' }],
    ANSWER_RECEIVED: [{ type: 'ANSWER_RECEIVED' }],
    CANDIDATE_RECEIVED: [{ type: 'CANDIDATE_RECEIVED' }],
    SIGNAL_RECEIVED: [{ type: 'SIGNAL_RECEIVED' }],
    REPORT_RECEIVED: [{ type: 'REPORT_RECEIVED' }],
    UNPAIR_RECEIVED: [{ type: 'UNPAIR_RECEIVED' }],
    REJECT_RECEIVED: [{ type: 'REJECT_RECEIVED' }],
    PAIRED: [
      { type: 'PAIRED', epoch: 7, peerId: 'other' },
      { type: 'PAIRED', epoch: 7, peerId: 'other', answers: 'granted' },
      { type: 'PAIRED', epoch: 7, peerId: 'other', answers: 'crossed' },
      { type: 'PAIRED', epoch: 8, peerId: 'another' },
    ],
    GRANTED: [{ type: 'GRANTED', targetId: 'other', node: 2, isResumable: true, epoch: 7 }],
    DENIED: [{ type: 'DENIED', code: 'target_not_found' }],
    MOVED: [{ type: 'MOVED' }],
    NEGOTIATION_STARTED: [7, 8].map((epoch) => ({ type: 'NEGOTIATION_STARTED', epoch })),
    CONNECTED: [7, 8].map((epoch) => ({ type: 'CONNECTED', epoch })),
    UNPAIRED: [7, 8].map((epoch) => ({ type: 'UNPAIRED', epoch })),
    HEARD: [{ type: 'HEARD' }],
    RESUMED: [{ type: 'RESUMED' }],
    SOCKET_CLOSED: [true, false].map((isGoodbye) => ({ type: 'SOCKET_CLOSED', isGoodbye })),
    CLOSED_BY_SERVER: ([1001, 1012, 1013] as const).map((code) => ({
      type: 'CLOSED_BY_SERVER',
      code,
      reason: 'a reason',
    })),
  },
};

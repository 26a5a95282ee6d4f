/**
 * A session of another node that is paired with one of this node, as this node sees it. Its client may be away, and its
 * node may be lost; in both cases it may come back, to that node or to another one, which then reports it.
 */
import { assign, setup } from 'xstate';
import { effect } from '../host/effect.ts';

export interface RemoteSessionContext {
  readonly id: string;
  /** Whether its client can resume after a lost socket. */
  readonly isResumable: boolean;
  /** How long it may be cut off, in milliseconds. */
  readonly resumeGraceMs: number;
  /** Whether its peer was told that it is away. */
  readonly isMissed: boolean;
}

export type RemoteSessionInput = RemoteSessionContext;

export type RemoteSessionEvent =
  /** Its client lost its socket; its node waits for it. */
  | { type: 'WENT_AWAY' }
  /** Its client came to another node, which has not reported it yet. */
  | { type: 'MOVING' }
  /** The node that has it is lost, or was never known. */
  | { type: 'CUT_OFF' }
  /** A node has it; its client is there or away. */
  | { type: 'RECLAIMED'; isAway: boolean }
  /** The pairing ended. */
  | { type: 'RELEASED' };

const effects = {
  announceAway: effect(),
  announceBack: effect(),
  losePeer: effect(),
};
export type RemoteSessionEffects = typeof effects;

const goesAway = ['announceAway', 'rememberAway'] as const;
const comesBack = ['announceBack', 'rememberBack'] as const;

export const remoteSessionMachine = setup({
  types: {
    context: {} as RemoteSessionContext,
    events: {} as RemoteSessionEvent,
    input: {} as RemoteSessionInput,
  },
  actions: {
    ...effects,
    rememberAway: assign({ isMissed: true }),
    rememberBack: assign({ isMissed: false }),
  },
  guards: {
    mayReturn: ({ context }) => context.isResumable,
    isMissed: ({ context }) => context.isMissed,
    isKnownAway: ({ context, event }) => event.type === 'RECLAIMED' && event.isAway && context.isMissed,
    isReclaimedAway: ({ event }) => event.type === 'RECLAIMED' && event.isAway,
  },
  delays: {
    resumeGrace: ({ context }) => context.resumeGraceMs,
  },
}).createMachine({
  id: 'remote-session',
  description: 'A client of another node, paired with one of this node.',
  context: ({ input }) => input,
  initial: 'online',
  on: { RELEASED: { target: '.released' } },
  states: {
    online: {
      description: 'The client is connected to its node.',
      on: {
        WENT_AWAY: { target: 'away', actions: goesAway },
        RECLAIMED: { guard: 'isReclaimedAway', target: 'away', actions: goesAway },
        MOVING: { target: 'moving' },
        CUT_OFF: [{ guard: 'mayReturn', target: 'cutOff', actions: goesAway }, { target: 'lost' }],
      },
    },
    away: {
      description: 'The client lost its socket; its node waits for it, and reports if it gives up.',
      on: {
        RECLAIMED: [
          { guard: 'isReclaimedAway', target: 'away' },
          { target: 'online', actions: comesBack },
        ],
        MOVING: { target: 'moving' },
        CUT_OFF: { target: 'cutOff' },
      },
    },
    moving: {
      description: 'The client is moving from one node to another; its peer need not know.',
      on: {
        RECLAIMED: [
          { guard: 'isKnownAway', target: 'away' },
          { guard: 'isReclaimedAway', target: 'away', actions: goesAway },
          { guard: 'isMissed', target: 'online', actions: comesBack },
          { target: 'online' },
        ],
        CUT_OFF: [
          { guard: 'isMissed', target: 'cutOff' },
          { target: 'cutOff', actions: goesAway },
        ],
      },
      after: { resumeGrace: { target: 'lost' } },
    },
    cutOff: {
      description: 'The node is lost; the client may come back to another one.',
      on: {
        RECLAIMED: [
          { guard: 'isReclaimedAway', target: 'away' },
          { target: 'online', actions: comesBack },
        ],
      },
      after: { resumeGrace: { target: 'lost' } },
    },
    lost: {
      description: 'The client did not come back.',
      type: 'final',
      entry: 'losePeer',
    },
    released: {
      description: 'The pairing is over, so this node no longer follows the session.',
      type: 'final',
    },
  },
});

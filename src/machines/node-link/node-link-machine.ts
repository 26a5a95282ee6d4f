/**
 * The link of this node to one other. What is under it, the bus, may lose, delay and double; what goes over a link is
 * numbered and sent again, so it arrives once and in order, or the link is lost, and then for both: the other side has
 * been told of another link by the time it hears from this one again.
 */
import { setup } from 'xstate';
import { effect } from '../host/machine-host.ts';

export interface NodeLinkSettings {
  /** How often a node is greeted, and how often an open link says that it is there and sends again what was not had. */
  readonly beatMs: number;
  /** A node that is not heard from for so long is lost. */
  readonly silenceMs: number;
  /** So long may the bus be away until its nodes are lost with it; Infinity where it says nothing about them. */
  readonly suspendedMs: number;
}

export interface NodeLinkContext {
  readonly node: number;
  readonly settings: NodeLinkSettings;
}

export type NodeLinkEvent =
  /** It has heard of this link: what it sends from now on is for it. */
  | { type: 'GREETED' }
  /** The bus says that nobody of that number is there. */
  | { type: 'UNREACHABLE' }
  /** It speaks of another link of its own, or says goodbye: it has forgotten this one. */
  | { type: 'FORGOTTEN' }
  /** More waits for it than may. */
  | { type: 'OVERFULL' }
  | { type: 'BUS_DOWN' }
  | { type: 'BUS_UP' };

/** A delayed transition's event, with what the shell adds: how long ago the node was last heard. */
interface TimerEvent {
  readonly idleMs?: number;
}

const effects = {
  greet: effect(),
  announceOpen: effect(),
  /** Sends all that is not confirmed. */
  sendAgain: effect(),
  /** Sends again what has waited for a beat to be confirmed; a sign of life when there is nothing. */
  beat: effect(),
  /** What waits for an answer of that node gets none soon. */
  failRequests: effect<{ code: 'target_not_found' | 'unavailable' }>(),
  announceLoss: effect(),
};
export type NodeLinkEffects = typeof effects;

export const nodeLinkMachine = setup({
  types: {
    context: {} as NodeLinkContext,
    events: {} as NodeLinkEvent,
    input: {} as NodeLinkContext,
  },
  actions: effects,
  guards: {
    wasSilent: ({ context, event }) => ((event as TimerEvent).idleMs ?? 0) >= context.settings.silenceMs,
  },
  delays: {
    beat: ({ context }) => context.settings.beatMs,
    suspension: ({ context }) => context.settings.suspendedMs,
  },
}).createMachine({
  id: 'node-link',
  description: 'What this node knows of one other.',
  context: ({ input }) => input,
  initial: 'greeting',
  on: {
    FORGOTTEN: { target: '.lost' },
    OVERFULL: { target: '.lost' },
  },
  states: {
    greeting: {
      description: 'It was told of this link; it has not answered yet.',
      entry: 'greet',
      on: {
        GREETED: { target: 'open', actions: ['announceOpen', 'sendAgain'] },
        UNREACHABLE: { target: 'lost' },
        BUS_DOWN: { target: 'lost' },
      },
      after: {
        beat: [
          { guard: 'wasSilent', target: 'lost' },
          { target: 'greeting', reenter: true },
        ],
      },
    },
    open: {
      description: 'Both know of the link.',
      on: {
        // It may only be a moment without its bus: what is on the way waits, but whoever asks gets an answer now.
        UNREACHABLE: { actions: { type: 'failRequests', params: { code: 'target_not_found' } } },
        BUS_DOWN: { target: 'suspended' },
      },
      after: {
        beat: [
          { guard: 'wasSilent', target: 'lost' },
          { target: 'open', reenter: true, actions: 'beat' },
        ],
      },
    },
    suspended: {
      description: 'The bus is away: with a broker, that says nothing about the node.',
      entry: { type: 'failRequests', params: { code: 'unavailable' } },
      on: { BUS_UP: { target: 'open', actions: 'sendAgain' } },
      after: { suspension: { target: 'lost' } },
    },
    lost: {
      description:
        'What was not confirmed may have arrived or not; whatever comes next goes over another link.',
      type: 'final',
      entry: 'announceLoss',
    },
  },
});

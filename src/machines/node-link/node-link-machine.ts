/**
 * The link of this node to one other. What is under it, the bus, may lose, delay and double; what goes over a link is
 * numbered and sent again, so it arrives once and in order, or the link is lost, and then for both: the other side has
 * been told of another link by the time it hears from this one again.
 */
import { assign, setup } from 'xstate';
import { effect } from '../host/hosted.ts';
import { LONGEST_DELAY_MS } from '../longest-delay.ts';

export interface NodeLinkSettings {
  /** How often a node is greeted, and how often an open link says that it is there and sends again what was not had. */
  readonly beatMs: number;
  /** A node that is not heard from for so long is lost, at the next beat. */
  readonly silenceMs: number;
  /** So long may the bus be away until its nodes are lost with it; Infinity where it says nothing about them. */
  readonly suspendedMs: number;
}

export interface NodeLinkContext {
  readonly node: number;
  readonly settings: NodeLinkSettings;
  /** How long the node will have been silent at the next beat, to half a beat. */
  readonly silentMs: number;
}

export type NodeLinkInput = Pick<NodeLinkContext, 'node' | 'settings'>;

export type NodeLinkEventFromNode =
  /** It has heard of this link: what it sends from now on is for it. */
  | { type: 'GREETED' }
  /** It sent something. Once between two beats is enough. */
  | { type: 'HEARD' }
  /** It speaks of another link of its own, or says goodbye: it has forgotten this one. */
  | { type: 'FORGOTTEN' };

export type NodeLinkEventFromBus =
  /** The bus says that nobody of that number is there. */
  { type: 'UNREACHABLE' } | { type: 'BUS_DOWN' } | { type: 'BUS_UP' };

/** More waits for it than may. */
export type NodeLinkEventFromServer = { type: 'OVERFULL' };

export type NodeLinkEvent = NodeLinkEventFromNode | NodeLinkEventFromBus | NodeLinkEventFromServer;

const effects = {
  greet: effect(),
  announceOpen: effect(),
  /** Sends all that is unacked. */
  sendAgain: effect(),
  /** Sends again what has been unacked for a beat; a sign of life when there is nothing. */
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
    input: {} as NodeLinkInput,
  },
  actions: {
    ...effects,
    /** The beats count from now. */
    startSilence: assign({ silentMs: ({ context }) => context.settings.beatMs }),
    countSilence: assign({ silentMs: ({ context }) => context.silentMs + context.settings.beatMs }),
    /** It was heard at some time between two beats: half a beat before the next one, on average. */
    endSilence: assign({ silentMs: ({ context }) => context.settings.beatMs / 2 }),
  },
  guards: {
    wasSilent: ({ context }) => context.silentMs >= context.settings.silenceMs,
  },
  delays: {
    beat: ({ context }) => context.settings.beatMs,
    suspension: ({ context }) => Math.min(context.settings.suspendedMs, LONGEST_DELAY_MS),
  },
}).createMachine({
  id: 'node-link',
  description: 'What this node knows of one other.',
  context: ({ input: { node, settings } }) => ({ node, settings, silentMs: settings.beatMs }),
  initial: 'greeting',
  on: {
    HEARD: { actions: 'endSilence' },
    FORGOTTEN: { target: '.lost' },
    OVERFULL: { target: '.lost' },
  },
  states: {
    greeting: {
      description: 'It was told of this link; it has not answered yet.',
      entry: 'greet',
      on: {
        GREETED: { target: 'open', actions: ['startSilence', 'announceOpen', 'sendAgain'] },
        UNREACHABLE: { target: 'lost' },
        BUS_DOWN: { target: 'lost' },
        // What was said while the bus was away, nobody heard.
        BUS_UP: { actions: 'startSilence' },
      },
      after: {
        beat: [
          { guard: 'wasSilent', target: 'lost' },
          { target: 'greeting', reenter: true, actions: 'countSilence' },
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
          { target: 'open', reenter: true, actions: ['countSilence', 'beat'] },
        ],
      },
    },
    suspended: {
      description: 'The bus is away: with a broker, that says nothing about the node.',
      entry: { type: 'failRequests', params: { code: 'unavailable' } },
      on: { BUS_UP: { target: 'open', actions: ['startSilence', 'sendAgain'] } },
      after: { suspension: { target: 'lost' } },
    },
    lost: {
      description: 'What was unacked may have arrived or not; whatever comes next goes over another link.',
      type: 'final',
      entry: 'announceLoss',
    },
  },
});

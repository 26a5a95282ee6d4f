/**
 * The link of this node to another one. The bus below may lose, delay and duplicate messages; messages on a link are
 * numbered and sent again, so they arrive once and in order, or the link is lost. It is then lost for both sides: the
 * other side learns of a new link before it hears from this one again.
 */
import { assign, setup } from 'xstate';
import { effect } from '../host/effect.ts';
import { LONGEST_DELAY_MS } from '../longest-delay.ts';

export interface NodeLinkSettings {
  /** How often a node is greeted, and how often an open link sends a sign of life and resends what is unacked. */
  readonly beatMs: number;
  /** A node that was not heard for this long is lost, at the next beat. */
  readonly silenceMs: number;
  /**
   * How long the bus may be away before its nodes count as lost; Infinity if the bus's absence says nothing about them.
   */
  readonly suspendedMs: number;
}

export interface NodeLinkContext {
  readonly node: number;
  readonly settings: NodeLinkSettings;
  /** How long the node will have been silent at the next beat, to within half a beat. */
  readonly silentMs: number;
}

export type NodeLinkInput = Pick<NodeLinkContext, 'node' | 'settings'>;

export type NodeLinkEventFromNode =
  /** It knows of this link: what it sends from now on belongs to the link. */
  | { type: 'GREETED' }
  /** It sent something. Reporting this once per beat is enough. */
  | { type: 'HEARD' }
  /** It names another link of its own, or says goodbye: it has forgotten this one. */
  | { type: 'FORGOTTEN' };

export type NodeLinkEventFromBus =
  /** The bus reports that no node of that number is there. */
  { type: 'UNREACHABLE' } | { type: 'BUS_DOWN' } | { type: 'BUS_UP' };

/** More messages wait for the node than are allowed. */
export type NodeLinkEventFromServer = { type: 'OVERFULL' };

export type NodeLinkEvent = NodeLinkEventFromNode | NodeLinkEventFromBus | NodeLinkEventFromServer;

const effects = {
  greet: effect(),
  announceOpen: effect(),
  /** Resends everything unacked. */
  sendAgain: effect(),
  /** Resends what has been unacked for a beat; if nothing has, sends a sign of life. */
  beat: effect(),
  /** Fails the requests that wait for that node: no answer will come soon. */
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
    /** Beats count from now. */
    startSilence: assign({ silentMs: ({ context }) => context.settings.beatMs }),
    countSilence: assign({ silentMs: ({ context }) => context.silentMs + context.settings.beatMs }),
    /** It was heard at some time between two beats: on average, half a beat before the next one. */
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
  description: 'The link of this node to another node.',
  context: ({ input: { node, settings } }) => ({ node, settings, silentMs: settings.beatMs }),
  initial: 'greeting',
  on: {
    HEARD: { actions: 'endSilence' },
    FORGOTTEN: { target: '.lost' },
    OVERFULL: { target: '.lost' },
  },
  states: {
    greeting: {
      description: 'The other node was greeted; it has not answered yet.',
      entry: 'greet',
      on: {
        GREETED: { target: 'open', actions: ['startSilence', 'announceOpen', 'sendAgain'] },
        UNREACHABLE: { target: 'lost' },
        BUS_DOWN: { target: 'lost' },
        // Nobody heard what was sent while the bus was away.
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
      description: 'Both nodes know the link.',
      on: {
        // The node may have lost its bus only for a moment: messages on their way wait, but pending requests are
        // answered now.
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
      description: 'The bus is unavailable; with a broker, that says nothing about the node.',
      entry: { type: 'failRequests', params: { code: 'unavailable' } },
      on: { BUS_UP: { target: 'open', actions: ['startSilence', 'sendAgain'] } },
      after: { suspension: { target: 'lost' } },
    },
    lost: {
      description:
        'The link is lost: unacked messages may or may not have arrived, and later ones use a new link.',
      type: 'final',
      entry: 'announceLoss',
    },
  },
});

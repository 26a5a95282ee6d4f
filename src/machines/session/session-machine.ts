/**
 * A connected client, as the server sees it: whether it is paired and how far its peer connection is, and beside
 * that, whether it is still heard from. Everything a client asks for that is not a signal to its peer ends here.
 */
import { assign, setup } from 'xstate';
import { closeCodes, type DisconnectReason, type ErrorCode } from '../../protocol/index.ts';
import { effect } from '../host/hosted.ts';
import { LONGEST_DELAY_MS } from '../longest-delay.ts';
import type { PairTarget, SessionContext, SessionEvent, SessionInput } from './session-events.ts';

/** Long for a node that is there, and what comes later than that is refused. */
const ASK_TIMEOUT_MS = 3_000;

const effects = {
  createPairing: effect(),
  askNodes: effect(),
  forgetAsk: effect(),
  joinPairing: effect(),
  /** Without a code, the event's. */
  denyAsk: effect<{ code?: ErrorCode }>(),
  createKey: effect(),
  sendPing: effect(),
  refuse: effect<{ code: ErrorCode }>(),
  leavePairing: effect<{ reason: DisconnectReason }>(),
  closeSocket: effect(),
  closeSilentSocket: effect(),
  announceAway: effect(),
  announceBack: effect(),
  forgetSession: effect(),
  leaveToNode: effect(),
};
export type SessionEffects = typeof effects;

const refuseUnpaired = { actions: { type: 'refuse', params: { code: 'not_paired' } } } as const;
const refusedWhileUnpaired = {
  OFFER_RECEIVED: refuseUnpaired,
  ANSWER_RECEIVED: refuseUnpaired,
  CANDIDATE_RECEIVED: refuseUnpaired,
  SIGNAL_RECEIVED: refuseUnpaired,
  REPORT_RECEIVED: refuseUnpaired,
  UNPAIR_RECEIVED: refuseUnpaired,
};

export const sessionMachine = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    input: {} as SessionInput,
  },
  actions: {
    ...effects,
    rememberPeer: assign(({ event }) => (event.type === 'PAIRED' ? { peerId: event.peerId } : {})),
    forgetPeer: assign({ peerId: undefined }),
  },
  guards: {
    isTarget: ({ event }, params: { target: PairTarget }) =>
      event.type === 'PAIR_REQUESTED' && event.target === params.target,
    isOverfull: ({ event }) => event.type === 'CLOSED_BY_SERVER' && event.code === closeCodes.tryAgainLater,
    isRestart: ({ event }) => event.type === 'CLOSED_BY_SERVER' && event.code === closeCodes.serviceRestart,
    outlivesRestart: ({ context, event }) =>
      context.isResumable && event.type === 'CLOSED_BY_SERVER' && event.code === closeCodes.serviceRestart,
    mayReturn: ({ context, event }) =>
      context.isResumable && !(event.type === 'SOCKET_CLOSED' && event.isGoodbye),
    isAskedFor: ({ event }) => event.type === 'PAIRED' && event.isGranted === true,
    hasRoomForKey: ({ event }) => event.type === 'KEY_REQUESTED' && event.hasRoom,
  },
  delays: {
    pingInterval: ({ context }) => context.settings.pingIntervalMs || LONGEST_DELAY_MS,
    pingTimeout: ({ context }) => context.settings.pingTimeoutMs || LONGEST_DELAY_MS,
    resumeGrace: ({ context }) => context.settings.resumeGraceMs,
    askTimeout: ASK_TIMEOUT_MS,
  },
}).createMachine({
  id: 'session',
  description: 'A client that is connected to the server.',
  context: ({ input }) => ({
    id: input.id,
    peerId: undefined,
    isResumable: input.isResumable,
    settings: input.settings,
  }),
  initial: 'present',
  on: {
    MOVED: { target: '.moved' },
    SOCKET_CLOSED: {
      target: '.disconnected',
      actions: { type: 'leavePairing', params: { reason: 'disconnected' } },
    },
    CLOSED_BY_SERVER: [
      {
        guard: 'isOverfull',
        target: '.disconnected',
        actions: [{ type: 'leavePairing', params: { reason: 'overfull' } }, 'closeSocket'],
      },
      // Nobody is told that a peer left when the whole server leaves.
      { guard: 'isRestart', target: '.disconnected', actions: 'closeSocket' },
      {
        target: '.disconnected',
        actions: [{ type: 'leavePairing', params: { reason: 'refused' } }, 'closeSocket'],
      },
    ],
  },
  states: {
    present: {
      description: 'It has an id, and is here or comes back.',
      type: 'parallel',
      on: {
        KEY_REQUESTED: [
          { guard: 'hasRoomForKey', actions: 'createKey' },
          { actions: { type: 'refuse', params: { code: 'too_many_keys' } } },
        ],
      },
      states: {
        pairing: {
          description: 'Whether it has a peer, and how far their connection is.',
          initial: 'unpaired',
          on: {
            PAIR_REQUESTED: [
              {
                guard: { type: 'isTarget', params: { target: 'guessed_too_often' } },
                actions: { type: 'refuse', params: { code: 'too_many_key_guesses' } },
              },
              {
                guard: { type: 'isTarget', params: { target: 'unknown_key' } },
                actions: { type: 'refuse', params: { code: 'key_not_found' } },
              },
              {
                guard: { type: 'isTarget', params: { target: 'unknown' } },
                actions: { type: 'refuse', params: { code: 'target_not_found' } },
              },
              {
                guard: { type: 'isTarget', params: { target: 'self' } },
                actions: { type: 'refuse', params: { code: 'self_pairing' } },
              },
              { actions: { type: 'refuse', params: { code: 'already_paired' } } },
            ],
            UNPAIRED: { target: '.unpaired', actions: 'forgetPeer' },
          },
          states: {
            unpaired: {
              description: 'Free to pair.',
              on: {
                PAIR_REQUESTED: [
                  { guard: { type: 'isTarget', params: { target: 'free' } }, actions: 'createPairing' },
                  {
                    guard: { type: 'isTarget', params: { target: 'taken' } },
                    actions: { type: 'refuse', params: { code: 'target_already_paired' } },
                  },
                  {
                    guard: { type: 'isTarget', params: { target: 'elsewhere' } },
                    target: 'asking',
                    actions: 'askNodes',
                  },
                  {
                    guard: { type: 'isTarget', params: { target: 'unreachable' } },
                    actions: { type: 'refuse', params: { code: 'unavailable' } },
                  },
                ],
                PAIRED: { target: 'paired', actions: 'rememberPeer' },
                ...refusedWhileUnpaired,
              },
            },
            asking: {
              description: 'It asked for a client that another node may have, and is kept for it.',
              exit: 'forgetAsk',
              on: {
                PAIR_REQUESTED: { actions: { type: 'refuse', params: { code: 'request_pending' } } },
                GRANTED: { actions: 'joinPairing' },
                DENIED: { target: 'unpaired', actions: { type: 'denyAsk', params: {} } },
                PAIRED: [
                  { guard: 'isAskedFor', target: 'paired', actions: 'rememberPeer' },
                  // The other one asked for this one, too, and was first.
                  {
                    target: 'paired',
                    actions: ['rememberPeer', { type: 'denyAsk', params: { code: 'already_paired' } }],
                  },
                ],
                ...refusedWhileUnpaired,
              },
              after: {
                askTimeout: {
                  target: 'unpaired',
                  actions: { type: 'denyAsk', params: { code: 'unavailable' } },
                },
              },
            },
            paired: {
              description: 'It has a peer; nobody has offered yet.',
              on: { NEGOTIATION_STARTED: { target: 'negotiating' } },
            },
            negotiating: {
              description: 'Offer, answer and candidates go back and forth.',
              on: { CONNECTED: { target: 'connected' } },
            },
            connected: {
              description: 'Both clients reported that they are connected.',
              on: { NEGOTIATION_STARTED: { target: 'negotiating' } },
            },
          },
        },
        socket: {
          description: 'Whether its client can be reached.',
          initial: 'online',
          on: {
            CLOSED_BY_SERVER: { guard: 'outlivesRestart', target: '.drained', actions: 'closeSocket' },
          },
          states: {
            online: {
              description: 'Its socket is open.',
              initial: 'heard',
              on: {
                RESUMED: { target: '.heard' },
                SOCKET_CLOSED: { guard: 'mayReturn', target: 'away' },
              },
              states: {
                heard: {
                  description: 'It sent something within the ping interval.',
                  on: { HEARD: { target: 'heard', reenter: true } },
                  after: { pingInterval: { target: 'pinged' } },
                },
                pinged: {
                  description: 'It was silent for the interval; any message counts as an answer.',
                  entry: 'sendPing',
                  on: { HEARD: { target: 'heard' } },
                  after: {
                    pingTimeout: [
                      {
                        guard: 'mayReturn',
                        target: '#session.present.socket.away',
                        actions: 'closeSilentSocket',
                      },
                      {
                        target: '#session.disconnected',
                        actions: [
                          { type: 'leavePairing', params: { reason: 'timed_out' } },
                          'closeSilentSocket',
                        ],
                      },
                    ],
                  },
                },
              },
            },
            away: {
              description: 'Its socket is lost; its id, keys, pairing and messages wait for it.',
              entry: 'announceAway',
              on: { RESUMED: { target: 'online', actions: 'announceBack' } },
              after: {
                resumeGrace: {
                  target: '#session.disconnected',
                  actions: { type: 'leavePairing', params: { reason: 'timed_out' } },
                },
              },
            },
            drained: {
              description: 'The server is restarted: all waits, with no deadline, until the process ends.',
            },
          },
        },
      },
    },
    disconnected: {
      description: 'It is gone; its peer was told, unless the whole server leaves.',
      type: 'final',
      entry: 'forgetSession',
    },
    moved: {
      description: 'Another node has it; nobody here misses it.',
      type: 'final',
      entry: 'leaveToNode',
    },
  },
});

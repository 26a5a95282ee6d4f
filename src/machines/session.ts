/**
 * A connected client, as the server sees it: whether it is paired and how far its peer connection is, and beside
 * that, whether it is still heard from. Everything a client asks for that is not a signal to its peer ends here.
 */
import { assign, setup } from 'xstate';
import type { CloseCode, DisconnectReason, ErrorCode } from '../protocol/index.ts';
import { effect } from './host.ts';

/** What all sessions of a server share. 0 means: never. */
export interface SessionSettings {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

export interface SessionContext {
  readonly id: string;
  readonly peerId: string | undefined;
  readonly settings: SessionSettings;
}

export interface SessionInput {
  readonly id: string;
  readonly settings: SessionSettings;
}

/** What the server knows of the client that a pair request names. */
export type PairTarget = 'unknown' | 'unknown_key' | 'guessed_too_often' | 'self' | 'free' | 'taken';

export type SessionEventFromClient =
  | { type: 'PAIR_REQUESTED'; target: PairTarget; targetId: string | undefined; key: string | undefined }
  | { type: 'KEY_REQUESTED'; ttlS: number | undefined; uses: number | undefined; hasRoom: boolean }
  /** A message for a peer, from a client that has none. */
  | {
      type:
        | 'OFFER_RECEIVED'
        | 'ANSWER_RECEIVED'
        | 'CANDIDATE_RECEIVED'
        | 'REPORT_RECEIVED'
        | 'UNPAIR_RECEIVED';
    };

export type SessionEventFromPairing =
  | { type: 'PAIRED'; peerId: string }
  | { type: 'NEGOTIATION_STARTED' }
  | { type: 'CONNECTED' }
  | { type: 'UNPAIRED' };

export type SessionEventFromTransport =
  /** The client sent something after it was pinged. */
  | { type: 'HEARD' }
  | { type: 'SOCKET_CLOSED' }
  /** The server ends the session: a limit, a failure, its own end. */
  | { type: 'CLOSED_BY_SERVER'; code: CloseCode; reason: string };

/** A delayed transition's event, with what the shell adds: how long ago the client was last heard. */
interface TimerEvent {
  readonly idleMs?: number;
}

export type SessionEvent = SessionEventFromClient | SessionEventFromPairing | SessionEventFromTransport;

const effects = {
  createPairing: effect(),
  createKey: effect(),
  sendPing: effect(),
  refuse: effect<{ code: ErrorCode }>(),
  leavePairing: effect<{ reason: DisconnectReason }>(),
  closeSocket: effect(),
  closeSilentSocket: effect(),
  forgetSession: effect(),
};
export type SessionEffects = typeof effects;

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
    hasRoomForKey: ({ event }) => event.type === 'KEY_REQUESTED' && event.hasRoom,
    wasHeardSince: ({ context, event }) =>
      ((event as TimerEvent).idleMs ?? Number.POSITIVE_INFINITY) < context.settings.pingIntervalMs,
  },
  delays: {
    // A client that was heard meanwhile is due for a ping an interval after that, not after this timer.
    pingInterval: ({ context, event }) =>
      context.settings.pingIntervalMs === 0
        ? Number.POSITIVE_INFINITY
        : Math.max(context.settings.pingIntervalMs - ((event as TimerEvent).idleMs ?? 0), 1),
    pingTimeout: ({ context }) => context.settings.pingTimeoutMs || Number.POSITIVE_INFINITY,
  },
}).createMachine({
  id: 'session',
  description: 'A client that is connected to the server.',
  context: ({ input }) => ({ id: input.id, peerId: undefined, settings: input.settings }),
  initial: 'present',
  on: {
    SOCKET_CLOSED: {
      target: '.disconnected',
      actions: { type: 'leavePairing', params: { reason: 'disconnected' } },
    },
    CLOSED_BY_SERVER: {
      target: '.disconnected',
      actions: [{ type: 'leavePairing', params: { reason: 'refused' } }, 'closeSocket'],
    },
  },
  states: {
    present: {
      description: 'Its socket is open.',
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
                ],
                PAIRED: { target: 'paired', actions: 'rememberPeer' },
                OFFER_RECEIVED: { actions: { type: 'refuse', params: { code: 'not_paired' } } },
                ANSWER_RECEIVED: { actions: { type: 'refuse', params: { code: 'not_paired' } } },
                CANDIDATE_RECEIVED: { actions: { type: 'refuse', params: { code: 'not_paired' } } },
                REPORT_RECEIVED: { actions: { type: 'refuse', params: { code: 'not_paired' } } },
                UNPAIR_RECEIVED: { actions: { type: 'refuse', params: { code: 'not_paired' } } },
              },
            },
            paired: {
              description: 'It has a peer; nobody has offered yet.',
              on: { NEGOTIATION_STARTED: { target: 'negotiating' } },
            },
            negotiating: {
              description: 'Offer, answer and candidates go to and fro.',
              on: { CONNECTED: { target: 'connected' } },
            },
            connected: {
              description: 'Both clients reported that they are connected.',
              on: { NEGOTIATION_STARTED: { target: 'negotiating' } },
            },
          },
        },
        liveness: {
          description: 'Whether the client is still heard from.',
          initial: 'heard',
          states: {
            heard: {
              description: 'It sent something within the ping interval.',
              after: {
                pingInterval: [
                  { guard: 'wasHeardSince', target: 'heard', reenter: true },
                  { target: 'pinged' },
                ],
              },
            },
            pinged: {
              description: 'It was silent for the interval; any message counts as an answer.',
              entry: 'sendPing',
              on: { HEARD: { target: 'heard' } },
              after: {
                pingTimeout: {
                  target: '#session.disconnected',
                  actions: [{ type: 'leavePairing', params: { reason: 'timed_out' } }, 'closeSilentSocket'],
                },
              },
            },
          },
        },
      },
    },
    disconnected: {
      description: 'It is gone; its peer was told.',
      type: 'final',
      entry: 'forgetSession',
    },
  },
});

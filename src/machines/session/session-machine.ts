/**
 * A client's session, as the server sees it: whether it is paired and how far its peer connections are, whether it is
 * asking other nodes for a client, and whether the client can still be reached. Every request of a client that is not a
 * signal to a peer is handled here.
 */
import { assign, setup } from 'xstate';
import { closeCodes, type DisconnectReason, type ErrorCode, type Permission } from '../../protocol/index.ts';
import { effect, eventOf } from '../host/effect.ts';
import { LONGEST_DELAY_MS } from '../longest-delay.ts';
import {
  hasPermission,
  type PairingPhase,
  type PairTarget,
  type SessionContext,
  type SessionEvent,
  type SessionInput,
} from './session-events.ts';
import { NO_PAIRINGS, pairingsAfter, phaseOf } from './session-pairings.ts';

/** More than a running node needs; later answers are refused. */
const ASK_TIMEOUT_MS = 3_000;
/** Before a token expires, or at half of its lifetime if that is later. */
const TOKEN_WARNING_MS = 60_000;

const effects = {
  createPairing: effect(),
  askNodes: effect(),
  forgetAsk: effect(),
  joinPairing: effect(),
  /** Without a code, the event's is used. */
  denyAsk: effect<{ code?: ErrorCode }>(),
  createKey: effect(),
  joinRoom: effect(),
  lockRoom: effect(),
  sendPing: effect(),
  refuse: effect<{ code: ErrorCode }>(),
  /**
   * The client's token does not allow that.
   * @property claim the claim that forbids it; for `may`, `lacks` is the missing permission
   */
  forbid: effect<{ claim: 'may'; lacks: Permission } | { claim: 'rooms' }>(),
  announceTokenEnd: effect(),
  closeUnauthorized: effect(),
  leavePairing: effect<{ reason: DisconnectReason }>(),
  closeSocket: effect(),
  closeSilentSocket: effect(),
  announceAway: effect(),
  announceBack: effect(),
  forgetSession: effect(),
  leaveToNode: effect(),
};
export type SessionEffects = typeof effects;

const SIGNALS = [
  'OFFER_RECEIVED',
  'ANSWER_RECEIVED',
  'CANDIDATE_RECEIVED',
  'SIGNAL_RECEIVED',
  'REPORT_RECEIVED',
  'UNPAIR_RECEIVED',
  'REJECT_RECEIVED',
] as const;

/** A client's signals get here only if it is not clear which pairing they are for. */
function signalsRefusedAs<Code extends ErrorCode>(code: Code) {
  const refusal = { actions: { type: 'refuse', params: { code } } } as const;
  return Object.fromEntries(SIGNALS.map((type) => [type, refusal])) as {
    readonly [Type in (typeof SIGNALS)[number]]: typeof refusal;
  };
}

/** Refuses a request for which the client's token has no permission. */
const unless = <Name extends string, Lacking extends Permission>(guard: Name, lacks: Lacking) =>
  ({ guard, actions: { type: 'forbid', params: { claim: 'may', lacks } } }) as const;

/** Refuses a pair request that cannot be met, according to what the server knows of its target. */
const refusedTargets = (
  [
    ['guessed_too_often', 'too_many_key_guesses'],
    ['unknown_key', 'key_not_found'],
    ['unknown', 'target_not_found'],
    ['self', 'self_pairing'],
    ['peer', 'already_paired'],
    ['left', 'just_left'],
  ] as const
).map(
  ([target, code]) =>
    ({
      guard: { type: 'isTarget', params: { target } },
      actions: { type: 'refuse', params: { code } },
    }) as const,
);

/** The region follows the session's pairings; see {@link phaseOf}. */
const toPhase = <Phase extends PairingPhase | 'unpaired'>(phase: Phase) =>
  ({
    guard: { type: 'leadsTo', params: { phase } },
    target: `.${phase}`,
    actions: 'rememberPairings',
  }) as const;

/** Milliseconds until its client is told that its token will expire. */
const warningMsOf = ({ tokenLifetimeMs }: SessionContext) =>
  Math.max(tokenLifetimeMs - TOKEN_WARNING_MS, tokenLifetimeMs / 2);

export const sessionMachine = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    input: {} as SessionInput,
  },
  actions: {
    ...effects,
    rememberPairings: assign(({ context, event }) => ({ pairings: pairingsAfter(context.pairings, event) })),
    rememberToken: assign(({ event }) => {
      const { lifetimeMs, may } = eventOf(event, 'TOKEN_ACCEPTED');
      return { tokenLifetimeMs: lifetimeMs, may };
    }),
    countDown: assign({ tokenLifetimeMs: ({ context }) => context.tokenLifetimeMs - LONGEST_DELAY_MS }),
    rememberAway: assign({ isMissed: true }),
    rememberBack: assign({ isMissed: false }),
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
    isGranted: ({ event }) => event.type === 'PAIRED' && event.answers === 'granted',
    isCrossed: ({ event }) => event.type === 'PAIRED' && event.answers === 'crossed',
    leadsTo: ({ context, event }, params: { phase: PairingPhase | 'unpaired' }) =>
      phaseOf(pairingsAfter(context.pairings, event)) === params.phase,
    hasItsOnlyPeer: ({ context }) => context.maxPeers === 1 && context.pairings.length === 1,
    hasAllPeers: ({ context }) => context.pairings.length >= context.maxPeers,
    isTokenEndFar: ({ context }) => warningMsOf(context) > LONGEST_DELAY_MS,
    mayNotPair: ({ context }) => !hasPermission(context.may, 'pair'),
    mayNotCreateKey: ({ context }) => !hasPermission(context.may, 'key'),
    mayNotJoin: ({ context }) => !hasPermission(context.may, 'join'),
    isOtherRoom: ({ event }) => event.type === 'JOIN_REQUESTED' && !event.isCovered,
    mayNotCreateRoom: ({ context, event }) =>
      event.type === 'JOIN_REQUESTED' && event.creates && !hasPermission(context.may, 'create'),
    mayNotLead: ({ context }) => !hasPermission(context.may, 'lead'),
    hasRoomForKey: ({ event }) => event.type === 'KEY_REQUESTED' && event.hasRoom,
  },
  delays: {
    pingInterval: ({ context }) => context.settings.pingIntervalMs || LONGEST_DELAY_MS,
    pingTimeout: ({ context }) => context.settings.pingTimeoutMs || LONGEST_DELAY_MS,
    resumeGrace: ({ context }) => context.settings.resumeGraceMs,
    askTimeout: ASK_TIMEOUT_MS,
    tokenWarning: ({ context }) => Math.min(warningMsOf(context), LONGEST_DELAY_MS),
    tokenEnd: ({ context }) => context.tokenLifetimeMs - warningMsOf(context),
  },
}).createMachine({
  id: 'session',
  description: "A client's session.",
  context: ({ input }) => ({
    id: input.id,
    pairings: NO_PAIRINGS,
    maxPeers: input.maxPeers,
    isMissed: false,
    isResumable: input.isResumable,
    may: input.may,
    tokenLifetimeMs: 0,
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
      // Nobody is told that a peer left when the whole server stops.
      { guard: 'isRestart', target: '.disconnected', actions: 'closeSocket' },
      {
        target: '.disconnected',
        actions: [{ type: 'leavePairing', params: { reason: 'refused' } }, 'closeSocket'],
      },
    ],
  },
  states: {
    present: {
      description: 'The client is here, or may come back.',
      type: 'parallel',
      on: {
        KEY_REQUESTED: [
          unless('mayNotCreateKey', 'key'),
          { guard: 'hasRoomForKey', actions: 'createKey' },
          { actions: { type: 'refuse', params: { code: 'too_many_keys' } } },
        ],
        JOIN_REQUESTED: [
          unless('mayNotJoin', 'join'),
          { guard: 'isOtherRoom', actions: { type: 'forbid', params: { claim: 'rooms' } } },
          unless('mayNotCreateRoom', 'create'),
          { actions: 'joinRoom' },
        ],
        LOCK_REQUESTED: [unless('mayNotLead', 'lead'), { actions: 'lockRoom' }],
      },
      states: {
        pairings: {
          description: 'Whether the client has peers, and how far their connections have come.',
          initial: 'unpaired',
          on: {
            PAIRED: [toPhase('negotiating'), { target: '.paired', actions: 'rememberPairings' }],
            NEGOTIATION_STARTED: toPhase('negotiating'),
            CONNECTED: [toPhase('connected'), toPhase('negotiating'), toPhase('paired')],
            UNPAIRED: [toPhase('unpaired'), toPhase('connected'), toPhase('negotiating'), toPhase('paired')],
            ...signalsRefusedAs('ambiguous_pairing'),
          },
          states: {
            unpaired: {
              description: 'The client has no peer.',
              on: signalsRefusedAs('not_paired'),
            },
            paired: {
              description:
                'The client has peers; at least one pairing has had no offer yet, and none is being negotiated.',
            },
            negotiating: {
              description: 'At least one pairing is exchanging offers, answers and candidates.',
            },
            connected: {
              description: 'In every pairing, both clients reported that they are connected.',
            },
          },
        },
        request: {
          description: 'Whether the client is asking for a client of another node.',
          initial: 'idle',
          states: {
            idle: {
              description: 'No request is pending.',
              on: {
                PAIR_REQUESTED: [
                  unless('mayNotPair', 'pair'),
                  ...refusedTargets,
                  {
                    guard: 'hasItsOnlyPeer',
                    actions: { type: 'refuse', params: { code: 'already_paired' } },
                  },
                  { guard: 'hasAllPeers', actions: { type: 'refuse', params: { code: 'too_many_peers' } } },
                  { guard: { type: 'isTarget', params: { target: 'free' } }, actions: 'createPairing' },
                  {
                    guard: { type: 'isTarget', params: { target: 'elsewhere' } },
                    target: 'asking',
                    actions: 'askNodes',
                  },
                  {
                    guard: { type: 'isTarget', params: { target: 'unreachable' } },
                    actions: { type: 'refuse', params: { code: 'unavailable' } },
                  },
                  { actions: { type: 'refuse', params: { code: 'target_already_paired' } } },
                ],
              },
            },
            asking: {
              description: 'The client asked for one that another node may have; a seat is reserved for it.',
              exit: 'forgetAsk',
              on: {
                PAIR_REQUESTED: { actions: { type: 'refuse', params: { code: 'request_pending' } } },
                GRANTED: { actions: 'joinPairing' },
                DENIED: { target: 'idle', actions: { type: 'denyAsk', params: {} } },
                PAIRED: [
                  { guard: 'isGranted', target: 'idle' },
                  // The other client had asked for this one first.
                  {
                    guard: 'isCrossed',
                    target: 'idle',
                    actions: { type: 'denyAsk', params: { code: 'already_paired' } },
                  },
                ],
              },
              after: {
                askTimeout: {
                  target: 'idle',
                  actions: { type: 'denyAsk', params: { code: 'unavailable' } },
                },
              },
            },
          },
        },
        token: {
          description: 'How long the client may stay.',
          initial: 'unlimited',
          on: { TOKEN_ACCEPTED: { target: '.valid', actions: 'rememberToken' } },
          states: {
            unlimited: {
              description: 'The client has no token and may stay as long as it likes.',
            },
            valid: {
              description: 'The token is valid and does not expire soon.',
              after: {
                tokenWarning: [
                  // Further away than a timer can run.
                  { guard: 'isTokenEndFar', target: 'valid', reenter: true, actions: 'countDown' },
                  { target: 'expiring' },
                ],
              },
            },
            expiring: {
              description: 'The token expires soon; the client was told to bring a newer one.',
              entry: 'announceTokenEnd',
              after: {
                tokenEnd: {
                  target: '#session.disconnected',
                  actions: [{ type: 'leavePairing', params: { reason: 'refused' } }, 'closeUnauthorized'],
                },
              },
            },
          },
        },
        socket: {
          description: 'Whether the client can be reached.',
          initial: 'online',
          on: {
            CLOSED_BY_SERVER: { guard: 'outlivesRestart', target: '.drained', actions: 'closeSocket' },
          },
          states: {
            online: {
              description: "The client's socket is open.",
              initial: 'heard',
              on: {
                RESUMED: { target: '.heard' },
                SOCKET_CLOSED: { guard: 'mayReturn', target: 'away' },
              },
              states: {
                heard: {
                  description: 'The client sent something within the ping interval.',
                  on: { HEARD: { target: 'heard', reenter: true } },
                  after: { pingInterval: { target: 'pinged' } },
                },
                pinged: {
                  description: 'The client was silent and was pinged; any message counts as an answer.',
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
              description: 'The socket is lost; id, keys, pairings and messages wait for the client.',
              entry: ['rememberAway', 'announceAway'],
              on: { RESUMED: { target: 'online', actions: ['rememberBack', 'announceBack'] } },
              after: {
                resumeGrace: {
                  target: '#session.disconnected',
                  actions: { type: 'leavePairing', params: { reason: 'timed_out' } },
                },
              },
            },
            drained: {
              description:
                'The server is restarting: everything waits, with no deadline, until the process ends.',
            },
          },
        },
      },
    },
    disconnected: {
      description: 'The session is over; its peers were told, unless the whole server stops.',
      type: 'final',
      entry: 'forgetSession',
    },
    moved: {
      description: 'Another node has the session; no one here is told that it left.',
      type: 'final',
      entry: 'leaveToNode',
    },
  },
});

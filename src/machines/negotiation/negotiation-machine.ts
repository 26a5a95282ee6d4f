/**
 * A peer's own side: its link to the signaling server and, in a second region, its connection to the other peer. They
 * are two regions because losing the link never ends the connection. One machine for werift and for the browser.
 *
 * The connection follows perfect negotiation (W3C WebRTC 10.7): the initiator offers; if both offer at once, the polite
 * side rolls its own offer back. Descriptions and candidates never enter the machine, only facts about them: the
 * connection holds them and carries out the effects one after another.
 */
import { assign, setup } from 'xstate';
import { fullJitter } from '../backoff.ts';
import { effect, eventOf } from '../host/effect.ts';
import type {
  NegotiationContext,
  NegotiationEvent,
  NegotiationFailure,
  NegotiationInput,
} from './negotiation-events.ts';

const effects = {
  openSocket: effect(),
  /** Gives up a socket, to open another one for the same session. */
  dropSocket: effect(),
  closeSocket: effect(),
  announceReady: effect(),
  announcePaired: effect(),
  announcePeerGone: effect(),
  announceFailure: effect<{ failure: NegotiationFailure }>(),
  openConnection: effect(),
  closeConnection: effect(),
  /** Reports, with DRAINED, when the peer has received everything that was accepted for it. */
  drainConnection: effect(),
  makeOffer: effect<{ iceRestart: boolean }>(),
  applyOffer: effect(),
  applyAnswer: effect(),
  holdCandidate: effect(),
  addCandidate: effect(),
  probeConnection: effect(),
  sendOffer: effect(),
  sendAnswer: effect(),
  sendCandidate: effect(),
  sendReport: effect<{ state: 'connected' | 'failed' }>(),
  sendUnpair: effect(),
};
export type NegotiationEffects = typeof effects;

const orNever = (ms: number) => ms || Number.POSITIVE_INFINITY;

const giveUp = (failure: NegotiationFailure) =>
  ({
    target: '#negotiation.open.connection.unpaired',
    actions: ['sendUnpair', { type: 'announceFailure', params: { failure } }],
  }) as const;

/** Shared by `offering` and `restarting`: our offer was sent. */
const offerIsOut = {
  LOCAL_OFFER_SET: { actions: 'sendOffer' },
  ANSWER_RECEIVED: { target: 'checking', actions: 'applyAnswer' },
  OFFER_RECEIVED: { guard: 'isPolite', target: 'answering' },
  CANDIDATE_RECEIVED: { actions: 'holdCandidate' },
} as const;

const startRestart = [
  { guard: 'mayRestart', target: 'restarting', actions: 'countRestart' },
  giveUp('connection_failed'),
] as const;

const leave = [
  { guard: 'isClosing', target: '#negotiation.disconnected' },
  { target: '#negotiation.open.connection.unpaired', actions: 'sendUnpair' },
] as const;

export const negotiationMachine = setup({
  types: {
    context: {} as NegotiationContext,
    events: {} as NegotiationEvent,
    input: {} as NegotiationInput,
  },
  actions: {
    ...effects,
    rememberId: assign(({ event }) => ({ id: eventOf(event, 'WELCOMED').id, attempts: 0 })),
    rememberPeer: assign(({ event }) => {
      const { peerId, isInitiator, isPolite } = eventOf(event, 'PAIRED');
      return {
        peerId,
        isInitiator,
        isPolite,
        isPairedAtServer: true,
        candidatesRefused: 0,
        restarts: 0,
      };
    }),
    forgetPeer: assign({ peerId: undefined, isPairedAtServer: false }),
    forgetServerPairing: assign({ isPairedAtServer: false }),
    rememberClosing: assign({ isClosing: true }),
    countRefusedCandidate: assign({ candidatesRefused: ({ context }) => context.candidatesRefused + 1 }),
    countRestart: assign({ restarts: ({ context }) => context.restarts + 1 }),
    forgetRestarts: assign({ restarts: 0 }),
    // A wait that the server asked for counts as an attempt: if the server is not back by then, the bound has grown.
    drawBackoff: assign(({ context, event }) => {
      const { backoffCapMs: capMs, backoffBaseMs: baseMs } = context.settings;
      const { random, afterMs } = event.type === 'SOCKET_LOST' ? event : { random: 1, afterMs: undefined };
      const backoffMs = afterMs ?? fullJitter({ baseMs, capMs }, context.attempts, random);
      return { attempts: context.attempts + 1, backoffMs };
    }),
  },
  guards: {
    isInitiator: ({ event }) => event.type === 'PAIRED' && event.isInitiator,
    isPolite: ({ context }) => context.isPolite,
    hasUnsent: ({ event }) => 'hasUnsent' in event && event.hasUnsent === true,
    isClosing: ({ context }) => context.isClosing,
    mayReturn: ({ context, event }) =>
      context.settings.reconnect &&
      context.id !== undefined &&
      (event.type !== 'SOCKET_LOST' || event.mayReturn),
    isLostForGood: ({ context, event }) =>
      event.type === 'SOCKET_LOST' && !(context.settings.reconnect && event.mayReturn),
    isNewSession: ({ event }) => event.type === 'WELCOMED' && !event.isResumed,
    mayRestart: ({ context }) => context.isPairedAtServer && context.restarts < context.settings.maxRestarts,
  },
  delays: {
    signalingTimeout: ({ context }) => orNever(context.settings.signalingTimeoutMs),
    offerTimeout: ({ context }) => orNever(context.settings.offerTimeoutMs),
    answerTimeout: ({ context }) => orNever(context.settings.answerTimeoutMs),
    checkingTimeout: ({ context }) => orNever(context.settings.checkingTimeoutMs),
    drainTimeout: ({ context }) => context.settings.drainTimeoutMs,
    backoff: ({ context }) => context.backoffMs,
  },
}).createMachine({
  id: 'negotiation',
  description: 'A peer: its signaling link and its connection.',
  context: ({ input }) => ({
    settings: input.settings,
    id: undefined,
    peerId: undefined,
    isInitiator: false,
    isPolite: false,
    isPairedAtServer: false,
    isClosing: false,
    candidatesRefused: 0,
    restarts: 0,
    attempts: 0,
    backoffMs: 0,
  }),
  initial: 'open',
  states: {
    open: {
      description: 'The peer is in use.',
      type: 'parallel',
      on: { CLOSE_ASKED: { target: 'disconnected' } },
      states: {
        signaling: {
          description: 'The link to the server.',
          initial: 'connecting',
          states: {
            connecting: {
              description: 'The WebSocket is being opened.',
              entry: 'openSocket',
              on: {
                WELCOMED: { target: 'online', actions: ['rememberId', 'announceReady'] },
                SOCKET_LOST: [
                  { guard: 'mayReturn', target: 'waiting', actions: 'drawBackoff' },
                  {
                    target: 'lost',
                    actions: { type: 'announceFailure', params: { failure: 'signaling_failed' } },
                  },
                ],
              },
              after: {
                signalingTimeout: [
                  { guard: 'mayReturn', target: 'waiting', actions: ['dropSocket', 'drawBackoff'] },
                  {
                    target: 'lost',
                    actions: { type: 'announceFailure', params: { failure: 'signaling_timeout' } },
                  },
                ],
              },
            },
            online: {
              description: 'The server knows this peer by its id.',
              on: {
                SOCKET_LOST: [
                  { guard: 'mayReturn', target: 'waiting', actions: 'drawBackoff' },
                  {
                    target: 'lost',
                    actions: { type: 'announceFailure', params: { failure: 'signaling_failed' } },
                  },
                ],
              },
            },
            waiting: {
              description:
                'The link is lost; it will be reopened at the time that the server gave, or after a backoff.',
              // A game's socket reconnects by itself.
              on: { WELCOMED: { target: 'online', actions: ['rememberId', 'announceReady'] } },
              after: { backoff: { target: 'connecting' } },
            },
            lost: {
              description: 'The link is closed for good; an open connection goes on without it.',
              entry: 'closeSocket',
            },
          },
        },
        connection: {
          description: 'The connection to the other peer.',
          initial: 'unpaired',
          states: {
            unpaired: {
              description: 'There is no other peer.',
              entry: 'forgetPeer',
              on: {
                PAIRED: [
                  { guard: 'isInitiator', target: 'paired.offering', actions: 'rememberPeer' },
                  { target: 'paired.expecting', actions: 'rememberPeer' },
                ],
              },
            },
            paired: {
              description: 'The server has paired us with a peer.',
              entry: ['announcePaired', 'openConnection'],
              exit: 'closeConnection',
              initial: 'expecting',
              on: {
                // Only after our link was lost and came back: the server does not know the peer that we have.
                PAIRED: [
                  {
                    guard: 'isInitiator',
                    target: '#negotiation.open.connection.paired.offering',
                    reenter: true,
                    actions: ['announcePeerGone', 'rememberPeer'],
                  },
                  {
                    target: '#negotiation.open.connection.paired.expecting',
                    reenter: true,
                    actions: ['announcePeerGone', 'rememberPeer'],
                  },
                ],
                LOCAL_CANDIDATE_FOUND: { actions: 'sendCandidate' },
                LOCAL_ANSWER_SET: { actions: 'sendAnswer' },
                PEER_DISCONNECTED: { target: 'unpaired', actions: 'announcePeerGone' },
                CLOSED_BY_PEER: { target: 'unpaired', actions: ['sendUnpair', 'announcePeerGone'] },
                UNPAIR_ASKED: [
                  { guard: 'hasUnsent', target: '.draining' },
                  { target: 'unpaired', actions: 'sendUnpair' },
                ],
                CLOSE_ASKED: { guard: 'hasUnsent', target: '.draining', actions: 'rememberClosing' },
                CANDIDATE_REFUSED: { actions: 'countRefusedCandidate' },
                DESCRIPTION_REFUSED: giveUp('description_refused'),
                // A lost socket alone ends nothing: the server may still have the session when the next socket opens.
                WELCOMED: { guard: 'isNewSession', ...giveUp('signaling_lost') },
                SOCKET_LOST: { guard: 'isLostForGood', ...giveUp('signaling_lost') },
              },
              states: {
                expecting: {
                  description: "We wait for the initiator's offer.",
                  on: {
                    OFFER_RECEIVED: { target: 'answering' },
                    CANDIDATE_RECEIVED: { actions: 'holdCandidate' },
                  },
                  after: { offerTimeout: giveUp('offer_timeout') },
                },
                offering: {
                  description: 'We have sent an offer, and wait for its answer.',
                  entry: { type: 'makeOffer', params: { iceRestart: false } },
                  on: offerIsOut,
                  after: { answerTimeout: giveUp('answer_timeout') },
                },
                answering: {
                  description: "We are answering the peer's offer.",
                  entry: 'applyOffer',
                  on: {
                    LOCAL_ANSWER_SET: { target: 'checking', actions: 'sendAnswer' },
                    OFFER_RECEIVED: { target: 'answering', reenter: true },
                    CANDIDATE_RECEIVED: { actions: 'addCandidate' },
                  },
                  after: { answerTimeout: giveUp('own_answer_timeout') },
                },
                checking: {
                  description: 'ICE is looking for a candidate pair that works.',
                  entry: 'probeConnection',
                  on: {
                    CONNECTION_ESTABLISHED: { target: 'connected' },
                    CONNECTION_FAILED: startRestart,
                    OFFER_RECEIVED: { target: 'answering' },
                    CANDIDATE_RECEIVED: { actions: 'addCandidate' },
                  },
                  after: { checkingTimeout: giveUp('connection_timeout') },
                },
                connected: {
                  description: 'Data goes from peer to peer.',
                  entry: ['forgetRestarts', { type: 'sendReport', params: { state: 'connected' } }],
                  on: {
                    CONNECTION_FAILED: startRestart,
                    NETWORK_CHANGED: { guard: 'mayRestart', target: 'restarting', actions: 'countRestart' },
                    OFFER_RECEIVED: { target: 'answering' },
                    CANDIDATE_RECEIVED: { actions: 'addCandidate' },
                    WELCOMED: [
                      { guard: 'isNewSession', actions: 'forgetServerPairing' },
                      // A server that was restarted has lost what we reported.
                      { actions: { type: 'sendReport', params: { state: 'connected' } } },
                    ],
                    SOCKET_LOST: { guard: 'isLostForGood', actions: 'forgetServerPairing' },
                  },
                },
                restarting: {
                  description: 'ICE restarts: an offer with new credentials awaits its answer.',
                  entry: [
                    { type: 'sendReport', params: { state: 'failed' } },
                    { type: 'makeOffer', params: { iceRestart: true } },
                  ],
                  on: offerIsOut,
                  after: { answerTimeout: giveUp('connection_failed') },
                },
                draining: {
                  description: 'We are leaving, once everything accepted for the peer has arrived.',
                  entry: 'drainConnection',
                  on: {
                    DRAINED: leave,
                    UNPAIR_ASKED: leave,
                    PEER_DISCONNECTED: leave,
                    CLOSED_BY_PEER: leave,
                    CONNECTION_FAILED: leave,
                    DESCRIPTION_REFUSED: leave,
                    CLOSE_ASKED: [
                      { guard: 'hasUnsent', actions: 'rememberClosing' },
                      { target: '#negotiation.disconnected' },
                    ],
                    // Without this, a peer that is closing would start again with the next pairing.
                    PAIRED: { guard: 'isClosing', target: '#negotiation.disconnected' },
                    CANDIDATE_RECEIVED: { actions: 'addCandidate' },
                    // Leaving needs no server.
                    WELCOMED: { guard: 'isNewSession', actions: 'forgetServerPairing' },
                    SOCKET_LOST: { guard: 'isLostForGood', actions: 'forgetServerPairing' },
                  },
                  after: { drainTimeout: leave },
                },
              },
            },
          },
        },
      },
    },
    disconnected: {
      description: 'The peer is closed.',
      type: 'final',
      entry: 'closeSocket',
    },
  },
});

/**
 * Another player of a game, as a player's own side sees it. The game rooms have no server that decides who is paired,
 * so that is decided here: we are paired when the game asks to connect to the player, or when the player's offer
 * arrives. Connecting is up to the negotiation's machine.
 */
import { setup } from 'xstate';
import { effect } from '../host/effect.ts';

export type RemotePlayerEventFromUser = { type: 'CONNECT_ASKED'; isOnline: boolean };

export type RemotePlayerEventFromPlayer =
  /** @property isOfNewConnection whether it belongs to a new connection, because the player started again */
  | { type: 'OFFER_RECEIVED'; isOfNewConnection: boolean }
  /** @property isConnectionUp an open connection needs no server, so only a player who left on purpose ends it */
  | { type: 'PLAYER_LEFT'; isOnPurpose: boolean; isConnectionUp: boolean };

export type RemotePlayerEventFromTransport = { type: 'SOCKET_CONNECTED' };

export type RemotePlayerEventFromNegotiation =
  | { type: 'CHANNEL_OPENED' | 'PEER_GONE' }
  /** No connection could be made, or it could not be kept. */
  | { type: 'GAVE_UP' };

export type RemotePlayerEvent =
  | RemotePlayerEventFromUser
  | RemotePlayerEventFromPlayer
  | RemotePlayerEventFromTransport
  | RemotePlayerEventFromNegotiation;

const effects = {
  /** Starts a negotiation: the player with the lower id offers, and the other one waits for the offer. */
  pairAsAsked: effect(),
  /** Starts a negotiation with the player's offer. */
  pairAsOffered: effect(),
  /** Ends the negotiation; PEER_GONE follows. */
  endPairing: effect(),
  /** Ends it silently, to make way for the next one. */
  replacePairing: effect(),
  announceOpened: effect(),
  announceClosed: effect(),
  announceFailure: effect(),
};
export type RemotePlayerEffects = typeof effects;

const beginAnew = {
  guard: 'isOfNewConnection',
  target: '#remote-player.paired.connecting',
  reenter: true,
  actions: ['replacePairing', 'pairAsOffered'],
} as const;

export const remotePlayerMachine = setup({
  types: { context: {} as Record<string, never>, events: {} as RemotePlayerEvent },
  actions: effects,
  guards: {
    isOnline: ({ event }) => event.type === 'CONNECT_ASKED' && event.isOnline,
    isOfNewConnection: ({ event }) => event.type === 'OFFER_RECEIVED' && event.isOfNewConnection,
    endsConnection: ({ event }) =>
      event.type === 'PLAYER_LEFT' && (event.isOnPurpose || !event.isConnectionUp),
  },
}).createMachine({
  id: 'remote-player',
  description: "Another player of a game, as seen from a player's own side.",
  context: {},
  initial: 'apart',
  states: {
    apart: {
      description: 'We are not paired with the player.',
      on: {
        CONNECT_ASKED: [
          { guard: 'isOnline', target: 'paired', actions: 'pairAsAsked' },
          { target: 'wanted' },
        ],
        OFFER_RECEIVED: { target: 'paired', actions: 'pairAsOffered' },
      },
    },
    wanted: {
      description: "We will be paired as soon as the game's socket is connected.",
      on: { SOCKET_CONNECTED: { target: 'paired', actions: 'pairAsAsked' } },
    },
    paired: {
      description: 'We are negotiating with the player, or are connected.',
      initial: 'connecting',
      on: { GAVE_UP: { target: 'apart', actions: 'announceFailure' } },
      states: {
        connecting: {
          description: 'No channel is open yet.',
          on: {
            CHANNEL_OPENED: { target: 'open' },
            OFFER_RECEIVED: beginAnew,
            PLAYER_LEFT: { actions: 'endPairing' },
            PEER_GONE: { target: '#remote-player.apart', actions: 'announceFailure' },
          },
        },
        open: {
          description: 'The channel is open.',
          entry: 'announceOpened',
          exit: 'announceClosed',
          initial: 'present',
          on: { PEER_GONE: { target: '#remote-player.apart' } },
          states: {
            present: {
              description: 'The player is in the game.',
              on: {
                OFFER_RECEIVED: beginAnew,
                PLAYER_LEFT: [{ guard: 'endsConnection', actions: 'endPairing' }, { target: 'departed' }],
              },
            },
            departed: {
              description:
                "The player's socket was lost; the connection is open, and a new one may replace it.",
              on: {
                CONNECT_ASKED: [
                  {
                    guard: 'isOnline',
                    target: '#remote-player.paired.connecting',
                    actions: ['replacePairing', 'pairAsAsked'],
                  },
                  { target: '#remote-player.wanted', actions: 'endPairing' },
                ],
                OFFER_RECEIVED: [beginAnew, { target: 'present' }],
                PLAYER_LEFT: { guard: 'endsConnection', actions: 'endPairing' },
              },
            },
          },
        },
      },
    },
  },
});

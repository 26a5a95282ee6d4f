/**
 * The machines of the game rooms, for the inspector. A player is in as many pairings as it signals to others, and what
 * it signals is in the record of that pairing: its own machine's steps are told where it enters a game or leaves it.
 */
import { redactSignal } from '../../../common/redact.ts';
import { members, type Source, source } from '../../inspector/source.ts';
import type { Player, RoomPairing, RoomPairingEvent } from './room.ts';
import type { Rooms } from './rooms.ts';

const isIn = (text: string, query: string) => text.toLowerCase().includes(query);

export function roomSources({ players, pairings, playerHost, pairingHost }: Rooms): Source[] {
  return [
    source<RoomPairing>({
      machine: 'pairing',
      host: pairingHost,
      instances: () => pairings,
      startOf: ({ startedAt }) => startedAt,
      // A player that left has another id; the machine has the ones that they had.
      rowOf: ({ context, epoch, room }) => ({
        id: context.initiatorId,
        peer_id: context.responderId,
        epoch,
        game: room.id,
      }),
      isFound: ({ context, room }, query) =>
        [context.initiatorId, context.responderId, room.id].some((text) => isIn(text, query)),
      gameOf: ({ room }) => room.id,
      record: {
        kind: 'game',
        lane: 'pairing',
        headOf: ({ context, epoch, room }) => ({
          epoch,
          initiator_id: context.initiatorId,
          responder_id: context.responderId,
          game: room.id,
        }),
        inputOf: ({ context: { initiatorId, responderId }, epoch }) => ({ initiatorId, responderId, epoch }),
        messageIn(event) {
          const { signal } = event as RoomPairingEvent;
          return signal && redactSignal(signal.type, signal.payload);
        },
        members: [
          members<RoomPairing, Player>({
            host: playerHost,
            of: ({ initiator, responder }) => [
              { lane: 'initiator', member: initiator },
              { lane: 'responder', member: responder },
            ],
            takesPart: ({ event }) => event.type !== 'SIGNAL_RECEIVED',
            remotePairRequests: () => false,
          }),
        ],
      },
    }),
    source<Player>({
      machine: 'player',
      host: playerHost,
      instances: () => players.values(),
      startOf: ({ openedAt }) => openedAt,
      rowOf: ({ id, room }) => ({ id, ...(room && { game: room.id }) }),
      isFound: ({ id, room }, query) => isIn(id, query) || (room !== undefined && isIn(room.id, query)),
      gameOf: ({ room }) => room?.id,
    }),
  ];
}

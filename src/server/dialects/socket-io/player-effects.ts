/** What the player machine's effects do. */
import { type Executors, eventOf, type playerMachine } from '../../../machines/index.ts';
import type { RoomId } from '../../../protocol/index.ts';
import type { AddressCount } from '../../admission/address-limits.ts';
import type { IceServer } from '../../signaling/ice-servers.ts';
import { FROM } from '../../telemetry/logger.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { KeptPlaces } from './kept-places.ts';
import { refusePlayer } from './refuse-player.ts';
import { type Player, Room, type RoomPlayerEvent } from './room.ts';
import type { RoomPairings } from './room-pairings.ts';

export interface PlayerEffectsDeps {
  readonly telemetry: Telemetry;
  readonly rooms: Map<string, Room>;
  /** How many games each address has begun that still are. */
  readonly begunBy: AddressCount;
  readonly pairings: Pick<RoomPairings, 'host' | 'between'>;
  readonly places: Pick<KeptPlaces, 'open' | 'close'>;
  readonly iceServersFor: (playerId: string) => IceServer[] | undefined;
}

export function playerEffects({
  telemetry,
  rooms,
  begunBy,
  pairings,
  places,
  iceServersFor,
}: PlayerEffectsDeps): Executors<typeof playerMachine, Player, RoomPlayerEvent> {
  const { log } = telemetry;
  return {
    enterGame(player, event) {
      const { gameId, playerId, shown, isReturning, reply } = eventOf(event, 'JOIN_REQUESTED');
      const room = rooms.get(gameId) ?? new Room(gameId, player.socket.address);
      if (!rooms.has(gameId)) begunBy.add(room.makerAddress);
      rooms.set(room.id, room);
      player.room = room;
      player.id = playerId;
      player.shownId = shown?.playerId ?? playerId;
      player.shownGameId = shown?.gameId ?? gameId;
      log.info(
        { event: 'player_joined', id: player.id, game: room.id, [FROM]: player.socket.address },
        `Player ${player.id} joined game ${room.id}`,
      );
      for (const other of room.players.values()) {
        other.tell('player_joined', { game_id: other.shownGameId, player_id: player.shownId });
      }
      room.players.set(player.id, player);
      if (isReturning) places.open(player);
      reply?.(welcome(player));
    },
    confirmJoin(player, event) {
      if (event.isReturning) places.open(player);
      event.reply?.(welcome(player));
      player.place?.flush();
    },
    leaveGame(player, _event, { reason }) {
      const { room, id } = player;
      if (!room) return;
      places.close(player);
      player.room = undefined;
      player.id = player.socket.id;
      room.players.delete(id);
      if (room.players.size === 0) {
        rooms.delete(room.id);
        begunBy.remove(room.makerAddress);
      }
      log.info(
        { event: 'player_left', id, game: room.id, reason, [FROM]: player.socket.address },
        `Player ${id} left game ${room.id}`,
      );
      for (const pairing of room.pairingsOf(player)) {
        const from = pairing.sideOf(player);
        pairings.host.dispatch(pairing, { type: 'PEER_LOST', from, reason: 'disconnected' });
      }
      for (const other of room.players.values()) {
        other.tell('player_left', { game_id: other.shownGameId, player_id: player.shownId, reason });
      }
    },
    confirmLeave: (_player, event) => event.reply?.({}),
    passSignal(player, event) {
      const { room } = player;
      const { signal } = eventOf(event, 'SIGNAL_RECEIVED');
      if (!signal?.to || !room) return;
      const { to, ...passed } = signal;
      const pairing = pairings.between(room, player, to);
      pairings.host.dispatch(pairing, {
        type: SIGNAL_EVENTS[passed.type],
        from: pairing.sideOf(player),
        epoch: undefined,
        signal: passed,
      });
    },
    refuse: (player, event, { code }) => refusePlayer(telemetry, player, event.reply, { code }),
  };

  function welcome(player: Player): { players: RoomId[]; ice_servers?: IceServer[]; token?: string } {
    const players = [...(player.room?.players.values() ?? [])].map(({ shownId }) => shownId);
    const iceServers = iceServersFor(player.id);
    return {
      players,
      ...(iceServers && { ice_servers: iceServers }),
      ...(player.place && { token: player.place.token }),
    };
  }
}

const SIGNAL_EVENTS = {
  offer: 'OFFER_RECEIVED',
  answer: 'ANSWER_RECEIVED',
  'ice-candidate': 'CANDIDATE_RECEIVED',
} as const;

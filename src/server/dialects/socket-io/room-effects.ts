/** What the effects of the player and the pairing machine do in a game room. */
import type { Executors, pairingMachine, playerMachine } from '../../../machines/index.ts';
import { type ErrorCode, errorMessages, type RoomId } from '../../../protocol/index.ts';
import type { IceServer } from '../../signaling/ice-servers.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { RefusalLog } from '../../telemetry/refusal-log.ts';
import {
  type Player,
  type Reply,
  Room,
  RoomPairing,
  type RoomPairingEvent,
  type RoomPairingHost,
  type RoomPlayerEvent,
} from './room.ts';

export interface RoomDeps {
  readonly log: Logger;
  readonly refusals: RefusalLog;
  readonly metrics: Metrics;
  readonly rooms: Map<string, Room>;
  readonly pairings: Set<RoomPairing>;
  readonly pairingHost: () => RoomPairingHost;
  readonly nextEpoch: () => number;
  /** The time in milliseconds. */
  readonly now: () => number;
  readonly iceServersFor: (playerId: string) => IceServer[] | undefined;
}

export function playerEffects(deps: RoomDeps): Executors<typeof playerMachine, Player, RoomPlayerEvent> {
  const { log, rooms } = deps;
  return {
    enterGame(player, event) {
      if (event.type !== 'JOIN_REQUESTED' || !event.shown) return;
      const room = rooms.get(event.gameId) ?? new Room(event.gameId);
      rooms.set(room.id, room);
      player.room = room;
      player.id = event.playerId;
      player.shownId = event.shown.playerId;
      player.shownGameId = event.shown.gameId;
      log.info(
        { event: 'player_joined', id: player.id, game: room.id },
        `Player ${player.id} joined game ${room.id}`,
      );
      for (const other of room.players.values()) {
        other.socket.emit('player_joined', { game_id: other.shownGameId, player_id: player.shownId });
      }
      room.players.set(player.id, player);
      event.reply?.(welcome(player));
    },
    confirmJoin: (player, event) => event.reply?.(welcome(player)),
    leaveGame(player, _event, { reason }) {
      const { room, id } = player;
      if (!room) return;
      player.room = undefined;
      player.id = player.socket.id;
      room.players.delete(id);
      if (room.players.size === 0) rooms.delete(room.id);
      log.info({ event: 'player_left', id, game: room.id, reason }, `Player ${id} left game ${room.id}`);
      for (const pairing of room.pairingsOf(player)) {
        const from = pairing.sideOf(player);
        deps.pairingHost().dispatch(pairing, { type: 'PEER_LOST', from, reason: 'disconnected' });
      }
      for (const other of room.players.values()) {
        other.socket.emit('player_left', { game_id: other.shownGameId, player_id: player.shownId, reason });
      }
    },
    confirmLeave: (_player, event) => event.reply?.({}),
    passSignal(player, event) {
      const { room } = player;
      if (event.type !== 'SIGNAL_RECEIVED' || !event.signal?.to || !room) return;
      const { to, ...signal } = event.signal;
      const pairing = room.pairingOf(player, to) ?? startPairing(deps, room, player, to);
      deps.pairingHost().dispatch(pairing, {
        type: SIGNAL_EVENTS[signal.type],
        from: pairing.sideOf(player),
        epoch: undefined,
        signal,
      });
    },
    refuse: (player, event, { code }) => refuse(deps, player, event.reply, { code }),
  };

  function welcome(player: Player): { players: RoomId[]; ice_servers?: IceServer[] } {
    const players = [...(player.room?.players.values() ?? [])].map(({ shownId }) => shownId);
    const iceServers = deps.iceServersFor(player.id);
    return { players, ...(iceServers && { ice_servers: iceServers }) };
  }
}

const SIGNAL_EVENTS = {
  offer: 'OFFER_RECEIVED',
  answer: 'ANSWER_RECEIVED',
  'ice-candidate': 'CANDIDATE_RECEIVED',
} as const;

export function roomPairingEffects(
  deps: RoomDeps,
): Executors<typeof pairingMachine, RoomPairing, RoomPairingEvent> {
  const { log, pairings } = deps;
  return {
    announcePairing({ initiator, responder, room }) {
      log.info(
        { event: 'pairing_formed', id: initiator.id, peerId: responder.id, game: room.id },
        `Players ${initiator.id} and ${responder.id} of game ${room.id} pair`,
      );
    },
    // A game lives as long as its players' sockets: it is not brought back after a restart.
    restorePairing() {},
    relayToPeer(pairing, event) {
      if (!event.signal) return;
      const from = pairing.at(event.from);
      const to = pairing.at(event.from === 'initiator' ? 'responder' : 'initiator');
      const { type, payload } = event.signal;
      if (log.isLevelEnabled('debug')) {
        const fields = {
          event: 'signal_relayed',
          id: from.id,
          peerId: to.id,
          game: pairing.room.id,
        } as const;
        log.debug(fields, `Relaying '${type}' from player ${from.id} to ${to.id} in game ${pairing.room.id}`);
      }
      to.socket.emit('webrtc_signal', {
        type,
        from_player_id: from.shownId,
        game_id: to.shownGameId,
        payload,
      });
    },
    refuse: (pairing, event, { code }) => refuse(deps, pairing.at(event.from), undefined, { code }),
    announceNegotiation() {},
    // No client of this dialect reports that it is connected.
    announceConnection() {},
    // Rooms are of one node.
    forgetPairing() {},
    endPairing(pairing) {
      pairing.room.delete(pairing);
      pairings.delete(pairing);
    },
  };
}

/** Tells a client what was wrong with a request, never what was in it: in its acknowledgement if it asked for one. */
export function refuse(
  { refusals, metrics }: Pick<RoomDeps, 'refusals' | 'metrics'>,
  player: Player,
  reply: Reply | undefined,
  { code, message = errorMessages[code] }: { code: ErrorCode; message?: string },
): void {
  metrics.refused.add(code);
  const game = player.room?.id;
  refusals.warn(code, player.socket.address, `Refused player ${player.id}: ${errorMessages[code]}`, {
    id: player.id,
    code,
    ...(game !== undefined && { game }),
  });
  if (reply) reply({ error: message, code });
  else player.socket.emit('signal_error', { code, message });
}

function startPairing(deps: RoomDeps, room: Room, player: Player, other: Player): RoomPairing {
  const pairing = new RoomPairing(room, player, other, deps.nextEpoch(), deps.now());
  const { initiator, responder, epoch } = pairing;
  room.add(pairing);
  deps.pairings.add(pairing);
  deps.pairingHost().start(pairing, { initiatorId: initiator.id, responderId: responder.id, epoch });
  deps.pairingHost().dispatch(pairing, { type: 'FORMED', from: pairing.sideOf(player) });
  return pairing;
}

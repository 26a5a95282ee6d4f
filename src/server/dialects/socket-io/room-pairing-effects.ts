/** What the pairing machine's effects do in a game room. */
import type { Executors, pairingMachine } from '../../../machines/index.ts';
import { FROM } from '../../telemetry/logger.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { refusePlayer } from './refuse-player.ts';
import type { RoomPairing, RoomPairingEvent } from './room.ts';

export function roomPairingEffects(
  telemetry: Telemetry,
  pairings: Set<RoomPairing>,
): Executors<typeof pairingMachine, RoomPairing, RoomPairingEvent> {
  const { log } = telemetry;
  return {
    announcePairing({ initiator, responder, room }) {
      log.info(
        {
          event: 'pairing_formed',
          id: initiator.id,
          peerId: responder.id,
          game: room.id,
          [FROM]: initiator.socket.address,
        },
        `Players ${initiator.id} and ${responder.id} of game ${room.id} pair`,
      );
    },
    // A game lives as long as its players' sockets: it is not brought back after a restart.
    restorePairing() {},
    relayToPeer(pairing, event) {
      if (!event.signal) return;
      const from = pairing.at(event.from);
      const to = pairing.at(event.from === 'initiator' ? 'responder' : 'initiator');
      const { type, payload, bytes } = event.signal;
      if (log.isLevelEnabled('debug')) {
        const fields = {
          event: 'signal_relayed',
          id: from.id,
          peerId: to.id,
          game: pairing.room.id,
        } as const;
        log.debug(fields, `Relaying '${type}' from player ${from.id} to ${to.id} in game ${pairing.room.id}`);
      }
      to.signal({ type, from_player_id: from.shownId, game_id: to.shownGameId, payload }, bytes);
    },
    refuse: (pairing, event, { code }) =>
      refusePlayer(telemetry, pairing.at(event.from), undefined, { code }),
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

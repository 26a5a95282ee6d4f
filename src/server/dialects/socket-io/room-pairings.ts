/** The pairings of the game rooms, and the host that steps them. */
import { MachineHost, pairingMachine, type StepQueue } from '../../../machines/index.ts';
import type { PairingEpochs } from '../../signaling/pairing-epochs.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { refusePlayer } from './refuse-player.ts';
import { type Player, type Room, RoomPairing, type RoomPairingEvent, type RoomPairingHost } from './room.ts';
import { roomPairingEffects } from './room-pairing-effects.ts';

export class RoomPairings {
  readonly all = new Set<RoomPairing>();
  readonly host: RoomPairingHost;
  readonly #telemetry: Telemetry;
  readonly #queue: StepQueue;
  readonly #epochs: PairingEpochs;

  constructor(telemetry: Telemetry, queue: StepQueue, epochs: PairingEpochs) {
    this.#telemetry = telemetry;
    this.#queue = queue;
    this.#epochs = epochs;
    this.host = new MachineHost(pairingMachine, {
      queue,
      executors: roomPairingEffects(telemetry, this.all),
      onError: (pairing, error, effect, event) => this.#fail(pairing, error, effect, event),
    });
  }

  /** The pairing of two players of a game; the first that one of them signals begins it. */
  between(room: Room, player: Player, other: Player): RoomPairing {
    return room.pairingOf(player, other) ?? this.#start(room, player, other);
  }

  #start(room: Room, player: Player, other: Player): RoomPairing {
    const pairing = new RoomPairing(room, player, other, this.#epochs.next(), this.#queue.now);
    const { initiator, responder, epoch } = pairing;
    room.add(pairing);
    this.all.add(pairing);
    this.host.start(pairing, { initiatorId: initiator.id, responderId: responder.id, epoch });
    this.host.dispatch(pairing, { type: 'FORMED', from: pairing.sideOf(player) });
    return pairing;
  }

  /** Something of ours threw: that pairing ends, neither player does, and whose signal it was is told. */
  #fail(pairing: RoomPairing, error: unknown, effect: string, event: RoomPairingEvent | undefined): void {
    const { initiator, responder, room } = pairing;
    const fields = {
      event: 'pairing_failed',
      id: initiator.id,
      peerId: responder.id,
      game: room.id,
      effect,
      err: error,
    } as const;
    this.#telemetry.log.error(fields, `Players ${initiator.id} and ${responder.id} failed in ${effect}`);
    if (event?.signal)
      refusePlayer(this.#telemetry, pairing.at(event.from), undefined, { code: 'internal_error' });
    room.delete(pairing);
    this.all.delete(pairing);
    if (event?.type === 'PEER_LOST') return;
    this.host.dispatch(pairing, { type: 'PEER_LOST', from: 'initiator', reason: 'failed' });
  }
}

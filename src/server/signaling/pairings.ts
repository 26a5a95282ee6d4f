/** The pairings of a server, and the host that steps them. */
import { printable } from '../../common/printable.ts';
import { MachineHost, pairingMachine, type Side, type StepQueue } from '../../machines/index.ts';
import type { DisconnectReason } from '../../protocol/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import {
  type IceServersFor,
  type PairingDetails,
  type PairingHost,
  type PairingWatcher,
  type Party,
  ServerPairing,
  type ServerPairingEvent,
} from './pairing.ts';
import { pairingEffects } from './pairing-effects.ts';
import type { PairingEpochs } from './pairing-epochs.ts';
import { messageTypeOf, SIGNAL_EVENTS, type Signal, sizeOf } from './signal.ts';

export interface PairingsDeps {
  readonly queue: StepQueue;
  readonly epochs: PairingEpochs;
  readonly iceServersFor: IceServersFor;
  readonly log: Logger;
}

export class Pairings {
  readonly all = new Set<ServerPairing>();
  readonly epochs: PairingEpochs;
  /** Makes the trace context that both clients are told; undefined if pairings are not traced. */
  traceparentOf: ((pairing: ServerPairing) => string) | undefined;
  readonly host: PairingHost;
  readonly #queue: StepQueue;
  readonly #watchers: PairingWatcher[] = [];
  readonly #log: Logger;
  /** Pairings that failed and are about to end. */
  readonly #failed = new WeakSet<ServerPairing>();

  constructor({ queue, epochs, iceServersFor, log }: PairingsDeps) {
    this.epochs = epochs;
    this.#queue = queue;
    this.#log = log;
    this.host = new MachineHost(pairingMachine, {
      queue,
      executors: pairingEffects({ pairings: this.all, iceServersFor, log, watchers: this.#watchers }),
      onError: (pairing, error, effect, event) => this.fail(pairing, error, effect, event),
    });
  }

  watch(watcher: PairingWatcher): void {
    this.#watchers.push(watcher);
  }

  /** @param epoch the number already promised to the clients; by default the next one */
  form(
    initiator: Party,
    responder: Party,
    details: PairingDetails = {},
    epoch = this.epochs.next(),
  ): ServerPairing {
    return this.#start(initiator, responder, epoch, 'FORMED', details);
  }

  /** Makes a pairing again, of which one client has just come from another node or from before a restart. */
  restore(initiator: Party, responder: Party, epoch: number, details: PairingDetails = {}): ServerPairing {
    return this.#start(initiator, responder, epoch, 'RESTORED', details);
  }

  /**
   * Handles a signal of the party on that side. If the peer does not read fast enough, the sender is told before the
   * machine hears of the signal, and the peer loses nothing.
   * @param senderSeq the number that its sender gave it at another node
   */
  signal(pairing: ServerPairing, from: Side, signal: Signal, senderSeq?: number): void {
    const { message } = signal;
    const { type, epoch } = message;
    const isRelayed = type !== 'unpair' && type !== 'report' && type !== 'reject';
    const isCurrent = epoch === undefined || epoch === pairing.epoch;
    if (isRelayed && isCurrent && !pairing.other(from).hasRoomFor(sizeOf(signal))) {
      pairing.party(from).refuse({ code: 'peer_slow', for: type });
      return;
    }
    switch (message.type) {
      case 'unpair':
        this.host.dispatch(pairing, { type: 'UNPAIR_RECEIVED', from, epoch, signal });
        return;
      case 'reject':
        if (isCurrent) this.lose(pairing, from, 'rejected', printable(message.reason ?? ''));
        return;
      case 'report': {
        const isConnected = message.state === 'connected';
        this.host.dispatch(pairing, { type: 'REPORT_RECEIVED', from, epoch, isConnected, signal });
        return;
      }
      default:
        this.host.dispatch(pairing, {
          type: SIGNAL_EVENTS[message.type],
          from,
          epoch,
          signal,
          senderSeq,
          connectionId: signal.connectionId,
        });
    }
  }

  /**
   * The party on that side is gone.
   * @param message the reason it gave
   */
  lose(pairing: ServerPairing, from: Side, reason: DisconnectReason, message?: string): void {
    this.host.dispatch(pairing, { type: 'PEER_LOST', from, reason, ...(message && { message }) });
  }

  /**
   * Ends the pairing on the server's behalf: both clients are told, and their sessions go on.
   * @param from the side that caused it
   */
  end(pairing: ServerPairing, from: Side, reason: DisconnectReason): void {
    this.host.dispatch(pairing, { type: 'PEER_LOST', from, reason, areBothHere: true });
  }

  /**
   * Handles an exception of ours. The pairing ends but neither session does: one client may have caused it, and the
   * other is innocent. The client whose message was being handled is told.
   * @param event the event that was being handled
   */
  fail(pairing: ServerPairing, error: unknown, where: string, event?: ServerPairingEvent): void {
    const { epoch, initiator, responder } = pairing;
    this.#log.error(
      { event: 'pairing_failed', id: initiator.id, peerId: responder.id, epoch, effect: where, err: error },
      `Pairing ${initiator.id} <-> ${responder.id} failed in ${where}`,
    );
    const from = event?.from ?? 'initiator';
    const type = event?.signal && messageTypeOf[event.type];
    if (type) attempt(() => pairing.party(from).refuse({ code: 'internal_error', for: type }));
    if (pairing.isDone || this.#failed.has(pairing)) this.#abandon(pairing);
    else {
      this.#failed.add(pairing);
      this.end(pairing, from, 'failed');
    }
  }

  /** Ending the pairing failed, too: does what can still be done for its parties. */
  #abandon(pairing: ServerPairing): void {
    this.all.delete(pairing);
    for (const party of pairing.parties) if (party.pairing === pairing) attempt(() => party.release());
  }

  /** The party on that side moves to another node, and the pairing with it. */
  move(pairing: ServerPairing, from: Side): void {
    this.host.dispatch(pairing, { type: 'MOVED', from });
  }

  /** The client on that side reported at another node that it is connected. */
  reportConnected(pairing: ServerPairing, from: Side): void {
    const { epoch } = pairing;
    this.host.dispatch(pairing, { type: 'REPORT_RECEIVED', from, epoch, isConnected: true });
  }

  #start(
    initiator: Party,
    responder: Party,
    epoch: number,
    type: 'FORMED' | 'RESTORED',
    details?: PairingDetails,
  ): ServerPairing {
    const pairing = new ServerPairing(initiator, responder, epoch, this.#queue.now, details);
    pairing.traceparent = this.traceparentOf?.(pairing);
    this.all.add(pairing);
    this.host.start(pairing, { initiatorId: initiator.id, responderId: responder.id, epoch });
    this.host.dispatch(pairing, { type, from: 'initiator' });
    return pairing;
  }
}

/** What failed once may fail again; the remaining steps must run all the same. */
function attempt(step: () => void): void {
  try {
    step();
  } catch {}
}

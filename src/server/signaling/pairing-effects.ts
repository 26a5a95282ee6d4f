/** What the pairing machine's effects do. */
import type { Executors, pairingMachine } from '../../machines/index.ts';
import type { DisconnectReason } from '../../protocol/index.ts';
import type { LogEvent } from '../telemetry/log-events.ts';
import { FROM, type Logger } from '../telemetry/logger.ts';
import type { IceServersFor, PairingWatcher, ServerPairing, ServerPairingEvent } from './pairing.ts';
import { messageTypeOf } from './signal.ts';

export interface PairingEffectsDeps {
  readonly pairings: Set<ServerPairing>;
  readonly iceServersFor: IceServersFor;
  readonly log: Logger;
  readonly watchers: readonly PairingWatcher[];
}

export function pairingEffects({
  pairings,
  iceServersFor,
  log,
  watchers,
}: PairingEffectsDeps): Executors<typeof pairingMachine, ServerPairing, ServerPairingEvent> {
  // Checked once: this line would be written for every message.
  const isRelayLogged = log.isLevelEnabled('debug');
  const logPair = (event: LogEvent, { initiator, responder, epoch }: ServerPairing, what: string) => {
    const [{ id }, { id: peerId }] = [initiator, responder];
    const address = initiator.address ?? responder.address;
    log.info({ event, id, peerId, epoch, [FROM]: address }, `${what}: ${id} <-> ${peerId}`);
  };
  return {
    announcePairing(pairing) {
      logPair('pairing_formed', pairing, 'Pairing successful');
      for (const party of pairing.parties) party.paired(pairing, iceServersFor);
      pairing.forgetMetadata();
      // A client that asked for one that is away has to wait for it, and should know.
      for (const party of pairing.parties)
        if (party.isMissed) pairing.other(party.side).notify('peer_away', party.id);
      for (const watcher of watchers) watcher.paired(pairing);
    },
    restorePairing(pairing) {
      logPair('pairing_restored', pairing, 'Pairing restored');
      for (const party of pairing.parties) party.restored(pairing);
      for (const watcher of watchers) watcher.paired(pairing);
    },
    relayToPeer(pairing, { from, signal, senderSeq }) {
      if (!signal) return;
      const to = pairing.other(from);
      if (isRelayLogged) {
        const { id } = pairing.party(from);
        const { type } = signal.message;
        log.debug(
          { event: 'signal_relayed', id, peerId: to.id, epoch: pairing.epoch },
          `Relaying '${type}' message from ${id} to ${to.id}`,
        );
      }
      to.deliver(signal, pairing, from, senderSeq);
    },
    refuse(pairing, event, { code }) {
      const type = messageTypeOf[event.type];
      pairing.party(event.from).refuse({ code, ...(type && { for: type }) });
    },
    announceNegotiation(pairing) {
      for (const party of pairing.parties) party.advanced('NEGOTIATION_STARTED');
      for (const watcher of watchers) watcher.negotiating(pairing);
    },
    announceConnection(pairing) {
      logPair('pairing_connected', pairing, 'Connected');
      for (const party of pairing.parties) party.advanced('CONNECTED');
      for (const watcher of watchers) watcher.connected(pairing);
    },
    endPairing(pairing, event) {
      const [left, other] = [pairing.party(event.from), pairing.other(event.from)];
      const reason: DisconnectReason = event.type === 'PEER_LOST' ? event.reason : 'unpaired';
      const fields = { id: left.id, peerId: other.id, epoch: pairing.epoch, reason };
      const address = left.address ?? other.address;
      log.info(
        { event: 'pairing_ended', ...fields, [FROM]: address },
        `Unpaired: ${left.id} <-> ${other.id}: ${reason}`,
      );
      other.disconnected(reason, left.id, event.message);
      // When the server ends the pairing (a room does, for example), neither client has left the other.
      if (!event.areBothHere && (reason === 'unpaired' || reason === 'rejected')) left.leaves(other.id);
      if (event.areBothHere) left.disconnected(reason, other.id);
      pairings.delete(pairing);
      left.release();
      other.release();
      for (const watcher of watchers) watcher.ended(pairing, reason);
    },
    forgetPairing(pairing, { from }) {
      pairings.delete(pairing);
      // The client that moved has the pairing at its new node.
      pairing.party(from).vacate();
      pairing.other(from).release();
      for (const watcher of watchers) watcher.moved?.(pairing);
    },
  };
}

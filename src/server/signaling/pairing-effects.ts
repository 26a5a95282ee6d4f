/** What the pairing machine's effects do. */
import type { Executors, pairingMachine } from '../../machines/index.ts';
import type { DisconnectReason } from '../../protocol/index.ts';
import type { RemotePairings } from '../cluster/pairing/remote-pairings.ts';
import { RemoteSession } from '../cluster/pairing/remote-session.ts';
import { textOf, withFromPeer } from '../dialects/native/decode-client-message.ts';
import type { Outbox } from '../dialects/native/outbox.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { IceServer } from './ice-servers.ts';
import { notifyPeer } from './notify-peer.ts';
import { messageTypeOf, type SessionHost } from './router.ts';
import type { ServerPairing, ServerPairingEvent, ServerSession } from './sessions.ts';

export interface PairingDeps {
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly sessionHost: SessionHost;
  readonly remotePairings: RemotePairings;
  readonly pairings: Set<ServerPairing>;
  readonly iceServersFor: (session: ServerSession) => IceServer[] | undefined;
}

export function pairingEffects(
  deps: PairingDeps,
): Executors<typeof pairingMachine, ServerPairing, ServerPairingEvent> {
  const { outbox, log, sessionHost, remotePairings, pairings } = deps;
  // Asked once: it is the one line that every message would write.
  const isRelayLogged = log.isLevelEnabled('info');
  return {
    announcePairing(pairing) {
      const { initiator, responder, epoch } = pairing;
      log.info(
        { id: initiator.id, peerId: responder.id },
        `Pairing successful: ${initiator.id} <-> ${responder.id}`,
      );
      for (const session of pairing.clients) {
        const peer = pairing.other(session.side);
        const iceServers = deps.iceServersFor(session);
        outbox.send(session, {
          type: 'paired',
          peer_id: peer.id,
          initiator: session === initiator,
          polite: session === responder,
          epoch,
          ...(iceServers && { ice_servers: iceServers }),
        });
        sessionHost.dispatch(session, {
          type: 'PAIRED',
          peerId: peer.id,
          isGranted: session.pendingPairRequest?.epoch === epoch,
        });
      }
      // Whoever asks for a client that is away waits for it, and should know.
      for (const session of pairing.clients) if (session.isMissed) notifyPeer(session, 'away', deps);
    },
    restorePairing(pairing) {
      log.info(
        { id: pairing.initiator.id, peerId: pairing.responder.id },
        `Pairing restored: ${pairing.initiator.id} <-> ${pairing.responder.id}`,
      );
      for (const session of pairing.clients)
        sessionHost.dispatch(session, { type: 'PAIRED', peerId: pairing.other(session.side).id });
    },
    relayToPeer(pairing, event) {
      const { frame } = event;
      if (!frame) return;
      const from = pairing.party(event.from);
      const to = pairing.other(event.from);
      if (isRelayLogged) {
        const { type } = frame.message;
        log.info({ id: from.id, peerId: to.id }, `Relaying '${type}' message from ${from.id} to ${to.id}`);
      }
      // Its sender is told that a frame is safe only once the receiver has it, where that one can come back. And what
      // goes to another node may have to be said again, where either can.
      const isFromHere = !(from instanceof RemoteSession);
      const isNumbered =
        to instanceof RemoteSession
          ? to.isResumable || (isFromHere && from.delivery !== undefined)
          : to.delivery !== undefined;
      const senderSeq = event.senderSeq ?? (isFromHere && isNumbered ? senderSeqOf(from) : undefined);
      if (to instanceof RemoteSession) remotePairings.relay(to, textOf(frame), senderSeq);
      else
        outbox.relayFrame(
          to,
          withFromPeer(frame, to.delivery !== undefined),
          senderSeq === undefined
            ? {}
            : {
                senderSeq,
                epoch: pairing.epoch,
                onAcked: () => remotePairings.ack(pairing, event.from, senderSeq),
              },
        );
    },
    refuse(pairing, event, { code }) {
      const party = pairing.party(event.from);
      const type = messageTypeOf[event.type];
      const refusal = { code, ...(type && { for: type }) };
      if (party instanceof RemoteSession) remotePairings.tell(party, 'refused', refusal);
      else outbox.refuse(party, refusal);
    },
    announceNegotiation(pairing) {
      for (const session of pairing.clients) sessionHost.dispatch(session, { type: 'NEGOTIATION_STARTED' });
    },
    announceConnection(pairing) {
      log.info(
        { id: pairing.initiator.id, peerId: pairing.responder.id },
        `Connected: ${pairing.initiator.id} <-> ${pairing.responder.id}`,
      );
      for (const session of pairing.clients) sessionHost.dispatch(session, { type: 'CONNECTED' });
    },
    endPairing(pairing, event) {
      const left = pairing.party(event.from);
      const other = pairing.other(event.from);
      const reason: DisconnectReason = event.type === 'PEER_LOST' ? event.reason : 'unpaired';
      if (other instanceof RemoteSession) remotePairings.tell(other, 'ended', { reason });
      else outbox.send(other, { type: 'peer_disconnected', peer_id: left.id, reason });
      pairings.delete(pairing);
      for (const party of [left, other]) {
        party.pairing = undefined;
        if (party instanceof RemoteSession) remotePairings.release(party);
        else sessionHost.dispatch(party, { type: 'UNPAIRED' });
      }
    },
    forgetPairing(pairing) {
      pairings.delete(pairing);
      for (const party of [pairing.initiator, pairing.responder]) {
        party.pairing = undefined;
        if (party instanceof RemoteSession) remotePairings.release(party);
      }
    },
  };
}

/** The number by which a message is known wherever it goes: its sender's, or for one that gives none, ours. */
function senderSeqOf(from: ServerSession): number {
  if (from.delivery) return from.delivery.deferAck();
  from.lastSenderSeq += 1;
  return from.lastSenderSeq;
}

/** What the pairing machine's effects do. */
import type { Executors, PairingEffects } from '../machines/index.ts';
import type { DisconnectReason } from '../protocol/index.ts';
import { withFromPeer } from './decode.ts';
import type { IceServer } from './ice-servers.ts';
import type { Logger } from './logger.ts';
import type { Outbox } from './outbox.ts';
import { messageTypeOf, type SessionHost } from './router.ts';
import type { ServerPairing, ServerPairingEvent, ServerSession } from './sessions.ts';

export interface PairingShell {
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly sessionHost: SessionHost;
  readonly pairings: Set<ServerPairing>;
  readonly iceServersFor: (session: ServerSession) => IceServer[] | undefined;
}

export function pairingExecutors(
  shell: PairingShell,
): Executors<PairingEffects, ServerPairing, ServerPairingEvent> {
  const { outbox, log, sessionHost, pairings } = shell;
  return {
    announcePairing(pairing) {
      const { a, b, epoch } = pairing;
      log.info({ id: a.id, peerId: b.id }, `Pairing successful: ${a.id} <-> ${b.id}`);
      for (const [session, peer] of [
        [a, b],
        [b, a],
      ] as const) {
        const iceServers = shell.iceServersFor(session);
        outbox.send(session, {
          type: 'paired',
          peer_id: peer.id,
          initiator: session === a,
          polite: session === b,
          epoch,
          ...(iceServers && { ice_servers: iceServers }),
        });
        sessionHost.send(session, { type: 'PAIRED', peerId: peer.id });
      }
    },
    restorePairing({ a, b }) {
      log.info({ id: a.id, peerId: b.id }, `Pairing restored: ${a.id} <-> ${b.id}`);
      sessionHost.send(a, { type: 'PAIRED', peerId: b.id });
      sessionHost.send(b, { type: 'PAIRED', peerId: a.id });
    },
    relayToPeer(pairing, event) {
      if (!event.frame) return;
      const from = event.from === 'a' ? pairing.a : pairing.b;
      const to = pairing.other(event.from);
      if (log.isLevelEnabled('info')) {
        const { type } = event.frame.message;
        log.info({ id: from.id, peerId: to.id }, `Relaying '${type}' message from ${from.id} to ${to.id}`);
      }
      outbox.relayFrame(from, to, withFromPeer(event.frame, to.delivery !== undefined));
    },
    refuse(pairing, event, { code }) {
      const session = event.from === 'a' ? pairing.a : pairing.b;
      const type = messageTypeOf[event.type];
      outbox.refuse(session, { code, ...(type && { for: type }) });
    },
    announceNegotiation(pairing) {
      sessionHost.send(pairing.a, { type: 'NEGOTIATION_STARTED' });
      sessionHost.send(pairing.b, { type: 'NEGOTIATION_STARTED' });
    },
    announceConnection(pairing) {
      log.info({ id: pairing.a.id, peerId: pairing.b.id }, `Connected: ${pairing.a.id} <-> ${pairing.b.id}`);
      sessionHost.send(pairing.a, { type: 'CONNECTED' });
      sessionHost.send(pairing.b, { type: 'CONNECTED' });
    },
    endPairing(pairing, event) {
      const left = event.from === 'a' ? pairing.a : pairing.b;
      const reason: DisconnectReason = event.type === 'PEER_LOST' ? event.reason : 'unpaired';
      outbox.send(pairing.other(event.from), { type: 'peer_disconnected', peer_id: left.id, reason });
      pairings.delete(pairing);
      for (const session of [pairing.a, pairing.b]) {
        session.pairing = undefined;
        sessionHost.send(session, { type: 'UNPAIRED' });
      }
    },
  };
}

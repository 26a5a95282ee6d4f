/** What the session machine's effects do. */
import type { Clock } from '../../common/clock.ts';
import type { Executors, sessionMachine } from '../../machines/index.ts';
import { closeCodes, formatPairingKey } from '../../protocol/index.ts';
import type { RemotePairRequests } from '../cluster/pairing/remote-pair-requests.ts';
import type { RemotePairings } from '../cluster/pairing/remote-pairings.ts';
import type { Outbox } from '../dialects/native/outbox.ts';
import type { Logger } from '../telemetry/logger.ts';
import { notifyPeer } from './notify-peer.ts';
import { type Directory, messageTypeOf, type PairingHost } from './router.ts';
import { ServerPairing, type ServerSession } from './sessions.ts';

export interface SessionDeps {
  readonly directory: Directory & { readonly sessions: Map<string, ServerSession> };
  readonly outbox: Outbox;
  readonly log: Logger;
  readonly clock: Clock;
  readonly pairingHost: () => PairingHost;
  /** Starts the pairing's machine, and keeps it. */
  readonly startPairing: (pairing: ServerPairing) => void;
  readonly nextEpoch: () => number;
  readonly remotePairings: RemotePairings;
  /** Undefined for a server that is alone: its machines never ask. */
  readonly remotePairRequests: () => RemotePairRequests | undefined;
  /** A session is not here any more. */
  readonly left: (session: ServerSession) => void;
}

export function sessionEffects(deps: SessionDeps): Executors<typeof sessionMachine, ServerSession> {
  const { directory, outbox, log, clock, remotePairings } = deps;
  return {
    createPairing(session, event) {
      if (event.type !== 'PAIR_REQUESTED') return;
      const target = directory.sessions.get(event.targetId ?? '');
      if (!target) return;
      if (event.key !== undefined) directory.keys.use(event.key);
      deps.startPairing(new ServerPairing(session, target, deps.nextEpoch()));
    },
    askNodes(session, event) {
      if (event.type === 'PAIR_REQUESTED') deps.remotePairRequests()?.ask(session, event);
    },
    forgetAsk(session) {
      deps.remotePairRequests()?.forget(session);
    },
    joinPairing(session, event) {
      if (event.type !== 'GRANTED') return;
      const { targetId, node, isResumable, epoch } = event;
      deps.startPairing(
        new ServerPairing(session, remotePairings.create(targetId, node, isResumable), epoch),
      );
    },
    denyAsk(session, event, { code }) {
      const why = code ?? (event.type === 'DENIED' ? event.code : 'unavailable');
      outbox.refuse(session, { code: why, for: 'pair_request' });
    },
    createKey(session, event) {
      if (event.type !== 'KEY_REQUESTED') return;
      const { key, ttlMs } = directory.keys.create(session, clock.now(), event.ttlS, event.uses);
      outbox.send(session, {
        type: 'key',
        key: formatPairingKey(key),
        expires_at: Math.round(clock.wallTime() + ttlMs),
      });
    },
    sendPing(session) {
      session.isPinged = true;
      log.debug({ id: session.id }, `Ping to ${session.id}`);
      outbox.sendPlain(session, { type: 'ping' });
    },
    refuse(session, event, { code }) {
      const type = messageTypeOf[event.type];
      outbox.refuse(session, { code, ...(type && { for: type }) });
    },
    leavePairing(session, _event, { reason }) {
      if (session.pairing)
        deps.pairingHost().dispatch(session.pairing, { type: 'PEER_LOST', from: session.side, reason });
    },
    closeSocket(session, event) {
      if (event.type === 'CLOSED_BY_SERVER') end(session, event.code, event.reason);
    },
    closeSilentSocket(session) {
      log.warn({ id: session.id }, `Client ${session.id} timed out`);
      end(session, closeCodes.timedOut, 'You did not answer a ping');
    },
    announceAway(session) {
      log.info({ id: session.id }, `Client ${session.id} is away`);
      session.isMissed = true;
      notifyPeer(session, 'away', deps);
    },
    announceBack(session) {
      log.info({ id: session.id }, `Client ${session.id} is back`);
      session.isMissed = false;
      notifyPeer(session, 'back', deps);
    },
    forgetSession(session) {
      directory.sessions.delete(session.id);
      directory.keys.forgetAllOf(session);
      session.delivery?.discard();
      deps.left(session);
      const { peerId } = session.context;
      const pairing = peerId === undefined ? '' : `, removing pairing with ${peerId}`;
      log.info({ id: session.id }, `Client ${session.id} disconnected${pairing}`);
    },
    leaveToNode(session) {
      directory.sessions.delete(session.id);
      directory.keys.forgetAllOf(session);
      log.info({ id: session.id }, `Client ${session.id} came back to another node`);
    },
  };
}

/** Ends the socket with a close frame. From here on it is gone for us: its `close` event comes at once. */
function end(session: ServerSession, code: number, reason: string): void {
  const { socket } = session;
  session.socket = undefined;
  socket?.end(code, reason);
}

/** What the session machine's effects do. */

import type { Clock } from '../../common/clock.ts';
import {
  type Executors,
  eventOf,
  type SessionEvent,
  type StepQueue,
  type sessionMachine,
} from '../../machines/index.ts';
import { closeCodes, formatPairingKey, type MemberLeftReason } from '../../protocol/index.ts';
import type { LogEvent } from '../telemetry/log-events.ts';
import { FROM, type Logger } from '../telemetry/logger.ts';
import type { Directory } from './directory.ts';
import type { PairRequest } from './other-nodes.ts';
import type { Pairings } from './pairings.ts';
import type { JoinRequest, Rooms } from './rooms/rooms.ts';
import { Seat } from './seat.ts';
import type { ServerSession } from './session.ts';
import { messageTypeOf } from './signal.ts';

export interface SessionEffectsDeps {
  readonly queue: StepQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly directory: Directory;
  readonly pairings: Pairings;
  readonly rooms: Pick<Rooms, 'join' | 'lock'>;
}

/** The data of a pair request that the machine does not look at. */
function requestOf(event: SessionEvent): PairRequest {
  return eventOf(event, 'PAIR_REQUESTED') as PairRequest;
}

/** The data of a request about a room. */
export interface RoomRequest {
  readonly join?: JoinRequest;
  readonly lock?: { readonly room: string; readonly isLocked: boolean };
}

/** The room data that an event carries. */
function roomRequestOf(event: SessionEvent): RoomRequest {
  return event as RoomRequest;
}

/** Its client, which has just asked, may send its offer before it knows of the pairing of that epoch. */
function asks(session: ServerSession, epoch: number): void {
  const { client } = session;
  if (client.isResumable) session.asked = { request: client.lastSenderSeq, epoch };
}

export function sessionEffects({
  queue,
  clock,
  log,
  directory,
  pairings,
  rooms,
}: SessionEffectsDeps): Executors<typeof sessionMachine, ServerSession> {
  const { sessions, keys } = directory;
  const note = ({ id, client }: ServerSession, event: LogEvent, message: string) =>
    log.info({ event, id, [FROM]: client.address }, message);
  return {
    createPairing(session, event) {
      const { targetId, key, metadata, traceparent } = requestOf(event);
      const target = sessions.get(targetId ?? '');
      if (!target) return;
      if (key !== undefined) keys.use(key);
      const epoch = pairings.epochs.next();
      asks(session, epoch);
      pairings.form(new Seat(session), new Seat(target), { metadata, traceparent }, epoch);
    },
    askNodes(session, event) {
      directory.otherNodes.requestPairing(session, requestOf(event));
      if (session.pendingPairRequest) asks(session, session.pendingPairRequest.epoch);
    },
    forgetAsk(session) {
      session.dropOffer();
      directory.otherNodes.forgetRequest(session);
    },
    joinPairing(session, event) {
      const granted = eventOf(event, 'GRANTED');
      const { pendingPairRequest: request } = session;
      const party = directory.otherNodes.partyFor(granted);
      const details = { traceparent: request?.traceparent };
      const pairing = pairings.form(new Seat(session), party, details, granted.epoch);
      const { offer } = request ?? {};
      if (!offer) return;
      // The other client acks it.
      delete request?.offer;
      pairings.signal(pairing, 'initiator', offer.signal, offer.senderSeq);
    },
    denyAsk(session, event, { code }) {
      const why = code ?? (event.type === 'DENIED' ? event.code : 'unavailable');
      const { request } = session.asked ?? {};
      session.refuse({ code: why, for: 'pair_request', ...(request !== undefined && { request }) });
    },
    createKey(session, event) {
      const { ttlS, uses } = eventOf(event, 'KEY_REQUESTED');
      const { key, ttlMs } = keys.create(session, queue.now, ttlS, uses);
      const expiresAt = ttlMs === Number.POSITIVE_INFINITY ? undefined : Math.round(clock.wallTime() + ttlMs);
      session.client.notify({ type: 'key', key: formatPairingKey(key), expiresAt });
    },
    joinRoom(session, event) {
      const { join } = roomRequestOf(event);
      if (join) rooms.join(session, join);
    },
    lockRoom(session, event) {
      const { lock } = roomRequestOf(event);
      if (lock) rooms.lock(session, lock.room, lock.isLocked);
    },
    sendPing(session) {
      log.debug({ event: 'ping_sent', id: session.id }, `Ping to ${session.id}`);
      session.client.notify({ type: 'ping' });
    },
    refuse(session, event, { code }) {
      const type = messageTypeOf[event.type];
      session.refuse({ code, ...(type && { for: type }) });
    },
    forbid(session, event, params) {
      const { join, lock } = roomRequestOf(event);
      const room = (join ?? lock)?.room;
      const why =
        params.claim === 'may'
          ? `its \`may\` lacks \`${params.lacks}\``
          : 'no pattern of its `rooms` fits that room';
      const type = messageTypeOf[event.type];
      session.refuse({
        code: 'forbidden',
        message: `Your token does not allow that: ${why}`,
        ...(type && { for: type }),
        ...(room !== undefined && { room }),
      });
    },
    announceTokenEnd(session) {
      const { expiresAt = 0 } = session.grants;
      note(session, 'token_expiring', `The token of ${session.id} ends soon`);
      session.client.notify({ type: 'token_expiring', expiresAt });
    },
    closeUnauthorized(session) {
      note(session, 'token_expired', `The token of ${session.id} has ended`);
      session.refuse({ code: 'token_expired' });
      session.client.close(closeCodes.unauthorized, 'Your token has expired');
    },
    leavePairing({ seats }, _event, { reason }) {
      for (const { pairing, side } of seats) if (pairing) pairings.lose(pairing, side, reason);
    },
    closeSocket(session, event) {
      const { code, reason } = eventOf(event, 'CLOSED_BY_SERVER');
      session.client.close(code, reason);
    },
    closeSilentSocket(session) {
      // A closed laptop ends like this, so it is not worth a warning.
      note(session, 'session_timed_out', `Client ${session.id} timed out`);
      session.client.close(closeCodes.timedOut, 'You did not answer a ping');
    },
    announceAway(session) {
      note(session, 'session_away', `Client ${session.id} is away`);
      for (const { peer } of session.seats) peer?.notify('peer_away', session.id);
    },
    announceBack(session) {
      note(session, 'session_back', `Client ${session.id} is back`);
      for (const { peer } of session.seats) peer?.notify('peer_back', session.id);
    },
    forgetSession(session, event) {
      directory.ended(session, endOf(event));
      session.client.discard();
      directory.otherNodes.ended(session);
      const { pairings: had } = session.context;
      const pairing =
        had.length === 0 ? '' : `, removing pairing with ${had.map(({ peerId }) => peerId).join(', ')}`;
      note(session, 'session_ended', `Client ${session.id} disconnected${pairing}`);
    },
    leaveToNode(session) {
      directory.moved(session);
      note(session, 'session_moved_away', `Client ${session.id} came back to another node`);
    },
  };
}

/** Why a session ended, for those who are told; undefined when the whole server stops, and nobody is told. */
function endOf(event: SessionEvent): MemberLeftReason | undefined {
  if (event.type === 'SOCKET_CLOSED') return 'disconnected';
  if (event.type.startsWith('xstate.after.tokenEnd')) return 'refused';
  // The client was silent for too long.
  if (event.type !== 'CLOSED_BY_SERVER') return 'timed_out';
  if (event.code === closeCodes.goingAway || event.code === closeCodes.serviceRestart) return undefined;
  return event.code === closeCodes.tryAgainLater ? 'overfull' : 'refused';
}

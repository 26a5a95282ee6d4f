/** What a program that started the server may do with its clients. */
import { closeCodes, MAX_METADATA_BYTES } from '../../protocol/index.ts';
import { isSameApp } from '../admission/tokens/grants.ts';
import type { ServerSession } from '../signaling/session.ts';
import type { Signaling } from '../signaling/signaling.ts';
import { ControlError } from './control-error.ts';
import type { PairingInfo, SessionInfo } from './hooks.ts';

/** RFC 6455 section 5.5: a close frame has 125 bytes for its code and reason. */
const MAX_REASON_BYTES = 123;

export function sessionInfo({ id, publicId, grants, client, seats }: ServerSession): SessionInfo {
  const { app, metadata } = grants;
  return {
    id,
    publicId,
    app,
    isOnline: client.isOnline,
    peers: seats.flatMap(({ peer, epoch }) => (peer ? [{ id: peer.id, epoch }] : [])),
    ...(metadata !== undefined && { metadata }),
  };
}

/** @throws {ControlError} */
export function pairSessions(
  signaling: Signaling,
  ids: readonly [initiator: string, responder: string],
  metadata: unknown,
): PairingInfo {
  const bytes = metadata === undefined ? 0 : Buffer.byteLength(JSON.stringify(metadata) ?? '');
  if (bytes > MAX_METADATA_BYTES) throw new ControlError('metadata_too_large');
  const [initiator, responder] = ids.map((id) => signaling.sessions.withId(id));
  if (!initiator || !responder) throw new ControlError('unknown_session');
  if (!isSameApp(initiator.id, responder.id)) throw new ControlError('other_app');
  if (![initiator, responder].every((one) => one.hasRoomForPeer)) throw new ControlError('peer_slow');
  const obstacle = signaling.pair(initiator, responder, metadata === undefined ? {} : { metadata });
  if (obstacle) throw new ControlError(obstacle);
  const epoch = initiator.seats.find(({ peer }) => peer?.id === responder.id)?.epoch ?? 0;
  return { epoch, initiatorId: initiator.id, responderId: responder.id };
}

/**
 * @returns whether there was such a session
 * @throws {ControlError}
 */
export function endSession(signaling: Signaling, id: string, reason: string): boolean {
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES) throw new ControlError('reason_too_long');
  const session = signaling.sessions.withId(id);
  if (session) signaling.sessions.close(session, closeCodes.policyViolation, reason);
  return session !== undefined;
}

/** A webhook's events as JSON: the same changes as for a program's hooks, in the terms of the wire. */
import type {
  PairingChange,
  PairingInfo,
  RoomChange,
  RoomInfo,
  SessionChange,
  SessionInfo,
} from '../embed/hooks.ts';

export type WebhookEvent = { readonly type: string; readonly [field: string]: unknown };

export function sessionEvent(change: SessionChange): WebhookEvent {
  const reason = change.type === 'ended' ? change.reason : undefined;
  return { type: `session.${change.type}`, session: shownSession(change.session), ...(reason && { reason }) };
}

export function pairingEvent(change: PairingChange): WebhookEvent {
  return {
    type: `pairing.${change.type}`,
    pairing: shownPairing(change.pairing),
    ...(change.type === 'ended' && { reason: change.reason }),
  };
}

export function roomEvent(change: RoomChange): WebhookEvent {
  const { type } = change;
  return {
    type: `room.${type}`,
    room: shownRoom(change.room),
    ...('id' in change && { id: change.id }),
    ...(change.type === 'left' && { reason: change.reason }),
  };
}

function shownSession({ id, publicId, app, isOnline, metadata }: SessionInfo): object {
  return { id, public_id: publicId, app, is_online: isOnline, ...(metadata !== undefined && { metadata }) };
}

function shownPairing({ epoch, initiatorId, responderId, room }: PairingInfo): object {
  return { epoch, initiator_id: initiatorId, responder_id: responderId, ...(room !== undefined && { room }) };
}

function shownRoom({ app, name, size }: RoomInfo): object {
  return { app, name, size };
}

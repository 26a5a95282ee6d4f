/** Whether a client's token allows what it asks for; one that does not is refused with the name of what is missing. */
import type { ClientMessageType, Permission } from '../../protocol/index.ts';
import { isRoomGranted } from '../admission/tokens/grants.ts';
import type { ServerSession } from './session.ts';

/** @param request the message that is refused @param room the room that it is about */
export function may(
  session: ServerSession,
  what: Permission,
  request: ClientMessageType,
  room?: string,
): boolean {
  if (session.grants.may.includes(what)) return true;
  session.refuse({
    code: 'forbidden',
    message: `Your token does not allow that: its \`may\` lacks \`${what}\``,
    for: request,
    ...(room !== undefined && { room }),
  });
  return false;
}

export function mayEnter(session: ServerSession, room: string, request: ClientMessageType): boolean {
  if (!may(session, 'join', request, room)) return false;
  if (isRoomGranted(session.grants, room)) return true;
  session.refuse({
    code: 'forbidden',
    message: 'Your token does not allow that: no pattern of its `rooms` fits that room',
    for: request,
    room,
  });
  return false;
}

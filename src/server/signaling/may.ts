/** Whether a client's token allows what it asks for; one that does not is refused with the name of what is missing. */
import type { ClientMessageType, Permission } from '../../protocol/index.ts';
import { isRoomGranted } from '../admission/tokens/grants.ts';
import type { ServerSession } from './session.ts';

/** @param request the message that is refused */
export function may(session: ServerSession, what: Permission, request: ClientMessageType): boolean {
  if (session.grants.may.includes(what)) return true;
  session.refuse({
    code: 'forbidden',
    message: `Your token does not allow that: its \`may\` lacks \`${what}\``,
    for: request,
  });
  return false;
}

export function mayEnter(session: ServerSession, room: string, request: ClientMessageType): boolean {
  if (!may(session, 'join', request)) return false;
  if (isRoomGranted(session.grants, room)) return true;
  session.refuse({
    code: 'forbidden',
    message: 'Your token does not allow that: no pattern of its `rooms` fits that room',
    for: request,
  });
  return false;
}

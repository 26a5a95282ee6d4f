/** The effects of a relay link's machine, and the reasons that it logs, in plain words. */
import { effect } from '../host/effect.ts';
import type { RelayHostKind } from './relay-table.ts';

/** Why a message was ignored. */
export type RejectReason =
  | 'a chat or quit in the name of another host'
  | 'a message that a client has no reason to send'
  | 'a status to nobody known';

/** Why this server closed a link. */
export type CloseReason =
  | 'it never registered'
  | 'the parent never answered the registration'
  | 'it sent something else before it registered'
  | 'the parent sent something else than its own registration'
  | 'the parent has an id that is known here already'
  | 'the parent knows this server by another way'
  | 'its registration names a last hop that it is not'
  | 'registration refused'
  | 'its id is in use on the side of the parent'
  | 'what it sent was refused'
  | 'it does not read what it is sent'
  | 'it quit'
  | 'the other end closed it'
  | 'this server stops'
  | 'a failure inside this server';

export const relayLinkEffects = {
  registerWithParent: effect(),
  /** Keeps the host at the other end, announces the network to it, and announces it to the network. */
  adoptServer: effect(),
  adoptParent: effect(),
  adoptClient: effect(),
  /** Keeps a host that the server at the other end announced, and passes the announcement on. */
  learnHost: effect(),
  /** Takes the id from the host that has it on this side, and gives it to the host that the parent announced. */
  displaceHost: effect(),
  refuseDuplicate: effect(),
  /** The same, for a host that had already registered. */
  tellDisplaced: effect<{ kind: RelayHostKind }>(),
  forward: effect(),
  /** Handles a chat to this server itself, if there is a handler for chats of other servers. */
  takeChat: effect(),
  reportUnknownId: effect(),
  logStatus: effect(),
  /** Forgets one host beyond the link, and passes its quit on. */
  forgetHost: effect(),
  /** Forgets every host reached over this link, and announces that they are gone. */
  withdrawHosts: effect(),
  attachToReplacement: effect(),
  rejectMessage: effect<{ reason: RejectReason }>(),
  closeLink: effect<{ reason: CloseReason }>(),
};
export type RelayLinkEffects = typeof relayLinkEffects;

/**
 * What a relay link's machine makes its server do, and the reasons that it gives for it: plain words, for the log.
 */
import { effect } from '../host/hosted.ts';
import type { RelayHostKind } from './relay-table.ts';

/** Why a message was passed over. */
export type RejectReason =
  | 'a chat or quit in the name of another host'
  | 'a message that a client has no reason to send'
  | 'a status to nobody known';

/** Why a link was closed by this server. */
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
  | 'it sent what is not the protocol'
  | 'it does not read what it is sent'
  | 'it quit'
  | 'the other end closed it'
  | 'this server stops'
  | 'a failure inside this server';

export const relayLinkEffects = {
  registerWithParent: effect(),
  /** Keep the host at the other end, introduce the network to it, and it to the network. */
  adoptServer: effect(),
  adoptParent: effect(),
  adoptClient: effect(),
  /** Keep a host that the server at the other end was told of, and pass it on. */
  learnHost: effect(),
  /** Take the id from the host that has it on this side, and give it to the one that the parent announced. */
  displaceHost: effect(),
  refuseDuplicate: effect(),
  /** The same, for a host that had registered before. */
  tellDisplaced: effect<{ kind: RelayHostKind }>(),
  forward: effect(),
  /** A chat to this server itself: from a server of the same kind, where there is one that writes to others. */
  takeChat: effect(),
  reportUnknownId: effect(),
  logStatus: effect(),
  /** Forget one host that is beyond the link, and pass its quit on. */
  forgetHost: effect(),
  /** Forget every host that this link leads to, and announce that they are gone. */
  withdrawHosts: effect(),
  attachToReplacement: effect(),
  rejectMessage: effect<{ reason: RejectReason }>(),
  closeLink: effect<{ reason: CloseReason }>(),
};
export type RelayLinkEffects = typeof relayLinkEffects;

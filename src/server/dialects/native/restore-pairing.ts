/**
 * After a restart: sessions and pairings come back from what their clients say. That the id was its own a client
 * proves with its secret; that two were paired counts only when both say so. The first one back waits, paired with one
 * that is cut off: what it sends waits there, and if the other one never comes, or says otherwise, that is the end of
 * the pairing, as for any peer that does not come back.
 */
import type { Claim, RemotePairings } from '../../cluster/pairing/remote-pairings.ts';
import type { RemoteSession } from '../../cluster/pairing/remote-session.ts';
import { isSessionId } from '../../node-id.ts';
import type { ServerSession } from '../../signaling/sessions.ts';
import type { Outbox } from './outbox.ts';

export interface RestorePairingDeps {
  readonly sessions: ReadonlyMap<string, ServerSession>;
  readonly outbox: Outbox;
  readonly remotePairings: RemotePairings;
}

/** A client is back on a server that had forgotten it: its pairing is made again, or ended where it is contested. */
export function restorePairing(
  session: ServerSession,
  claim: Claim | undefined,
  { sessions, outbox, remotePairings }: RestorePairingDeps,
): void {
  for (const remote of remotePairings.of(session.id)) {
    if (isOf(remote, claim)) remotePairings.seat(session, remote);
    else remotePairings.lose(remote, 'disconnected');
  }
  if (!claim || session.pairing || claim.peer_id === session.id || !isSessionId(claim.peer_id)) return;
  // One that is here did not say that it was paired with this one.
  if (sessions.has(claim.peer_id))
    outbox.send(session, { type: 'peer_disconnected', peer_id: claim.peer_id, reason: 'disconnected' });
  else remotePairings.restore(session, claim, remotePairings.create(claim.peer_id, undefined, true));
}

/** Whether the one that waits for a client is whom the client names. */
export function isOf(
  { pairing, side, localSession: peer }: RemoteSession,
  claim: Claim | undefined,
): boolean {
  return (
    claim?.peer_id === peer?.id &&
    claim?.epoch === pairing?.epoch &&
    claim?.initiator === (side === 'initiator')
  );
}

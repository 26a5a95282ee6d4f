/** A client that is away, or back: its peer is told, here or by way of its node. */
import type { RemotePairings } from '../cluster/pairing/remote-pairings.ts';
import { RemoteSession } from '../cluster/pairing/remote-session.ts';
import type { Outbox } from '../dialects/native/outbox.ts';
import type { ServerSession } from './sessions.ts';

export function notifyPeer(
  session: ServerSession,
  what: 'away' | 'back',
  { outbox, remotePairings }: { readonly outbox: Outbox; readonly remotePairings: RemotePairings },
): void {
  const peer = session.pairing?.other(session.side);
  if (!(peer instanceof RemoteSession)) {
    if (peer) outbox.send(peer, { type: `peer_${what}`, peer_id: session.id });
  } else if (what === 'away') remotePairings.tell(peer, 'away', {});
  else remotePairings.reconciler.back(peer);
}

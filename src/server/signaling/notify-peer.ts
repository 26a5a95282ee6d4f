/** A client that is away, or back: its peer is told, here or by way of its node. */
import type { Halves } from '../cluster/pairing/remote-pairings.ts';
import { RemoteSession } from '../cluster/pairing/remote-session.ts';
import type { Outbox } from '../dialects/native/outbox.ts';
import type { ServerSession } from './sessions.ts';

export function tellPeer(
  session: ServerSession,
  what: 'away' | 'back',
  { outbox, halves }: { readonly outbox: Outbox; readonly halves: Halves },
): void {
  const peer = session.pairing?.other(session.side);
  if (!(peer instanceof RemoteSession)) {
    if (peer) outbox.send(peer, { type: `peer_${what}`, peer_id: session.id });
  } else if (what === 'away') halves.tell(peer, 'away', {});
  else halves.reunion.back(peer);
}

/** Page events that matter to a peer: a change of network, and the end of the page. */
import type { Peer } from '../peer/peer.ts';

/** Tells the peer until it is closed. */
export function followPage(peer: Peer): void {
  // The Network Information API, in browsers that have it (https://wicg.github.io/netinfo/).
  const { connection } = navigator as { connection?: EventTarget };
  const changed = () => peer.networkChanged();
  // Without a goodbye the server would keep the session for a while, and the other peer would wait for us.
  const left = (event: PageTransitionEvent) => {
    if (!event.persisted) peer.close({ atOnce: true });
  };
  const sources = [
    [globalThis, 'online', changed],
    [connection, 'change', changed],
    [globalThis, 'pagehide', left],
  ] as const;
  for (const [source, name, handler] of sources) source?.addEventListener(name, handler as EventListener);
  peer.on('signaling', (state) => {
    if (state !== 'closed') return;
    for (const [source, name, handler] of sources)
      source?.removeEventListener(name, handler as EventListener);
  });
}

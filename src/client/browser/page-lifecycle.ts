/** What happens to the page that a peer should know of: another network, and the page's end. */
import type { Peer } from '../peer/peer.ts';

/** The Network Information API, where a browser has it (https://wicg.github.io/netinfo/). */
const connection = (navigator as { connection?: EventTarget }).connection;

/** Tells the peer until it is closed. */
export function followPage(peer: Peer): void {
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

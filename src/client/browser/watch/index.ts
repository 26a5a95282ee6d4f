/**
 * Lets the inspector show a connection that did not come about through our client. The build bundles this into one ES
 * module of 3 KiB (gzipped), dist/browser/pairlane-watch.js, which a Pairlane server serves at /pairlane-watch.js.
 */
import { serverOfModule } from '../server-url.ts';
import { openLink, type WatchOptions } from './watch-link.ts';
import { WatchedConnection } from './watched-connection.ts';

export type { WatchOptions } from './watch-link.ts';

/**
 * Reports to a Pairlane server how the connection comes up and how it is doing, until it is closed. The inspector shows
 * it once both ends are watched. Never throws: problems go to the console, and the connection is left alone.
 * @returns a function that stops watching
 */
export function watchConnection(connection: RTCPeerConnection, options: WatchOptions): () => void {
  if (connection.connectionState === 'closed') return () => {};
  const watched = new WatchedConnection(connection, () => stop());
  const close = openLink({ url: serverOfModule(), ...options }, watched);
  const stop = () => {
    watched.stop();
    close();
  };
  return stop;
}

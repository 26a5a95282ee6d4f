/**
 * uWebSockets.js, in the version that this Node can load. The binding has a binary for each Node version, and the
 * newer release needs a newer glibc: so both are installed, and the first one that loads is taken.
 */

import type * as uWebSockets from 'uWebSockets.js';
import { createRequire } from 'node:module';

export type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  WebSocket,
  WebSocketBehavior,
} from 'uWebSockets.js';

const BINDINGS = [
  { name: 'uWebSockets.js', nodes: 'Node 20, 22 and 23, glibc 2.31 or newer' },
  { name: 'uWebSockets.js-glibc2.38', nodes: 'Node 22, 24 and 26, glibc 2.38 or newer' },
];

/**
 * uWebSockets.js ends a connection whose headers are longer, without a word to us; its own limit, 4 KiB, is less than
 * the cookies that the applications of a host set together. We refuse above {@link MAX_HEADER_BYTES}, and say so.
 */
process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= String(32 * 1024);
export const MAX_HEADER_BYTES = 16 * 1024;

function load(): typeof uWebSockets {
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  for (const { name, nodes } of BINDINGS) {
    try {
      return require(name);
    } catch (error) {
      const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
      failures.push(`  ${name} (${nodes}): ${reason}`);
    }
  }
  throw new Error(
    `uWebSockets.js does not load on Node ${process.versions.node}, ${process.platform} ${process.arch}. Use a Node that ` +
      `one of its releases has a binary for, and install again with it:\n${failures.join('\n')}`,
  );
}

const uws = load();
export const { App, SSLApp, us_listen_socket_close, us_socket_local_port } = uws;

/** How the port is listened on; see bind.ts for why it is safe. */
export const SHARED_PORT = 0;

/** uWebSockets.js's answers to `send`. */
export const SendStatus = { buffered: 0, sent: 1, dropped: 2 } as const;

/**
 * The shell for uWebSockets.js, in whichever version this Node can load. The package has a binary per Node version, and
 * its newer release needs a newer glibc: so both are installed, and the first one that loads is used.
 */
import type * as uWebSockets from 'uWebSockets.js';
import { chmodSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ListenAddress } from '../../../common/listen-address.ts';
import type { App, ListenSocket, Shell } from './shell.ts';

const BINDINGS = [
  { name: 'uWebSockets.js', nodes: 'Node 20, 22 and 23, glibc 2.31 or newer' },
  { name: 'uWebSockets.js-glibc2.38', nodes: 'Node 22, 24 and 26, glibc 2.38 or newer' },
];

/**
 * uWebSockets.js ends a connection with longer headers without telling us. Its default, 4 KiB, is less than the cookies
 * that a host's applications may set together.
 */
process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= String(32 * 1024);

/** Another program may take the port in the moment in which it is free. */
const MAX_PORT_TRIES = 5;

/** How the port is opened; see bind.ts for why that is safe. */
const SHARED_PORT = 0;

/**
 * The system lets only 512 connections per listening socket wait until they are accepted, and a client beyond that tries
 * again after a second. When thousands lose their sockets at once, more come back before we have handled the losses. So
 * several sockets listen on a port, among which the system spreads the connections; where it does not, the first gets
 * them all.
 */
const SOCKETS_PER_PORT = 8;

/** @throws when no release of uWebSockets.js has a binary for this Node, or none that this system can load */
export function loadUws(): typeof uWebSockets {
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

/** @throws as {@link loadUws} */
export function createUwsShell(): Shell {
  const uws = loadUws();
  return {
    name: 'uws',
    createApp({ certificate }) {
      const app = certificate
        ? uws.SSLApp({ cert_file_name: certificate.tlsCert, key_file_name: certificate.tlsKey })
        : uws.App();
      const listenOn: App['listenOn'] = (address, port) =>
        address.kind === 'tcp' && port === 0
          ? listenAnywhere(uws, app, address)
          : listenOnPort(uws, app, address, port);
      return Object.assign(app, { listenOn }) as unknown as App;
    },
  };
}

/**
 * Listens on a port that the system chooses. uWebSockets.js shares only a port that was given by number, and any other
 * could not be reopened before its last client is gone: so the chosen port is closed and opened again by its number at
 * once.
 */
async function listenAnywhere(
  uws: typeof uWebSockets,
  app: uWebSockets.TemplatedApp,
  address: ListenAddress,
): Promise<ListenSocket | undefined> {
  for (let tries = 0; tries < MAX_PORT_TRIES; tries += 1) {
    const chosen = await listen(uws, app, address, 0);
    if (!chosen) return undefined;
    chosen.close();
    const socket = await listenOnPort(uws, app, address, chosen.port);
    if (socket) return socket;
  }
  return undefined;
}

/** @param port not 0 */
async function listenOnPort(
  uws: typeof uWebSockets,
  app: uWebSockets.TemplatedApp,
  address: ListenAddress,
  port: number,
): Promise<ListenSocket | undefined> {
  const first = await listen(uws, app, address, port);
  if (!first || address.kind === 'unix') return first;
  const sockets = [first];
  while (sockets.length < SOCKETS_PER_PORT) {
    const next = await listen(uws, app, address, port);
    if (!next) break;
    sockets.push(next);
  }
  return {
    port: first.port,
    close() {
      for (const socket of sockets) socket.close();
    },
  };
}

/** The typings lack the variant that takes both a host and options. */
type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  listening: (socket: uWebSockets.us_listen_socket | false) => void,
) => void;

function listen(
  uws: typeof uWebSockets,
  app: uWebSockets.TemplatedApp,
  address: ListenAddress,
  port: number,
): Promise<ListenSocket | undefined> {
  return new Promise((resolve) => {
    const listening = (socket: uWebSockets.us_listen_socket | false) =>
      resolve(
        socket
          ? {
              port: address.kind === 'tcp' ? uws.us_socket_local_port(socket as never) : 0,
              close: () => uws.us_listen_socket_close(socket),
            }
          : undefined,
      );
    if (address.kind === 'tcp')
      (app.listen as unknown as ListenWithOptions).call(app, address.host, port, SHARED_PORT, listening);
    else
      app.listen_unix((socket) => {
        // By default only its owner could use the socket; this applies the process's umask, as for any program's
        // socket.
        if (socket) chmodSync(address.path, 0o777 & ~process.umask());
        listening(socket);
      }, address.path);
  });
}

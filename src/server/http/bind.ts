/**
 * Takes an address, for us alone. uWebSockets.js shares a port (SO_REUSEPORT): a second server would start without an
 * error, and take half of the clients. Its exclusive way would leave the port unusable for a minute after a server
 * that had clients ended, because their connections are in TIME_WAIT. So it is shared, but only once a connection has
 * shown that nobody listens there. A file that is no socket it would replace by one without a word.
 */
import { chmodSync, lstatSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { type ListenAddress, textOf } from '../../common/listen-address.ts';
import {
  SHARED_PORT,
  type TemplatedApp,
  type us_listen_socket,
  us_listen_socket_close,
  us_socket_local_port,
} from './uws.ts';

/** On one's own machine an answer takes less than a millisecond; an address elsewhere may never answer. */
const PROBE_TIMEOUT_MS = 500;
/** Another program may take the port in the moment in which nobody has it. */
const MAX_PORT_TRIES = 5;

/**
 * @param port of a TCP address
 * @param portOption the option that the error tells to change
 * @throws when the address is taken, or none of this machine: says how to mend it
 */
export async function bind(
  app: TemplatedApp,
  address: ListenAddress,
  port: number,
  portOption = '--port',
): Promise<us_listen_socket> {
  const refusal = (code: string) =>
    new Error(`Cannot listen on ${textOf(address, port)}: ${reasonsOf(address)[code]?.(portOption) ?? code}`);
  if (address.kind === 'unix' && isOtherFile(address.path)) throw refusal('ENOTSOCK');
  if ((address.kind === 'unix' || port !== 0) && (await answers(address, port))) throw refusal('EADDRINUSE');
  const socket = await (address.kind === 'tcp' && port === 0
    ? listenAnywhere(app, address)
    : listen(app, address, port));
  if (socket) return socket;
  throw refusal(await reasonFor(address, port));
}

/**
 * At a port that the system chooses. uWebSockets.js shares only one that was asked for by number, and another could not
 * be listened on anew before its last client is gone: so the chosen one is asked for once more, at once, by its number.
 */
async function listenAnywhere(app: TemplatedApp, address: ListenAddress): Promise<us_listen_socket | false> {
  for (let tries = 0; tries < MAX_PORT_TRIES; tries += 1) {
    const chosen = await listen(app, address, 0);
    if (!chosen) return false;
    const port = us_socket_local_port(chosen as never);
    us_listen_socket_close(chosen);
    const socket = await listen(app, address, port);
    if (socket) return socket;
  }
  return false;
}

/** The typings lack the variant that takes both a host and options. */
type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  listening: (socket: us_listen_socket | false) => void,
) => void;

/** Takes the address without a look at who else has it. @returns false when it cannot be had */
export function listen(
  app: TemplatedApp,
  address: ListenAddress,
  port: number,
): Promise<us_listen_socket | false> {
  return new Promise((resolve) => {
    if (address.kind === 'tcp')
      (app.listen as unknown as ListenWithOptions).call(app, address.host, port, SHARED_PORT, resolve);
    else
      app.listen_unix((socket) => {
        // It would be its owner's alone; so it is as the process's umask has it, like any program's socket.
        if (socket) chmodSync(address.path, 0o777 & ~process.umask());
        resolve(socket);
      }, address.path);
  });
}

function isOtherFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false;
}

function whereTo(address: ListenAddress, port: number) {
  return address.kind === 'unix' ? { path: address.path } : { host: address.host, port };
}

function answers(address: ListenAddress, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...whereTo(address, port), timeout: PROBE_TIMEOUT_MS });
    const done = (isTaken: boolean) => {
      socket.destroy();
      resolve(isTaken);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.once('timeout', () => done(false));
  });
}

/** uWebSockets.js says only that it could not; Node's own socket says why. */
function reasonFor(address: ListenAddress, port: number): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(whereTo(address, port), () => server.close(() => resolve('the reason is not known')));
  });
}

type Reasons = { readonly [code: string]: (portOption: string) => string };

const REASONS: Reasons = {
  EADDRINUSE: (option) => `the port is taken. Choose another with ${option}; ${option} 0 takes a free one`,
  EADDRNOTAVAIL: () => 'the address is none of this machine. Choose another with --host; 0.0.0.0 takes all',
  ENOTFOUND: () => 'the host is not known. Choose another with --host; 0.0.0.0 takes all addresses',
  EACCES: (option) => `ports below 1024 need root or CAP_NET_BIND_SERVICE. Choose another with ${option}`,
};

const UNIX_REASONS: Reasons = {
  EADDRINUSE: () => 'another program listens there. Choose another path with --host unix:PATH',
  ENOTSOCK: () => 'there is a file that is no socket. Choose another path with --host unix:PATH',
  // Node says so, too, when the folder does not exist.
  EACCES: () => 'its folder does not exist or may not be written. Choose another path with --host unix:PATH',
};

function reasonsOf({ kind }: ListenAddress): Reasons {
  return kind === 'unix' ? UNIX_REASONS : REASONS;
}

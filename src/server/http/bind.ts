/**
 * Takes an address exclusively. uWebSockets.js shares ports (SO_REUSEPORT): a second server would start without an
 * error, and get half of the clients. Its exclusive mode would leave the port unusable for a minute after a server with
 * clients has ended, because of connections in TIME_WAIT. So the port is shared, but only after a connection attempt
 * has shown that nobody listens there. A file that is not a socket would be replaced silently, so that is checked, too.
 */

import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type ListenAddress, textOf } from '../../common/listen-address.ts';
import type { App, ListenSocket } from './shell/shell.ts';

export interface BindOptions {
  /** The option that the error message suggests to change; `--port` if left out. */
  readonly portOption?: string | undefined;
  /** Whether other processes of this server may listen there, too: then the address is not probed. */
  readonly isShared?: boolean | undefined;
}

/** On the local machine an answer takes less than a millisecond; an address elsewhere may never answer. */
const PROBE_TIMEOUT_MS = 500;

/**
 * @param port of a TCP address
 * @throws when the address is taken, or does not belong to this machine; the message says how to fix it
 */
export async function bind(
  app: App,
  address: ListenAddress,
  port: number,
  { portOption, isShared }: BindOptions = {},
): Promise<ListenSocket> {
  if (!isShared) await refuseTaken(address, port, portOption);
  const socket = await app.listenOn(address, port);
  if (socket) return socket;
  throw refusalOf(address, port, portOption, await reasonFor(address, port));
}

/** @throws when somebody listens there, or there is a file that is not a socket */
export async function refuseTaken(address: ListenAddress, port: number, portOption?: string): Promise<void> {
  const refusal = (code: string) => refusalOf(address, port, portOption, code);
  if (address.kind === 'unix' && isOtherFile(address.path)) throw refusal('ENOTSOCK');
  // Nobody ever answers at port 0, which asks for any free one.
  if (await answers(address, port)) throw refusal('EADDRINUSE');
}

/** Explains an error of Node's own `listen`. */
export function listenError(error: unknown, host: string, port: number, portOption: string): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  return refusalOf({ kind: 'tcp', host }, port, portOption, code ?? message);
}

/**
 * Finds a port that nobody uses now.
 * @throws when the host does not belong to this machine
 */
export async function freePort(host: string): Promise<number> {
  const server = createServer();
  try {
    await once(server.listen(0, host), 'listening');
  } catch (error) {
    throw listenError(error, host, 0, '--port');
  }
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

function refusalOf(address: ListenAddress, port: number, portOption = '--port', code: string): Error {
  return new Error(
    `Cannot listen on ${textOf(address, port)}: ${reasonsOf(address)[code]?.(portOption) ?? code}`,
  );
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

/** A shell only reports that listening failed; a socket of Node's says why. */
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
  // Node reports this, too, when the folder does not exist.
  EACCES: () => 'its folder does not exist or may not be written. Choose another path with --host unix:PATH',
};

function reasonsOf({ kind }: ListenAddress): Reasons {
  return kind === 'unix' ? UNIX_REASONS : REASONS;
}

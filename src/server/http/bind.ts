/**
 * Takes the port, for us alone. uWebSockets.js shares a port (SO_REUSEPORT): a second server would start without an
 * error, and take half of the clients. Its exclusive way would leave the port unusable for a minute after a server
 * that had clients ended, because their connections are in TIME_WAIT. So it is shared, but only once a connection has
 * shown that nobody listens there.
 */
import { connect, createServer } from 'node:net';
import { SHARED_PORT, type TemplatedApp, type us_listen_socket } from './uws.ts';

/** On one's own machine an answer takes less than a millisecond; an address elsewhere may never answer. */
const PROBE_TIMEOUT_MS = 500;

/**
 * @param portOption the option that the error tells to change
 * @throws when the port is taken, or the address is none of this machine: says how to mend it
 */
export async function bind(
  app: TemplatedApp,
  host: string,
  port: number,
  portOption = '--port',
): Promise<us_listen_socket> {
  const refusal = (code: string) =>
    new Error(`Cannot listen on ${host}:${port}: ${REASONS[code]?.(portOption) ?? code}`);
  if (port !== 0 && (await answers(host, port))) throw refusal('EADDRINUSE');
  const socket = await listen(app, host, port);
  if (socket) return socket;
  throw refusal(await reasonFor(host, port));
}

/** The typings lack the variant that takes both a host and options. */
type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  listening: (socket: us_listen_socket | false) => void,
) => void;

/** Takes the port without a look at who else has it. @returns false when it cannot be had */
export function listen(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket | false> {
  return new Promise((resolve) => {
    (app.listen as unknown as ListenWithOptions).call(app, host, port, SHARED_PORT, resolve);
  });
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PROBE_TIMEOUT_MS });
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
function reasonFor(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve('the reason is not known')));
  });
}

const REASONS: { readonly [code: string]: (portOption: string) => string } = {
  EADDRINUSE: (option) => `the port is taken. Choose another with ${option}; ${option} 0 takes a free one`,
  EADDRNOTAVAIL: () => 'the address is none of this machine. Choose another with --host; 0.0.0.0 takes all',
  ENOTFOUND: () => 'the host is not known. Choose another with --host; 0.0.0.0 takes all addresses',
  EACCES: (option) => `ports below 1024 need root or CAP_NET_BIND_SERVICE. Choose another with ${option}`,
};

/** A signaling server on an HTTP server that a program has already: Node's own, Express's, Fastify's. */
import { Server } from 'node:http';
import { Server as SecureServer } from 'node:https';
import { flagName } from '../common/option-names.ts';
import { OptionError } from '../common/options.ts';
import { listenAttached } from './dialects/native/listen-attached.ts';
import type { ServerOptions } from './options.ts';
import type { SignalingServer } from './server.ts';
import { type StartOptions, startServer } from './start-server.ts';

/** What the program's own server decides. */
const OF_THE_PROGRAM = ['host', 'port', 'basePath', 'tlsCert', 'tlsKey', 'shell', 'proxyProtocol'] as const;

/** What a program attaches a server with: what it starts one with, but for where to listen. */
export interface AttachOptions extends Omit<StartOptions, (typeof OF_THE_PROGRAM)[number]> {
  /** Below which it serves, like `/signal`; left out: it serves everything. */
  readonly path?: string;
}

/**
 * Attaches a signaling server to an HTTP server: clients connect to `ws://HOST:PORT/PATH/`. Everything that is not
 * below the path stays with the program. Its `stop` detaches it, and leaves the HTTP server as it was.
 * @param server of `node:http` or `node:https`; it may listen before or after
 * @throws {OptionError} with a line for each option that is unknown, impossible, or for the HTTP server to decide
 */
export async function attach(server: Server, options: AttachOptions = {}): Promise<SignalingServer> {
  if (![Server, SecureServer].some((kind) => server instanceof kind))
    throw new OptionError(['server: should be an HTTP server of node:http or node:https']);
  const { path = '', ...rest } = options;
  const given = rest as Partial<ServerOptions>;
  const problems = OF_THE_PROGRAM.filter((name) => given[name] !== undefined).map(
    (name) => `--${flagName(name)}: is for the HTTP server to decide; leave it out`,
  );
  if (problems.length > 0) throw new OptionError(problems);
  return startServer(
    { ...rest, basePath: path },
    { listen: (deps, handlers) => listenAttached(server, deps, handlers) },
  );
}

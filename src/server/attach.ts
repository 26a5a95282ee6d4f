/** Attaches a signaling server to a program's existing HTTP server: Node's own, Express's or Fastify's. */
import { Server } from 'node:http';
import { Server as SecureServer } from 'node:https';
import { flagName } from '../common/option-names.ts';
import { OptionError } from '../common/options.ts';
import { listenAttached } from './dialects/native/listen-attached.ts';
import type { ServerOptions } from './options.ts';
import type { SignalingServer } from './server.ts';
import { type StartOptions, startServer } from './start-server.ts';

/** Options that the program's own server decides. */
const OF_THE_PROGRAM = ['host', 'port', 'basePath', 'tlsCert', 'tlsKey', 'shell', 'proxyProtocol'] as const;

/** The options of {@link startServer}, except for those about where to listen. */
export interface AttachOptions extends Omit<StartOptions, (typeof OF_THE_PROGRAM)[number]> {
  /** The path below which it serves, such as `/signal`; left out: it serves everything. */
  readonly path?: string;
}

/**
 * Attaches a signaling server to an HTTP server: clients connect to `ws://HOST:PORT/PATH/`. Everything outside the path
 * stays with the program. `stop` detaches the signaling server and leaves the HTTP server as it was.
 * @param server of `node:http` or `node:https`; it may start listening before or after
 * @throws {OptionError} with a line for each option that is unknown, invalid, or decided by the HTTP server
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

/** Starts a signaling server for a program: its options and hooks are checked, and what clients and nodes need is made. */
import { systemClock } from '../common/clock.ts';
import { OptionError } from '../common/options.ts';
import { loadTokenVerifier } from './admission/tokens/token-options.ts';
import { secretWarnings, serverOptionProblems, withoutUndefined } from './check-server-options.ts';
import { createBus } from './cluster/bus/create-bus.ts';
import { HookAuthenticator } from './embed/authorize-by-hook.ts';
import {
  DEFAULT_AUTHORIZE_TIMEOUT_MS,
  type GivenHooks,
  hookProblems,
  type ServerHooks,
  splitHooks,
} from './embed/hooks.ts';
import { defaultServerOptions, type ServerOptions } from './options.ts';
import { type ServerParts, SignalingServer, withinDescriptors } from './server.ts';
import { createLogger } from './telemetry/logger.ts';

/** What a program starts a server with: options of `pairlane serve`, and hooks. */
export interface StartOptions extends Partial<ServerOptions>, ServerHooks {
  /** When it is aborted the server stops, or does not start. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a signaling server.
 * @param given options of `pairlane serve`, of which those that are left out have their defaults; hooks, and a signal
 * @throws {OptionError} with a line for each option that is unknown or impossible
 * @throws when the port is taken, the address is none of this machine, or the signal is aborted meanwhile
 */
export async function startServer(
  given: StartOptions = {},
  parts: ServerParts = {},
): Promise<SignalingServer> {
  const { signal, ...rest } = given;
  const { hooks, options: asked } = splitHooks(rest);
  const problems = [
    ...hookProblems(hooks),
    ...serverOptionProblems(asked),
    ...authorizeProblems(hooks, asked),
  ];
  if (signal !== undefined && !(signal instanceof AbortSignal))
    problems.push('signal: should be an AbortSignal');
  if (problems.length > 0) throw new OptionError(problems);
  signal?.throwIfAborted();
  const all = { ...defaultServerOptions, ...withoutUndefined(asked) };
  const log = parts.log ?? createLogger(all.logLevel, all.logFormat);
  const { clock = systemClock } = parts;
  const tokens =
    parts.authenticator ??
    (await loadTokenVerifier(all, () => clock.wallTime()).catch((error: Error) => {
      throw new OptionError([error.message]);
    }));
  const { authorize, authorizeTimeoutMs: timeoutMs = DEFAULT_AUTHORIZE_TIMEOUT_MS } = hooks;
  const authenticator = authorize ? new HookAuthenticator({ authorize, timeoutMs, tokens, log }) : tokens;
  signal?.throwIfAborted();
  const { node, bus } = parts.bus ? { node: all.node, bus: parts.bus } : await createBus(all, log);
  const options = withinDescriptors({ ...all, node }, log);
  const server = new SignalingServer(options, { ...parts, log, authenticator, hooks, ...(bus && { bus }) });
  await server.start();
  for (const warning of secretWarnings(options)) log.warn({ event: 'secret_warning' }, warning);
  if (!signal) return server;
  const stop = () => void server.stop();
  signal.addEventListener('abort', stop, { once: true });
  void server.ended.then(() => signal.removeEventListener('abort', stop));
  if (!signal.aborted) return server;
  await server.stop();
  throw signal.reason;
}

/** Whose clients bring nothing that could be judged. */
function authorizeProblems({ authorize }: GivenHooks, { rooms, topics, peerjs }: Partial<ServerOptions>) {
  return Object.entries({ rooms, topics, peerjs })
    .filter(([, isServed]) => authorize && isServed)
    .map(([name]) => `${name}: its clients are not asked who they are, so it cannot be on with authorize`);
}

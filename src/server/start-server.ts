/** Starts a signaling server for a program: checks its options and hooks, and creates what clients and nodes need. */
import type { Clock } from '../common/clock.ts';
import { nodeClock } from '../common/node-clock.ts';
import { OptionError } from '../common/options.ts';
import { discoveryProblems } from './admission/peerjs-keys.ts';
import { AskingAuthenticator } from './admission/tokens/asking-authenticator.ts';
import { type Authenticator, DEFAULT_AUTHORIZE_TIMEOUT_MS } from './admission/tokens/authenticator.ts';
import { loadTokenVerifier } from './admission/tokens/token-options.ts';
import {
  secretWarnings,
  serverOptionProblems,
  tokenWarnings,
  withoutUndefined,
} from './check-server-options.ts';
import { createBus } from './cluster/bus/create-bus.ts';
import { deciderByHook } from './embed/authorize-by-hook.ts';
import { type GivenHooks, hookProblems, type ServerHooks, splitHooks } from './embed/hooks.ts';
import { defaultServerOptions, type ServerOptions } from './options.ts';
import { type ServerParts, SignalingServer, withinDescriptors } from './server.ts';
import { boundedLog } from './telemetry/bounded-log.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { deciderByWebhook } from './webhooks/auth-webhook.ts';
import { webhookSecret } from './webhooks/sign.ts';

/** What a program starts a server with: options of `pairlane serve`, and hooks. */
export interface StartOptions extends Partial<ServerOptions>, ServerHooks {
  /** When aborted, the server stops, or does not start. */
  readonly signal?: AbortSignal;
}

/** Parts that a program or a test provides itself. Hooks are options. */
export type StartParts = Omit<ServerParts, 'hooks'>;

const partNames: Readonly<Record<keyof StartParts, true>> = {
  clock: true,
  log: true,
  bus: true,
  authenticator: true,
  listen: true,
  fleet: true,
};

/** Without this, a hook among the parts would be ignored, and everybody let in. */
function partProblems(parts: object): string[] {
  return Object.keys(parts)
    .filter((name) => !Object.hasOwn(partNames, name))
    .map((name) => `${name}: not a part of a server; options and hooks belong in the first argument`);
}

/**
 * Starts a signaling server.
 * @param given options of `pairlane serve`, with the same defaults; hooks, and a signal
 * @throws {OptionError} with a line for each option or part that is unknown or invalid
 * @throws when the port is taken, the address does not belong to this machine, or the signal is aborted meanwhile
 */
export async function startServer(
  given: StartOptions = {},
  parts: StartParts = {},
): Promise<SignalingServer> {
  const { signal, ...rest } = given;
  const { hooks, options: asked } = splitHooks(rest);
  const problems = [...hookProblems(hooks), ...serverOptionProblems(asked), ...partProblems(parts)];
  if (problems.length === 0) problems.push(...authorizeProblems(hooks, asked));
  if (signal !== undefined && !(signal instanceof AbortSignal))
    problems.push('signal: should be an AbortSignal');
  if (problems.length > 0) throw new OptionError(problems);
  signal?.throwIfAborted();
  const all = { ...defaultServerOptions, ...withoutUndefined(asked) };
  const { clock = nodeClock } = parts;
  const log = boundedLog(parts.log ?? createLogger(all.logLevel, all.logFormat), () => clock.now());
  const tokens =
    parts.authenticator ??
    (await loadTokenVerifier(all, () => clock.wallTime(), log).catch((error: Error) => {
      throw new OptionError([error.message]);
    }));
  const authenticator = askingAuthenticator(all, hooks, { tokens, log, clock }) ?? tokens;
  signal?.throwIfAborted();
  const { node, bus } = parts.bus ? { node: all.node, bus: parts.bus } : await createBus(all, log);
  const options = withinDescriptors({ ...all, node }, log);
  const server = new SignalingServer(options, { ...parts, log, authenticator, hooks, ...(bus && { bus }) });
  await server.start();
  if (options.chaos !== undefined)
    log.warn({ event: 'chaos' }, `Signals are disturbed on purpose: --chaos ${options.chaos}`);
  for (const warning of [...secretWarnings(options), ...tokenWarnings(options)])
    log.warn({ event: 'secret_warning' }, warning);
  if (!signal) return server;
  const stop = () => void server.stop();
  signal.addEventListener('abort', stop, { once: true });
  void server.ended.then(() => signal.removeEventListener('abort', stop));
  if (!signal.aborted) return server;
  await server.stop();
  throw signal.reason;
}

/** Dialects whose clients bring nothing that a hook could judge. */
function authorizeProblems(
  { authorize }: GivenHooks,
  { rooms, topics, authWebhook, peerjsKey, peerjsDiscovery }: Partial<ServerOptions>,
) {
  const asker = authorize ? 'authorize' : authWebhook === undefined ? undefined : '--auth-webhook';
  const unasked = Object.entries({ rooms, topics })
    .filter(([, isServed]) => asker !== undefined && isServed)
    .map(([name]) => `${name}: its clients do not say who they are, so it cannot be on with ${asker}`);
  if (!authorize) return unasked;
  const discovery = peerjsDiscovery ? discoveryProblems(peerjsKey ?? defaultServerOptions.peerjsKey) : [];
  const both = authWebhook === undefined ? [] : ['authorize and authWebhook: give one of them'];
  return [...unasked, ...discovery, ...both];
}

/** The authenticator that decides besides the token keys, if any. */
function askingAuthenticator(
  options: ServerOptions,
  { authorize, authorizeTimeoutMs = DEFAULT_AUTHORIZE_TIMEOUT_MS }: GivenHooks,
  { tokens, log, clock }: { tokens: Authenticator | undefined; log: Logger; clock: Clock },
): AskingAuthenticator | undefined {
  const { authWebhook: url, authWebhookTimeoutMs, webhookSecret: secretText } = options;
  if (authorize) {
    const decider = deciderByHook(authorize);
    return new AskingAuthenticator({ decider, timeoutMs: authorizeTimeoutMs, tokens, log });
  }
  if (url === undefined) return undefined;
  const secret = secretText === undefined ? undefined : webhookSecret(secretText);
  const decider = deciderByWebhook({ url, secret, wallTime: () => clock.wallTime() });
  return new AskingAuthenticator({ decider, timeoutMs: authWebhookTimeoutMs, tokens, log });
}

/** `pairlane serve`: the signaling server as a program. */
import { CommandError, defineCommand } from '../common/command.ts';
import { OptionError } from '../common/options.ts';
import { busProblems } from './cluster/bus/create-bus.ts';
import { type ServerOptions, serverOptions } from './options.ts';
import { startServer } from './server.ts';
import { iceServerProblems } from './signaling/ice-servers.ts';

export const serveCommand = defineCommand({
  name: 'serve',
  about: 'Start the signaling server.',
  details:
    'Start the signaling server. Clients connect to ws://HOST:PORT/; GET /healthz answers 200 while it runs.\n' +
    'Ctrl+C and SIGTERM tell every client that the server goes away, and end it. With --drain-ms, SIGTERM and\n' +
    'POST /drain from this machine tell each client when to come back; a second signal ends it at once.\n' +
    'GET /readyz answers 503 from then on.',
  options: serverOptions,
  async run(options) {
    const problems = [...iceServerProblems(options), ...busProblems(options)];
    if (problems.length > 0) throw new OptionError(problems);
    const server = await startServer(options).catch((error: Error) => {
      throw new CommandError(error.message);
    });
    const warning = secretWarning(options);
    if (warning) server.parts.log.warn(warning);
    process.once('SIGINT', () => void server.stop());
    process.once('SIGTERM', () => {
      process.once('SIGTERM', () => void server.stop());
      void server.drain();
    });
    await server.ended;
    return 0;
  },
});

/** What was asked for, and does not come about without a secret that outlives the process. */
function secretWarning({
  secret,
  drainMs,
  nats,
  relayPort,
  relayConnect,
}: ServerOptions): string | undefined {
  if (secret !== undefined) return undefined;
  if ([nats, relayPort, relayConnect].some((option) => option !== undefined))
    return 'Without --secret no client comes back when its node dies: give all nodes the same one';
  return drainMs > 0 ? 'Without --secret no client comes back to its session after the drain' : undefined;
}

/** `pairlane serve`: the signaling server as a program. */
import { CommandError, defineCommand } from '../common/command.ts';
import { OptionError } from '../common/options.ts';
import { secretWarnings } from './check-server-options.ts';
import { serveOptions } from './options.ts';
import { startServer } from './server.ts';

export const serveCommand = defineCommand({
  name: 'serve',
  about: 'Start the signaling server.',
  details:
    'Start the signaling server. Clients connect to ws://HOST:PORT/; GET /healthz answers 200 while it runs.\n' +
    'Ctrl+C and SIGTERM tell every client that the server goes away, and end it. With --drain-ms, SIGTERM and\n' +
    'POST /drain from this machine tell each client when to come back; a second signal ends it at once.\n' +
    'GET /readyz answers 503 from then on.',
  options: serveOptions,
  async run({ config: _, ...options }) {
    const server = await startServer(options).catch((error: Error) => {
      throw error instanceof OptionError ? error : new CommandError(error.message);
    });
    for (const warning of secretWarnings(options)) server.parts.log.warn(warning);
    process.once('SIGINT', () => void server.stop());
    process.once('SIGTERM', () => {
      process.once('SIGTERM', () => void server.stop());
      void server.drain();
    });
    await server.ended;
    return 0;
  },
});

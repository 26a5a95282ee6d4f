/** `pairlane serve`: the signaling server as a program. */
import { CommandError, defineCommand } from '../common/command.ts';
import { OptionError } from '../common/options.ts';
import { printable } from '../common/printable.ts';
import { type ServerOptions, serveOptions } from './options.ts';
import type { SignalingServer } from './server.ts';

export const serveCommand = defineCommand({
  name: 'serve',
  about: 'Start the signaling server.',
  details:
    'Start the signaling server. Clients connect to ws://HOST:PORT/; GET /healthz answers 200 while it runs.\n' +
    'Ctrl+C and SIGTERM tell every client that the server goes away, and end it. With --drain-ms, SIGTERM and\n' +
    'POST /drain from this machine tell each client when to come back; a second signal ends it at once.\n' +
    'GET /readyz answers 503 from then on. SIGHUP reads the file of options, secrets and certificates anew.',
  options: serveOptions,
  async run({ config: _, ...options }, _positionals, { reread }) {
    let reloaded: SignalingServer | undefined;
    // From the first: without a listener the signal ends the process.
    process.on('SIGHUP', () => reloaded && void reload(reloaded, reread));
    const { startServer } = await import('./start-server.ts');
    const server = await startServer(options).catch((error: Error) => {
      throw error instanceof OptionError ? error : new CommandError(error.message);
    });
    reloaded = server;
    process.once('SIGINT', () => void server.stop());
    process.once('SIGTERM', () => {
      process.once('SIGTERM', () => void server.stop());
      void server.drain();
    });
    await server.ended;
    return 0;
  },
});

/** A mistake in the file leaves everything as it is. */
async function reload(
  server: SignalingServer,
  reread: () => ServerOptions & { readonly config?: string | undefined },
): Promise<void> {
  try {
    const { config: _, ...options } = reread();
    await server.reload(options);
  } catch (error) {
    const { message } = error as Error;
    server.parts.log.error(
      { event: 'options_kept' },
      `Options stay as they were: ${printable(message.replaceAll('\n', '; '))}`,
    );
  }
}

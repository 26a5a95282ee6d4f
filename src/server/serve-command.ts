/** `pairlane serve`: the signaling server as a program. */
import { availableParallelism } from 'node:os';
import { isatty } from 'node:tty';
import { CommandError, defineCommand } from '../common/command.ts';
import { OptionError } from '../common/options.ts';
import { printable } from '../common/printable.ts';
import { greetingFor, isGreeted } from './greeting.ts';
import { serveOptionGroups } from './option-groups.ts';
import { type ServerOptions, serveOptions } from './options.ts';
import type { Logger } from './telemetry/logger.ts';

/** Standard input, output and error: one that was a terminal is no longer one once the terminal is closed. */
const STREAMS = [0, 1, 2];

export const serveCommand = defineCommand({
  name: 'serve',
  about: 'Start the signaling server.',
  details:
    'Start the signaling server. Clients connect to ws://HOST:PORT/; GET /healthz answers 200 while it runs.\n' +
    'Ctrl+C and SIGTERM end it; every client is told. With --drain-ms, SIGTERM and POST /drain from this machine tell\n' +
    'each client when to come back, and GET /readyz answers 503 from then on; a second signal ends it at once.\n' +
    'SIGHUP makes it read the file of options, secrets and certificates again; closing its terminal ends it.',
  options: serveOptions,
  groups: serveOptionGroups,
  examples: [
    ['pairlane serve', 'for this machine, at http://127.0.0.1:8765/'],
    ['pairlane serve --host 0.0.0.0', 'for everybody who reaches this machine'],
    ['pairlane serve --record records', 'keeps each pairing as a file that the inspector opens'],
    ['pairlane serve --config pairlane.toml', 'with the options that the file has'],
  ],
  async run({ config: _, workers, ...options }, _positionals, { reread }) {
    const count = workers || Math.min(availableParallelism(), serveOptions.workers.max);
    const terminals = STREAMS.filter((stream) => isatty(stream));
    let server: Serving | undefined;
    let signals = 0;
    // Registered first, since without a listener a signal ends the process, whatever it has begun. One listener for
    // each: Deno also calls a listener that is added meanwhile for the first signal.
    process.on('SIGHUP', () => {
      if (terminals.length > 0 && !terminals.some((stream) => isatty(stream))) void server?.stop();
      else if (server) void reload(server, reread);
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        signals += 1;
        if (server) void (signal === 'SIGTERM' && signals === 1 ? server.drain() : server.stop());
        // What has begun is taken back once it is there; whoever asks twice does not want to wait for that.
        else if (signals > 1) process.exit(1);
      });
    server = await start(count, options).catch((error: Error) => {
      throw error instanceof OptionError ? error : new CommandError(error.message);
    });
    if (signals > 0) await server.stop();
    else if (isGreeted(options, process.stdout))
      process.stdout.write(greetingFor(options, server.port, process.stdout));
    await server.ended;
    return 0;
  },
});

/** One server, or several workers that act as one. */
interface Serving {
  /** For TCP. */
  readonly port: number;
  readonly ended: Promise<void>;
  readonly log: Logger;
  reload(options: ServerOptions): Promise<void>;
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** Loads only what is asked for. */
async function start(count: number, options: ServerOptions): Promise<Serving> {
  if (count > 1) {
    if (options.statelyInspect !== undefined)
      throw new OptionError(['--stately-inspect: only one process can have its port; leave out --workers']);
    const { Workers } = await import('./workers/workers.ts');
    return new Workers(count, options).start();
  }
  const { startServer } = await import('./start-server.ts');
  const server = await startServer(options);
  return Object.assign(server, { log: server.parts.log });
}

/** An error in the file leaves everything unchanged. */
async function reload(
  server: Serving,
  reread: () => ServerOptions & { readonly config?: string | undefined; readonly workers?: number },
): Promise<void> {
  try {
    const { config: _, workers: _count, ...options } = reread();
    await server.reload(options);
  } catch (error) {
    const { message } = error as Error;
    server.log.error(
      { event: 'options_kept' },
      `Options stay as they were: ${printable(message.replaceAll('\n', '; '))}`,
    );
  }
}

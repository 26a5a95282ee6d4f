/** `pairlane serve`: the signaling server as a program. */
import { CommandError, defineCommand } from '../common/command.ts';
import { OptionError } from '../common/options.ts';
import { busProblems } from './cluster/create-bus.ts';
import { iceServerProblems } from './ice-servers.ts';
import { serverOptions } from './options.ts';
import { startServer } from './server.ts';

export const serveCommand = defineCommand({
  name: 'serve',
  about: 'Start the signaling server.',
  details:
    'Start the signaling server. Clients connect to ws://HOST:PORT/; GET /healthz answers 200 while it runs.\n' +
    'Ctrl+C and SIGTERM tell every client that the server goes away, and end it.',
  options: serverOptions,
  async run(options) {
    const problems = [...iceServerProblems(options), ...busProblems(options)];
    if (problems.length > 0) throw new OptionError(problems);
    const server = await startServer(options).catch((error: Error) => {
      throw new CommandError(error.message);
    });
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    });
    await server.stop();
    return 0;
  },
});

/** `pairlane inspect`: live state charts of XState programs, in a page of this machine. */
import { systemClock } from '../../common/clock.ts';
import { CommandError, defineCommand } from '../../common/command.ts';
import { OptionError } from '../../common/options.ts';
import { untilStopped } from '../../common/stop-signal.ts';

/** Where Stately's client connects by default. */
const DEFAULT_PORT = 8_080;

export const inspectCommand = defineCommand({
  name: 'inspect',
  about: 'Show the live state charts of any XState program in a page.',
  details:
    'Show what the machines of XState 5 programs do: their charts, events, states and contexts, with a time slider.\n' +
    "In the program: createActor(machine, { inspect: pairlaneInspect() }), of 'pairlane/inspector', or uses\n" +
    'createWebSocketInspector of @statelyai/inspect. Open to this machine only; nothing leaves it.',
  examples: [['pairlane inspect', 'waits for programs at http://127.0.0.1:8080/']],
  options: {
    port: {
      kind: 'integer',
      min: 1,
      max: 65_535,
      zero: 'any free port',
      default: DEFAULT_PORT,
      isFlagOnly: true,
      help: 'Port for the page and for programs, at 127.0.0.1.',
    },
    origin: {
      kind: 'list',
      value: 'ORIGIN',
      default: [],
      isFlagOnly: true,
      help: 'Also let pages of this origin show their machines, such as http://localhost:3000.',
    },
  },
  async run({ port, origin }) {
    const problems = origin
      .filter((text) => !URL.canParse(text) || new URL(text).origin !== text)
      .map(() => '--origin: should be like http://localhost:3000, with nothing after it');
    if (problems.length > 0) throw new OptionError(problems);
    const { openLocalApp } = await import('./local-app.ts');
    const { ProgramFeed } = await import('./program-feed.ts');
    const { addProgramSockets } = await import('./program-sockets.ts');
    const feed = new ProgramFeed({ clock: systemClock });
    const app = await openLocalApp(port, '--port', (routes) => {
      addProgramSockets(routes, feed.store, origin);
      feed.addRoutes(routes);
    }).catch((error: Error) => {
      throw new CommandError(error.message);
    });
    const stopped = untilStopped();
    process.stdout.write(
      `Open http://127.0.0.1:${app.port}/ and start a program whose actors are created with\n` +
        `  { inspect: pairlaneInspect(${app.port === DEFAULT_PORT ? '' : `{ url: 'ws://127.0.0.1:${app.port}/' }`}) }\n`,
    );
    await stopped;
    feed.stop();
    app.close();
    return 0;
  },
});

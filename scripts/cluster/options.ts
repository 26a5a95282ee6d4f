/** The command line of `npm run cluster`. */
import { parseArgs } from 'node:util';

const HELP = `npm run cluster -- [options]

Starts a nats-server and nodes on free ports of this machine, with clients on all of them that talk to each other, and
kills nodes and the broker (kill -9), again and again. What each client records tells whether anything was lost.

  --nodes N     nodes (3)
  --pairs N     pairs of light clients, whose histories are judged (40)
  --bots N      pairs of real bots with a data channel (4)
  --rate N      messages a second that each client and bot says (5)
  --every S     seconds between one kill and the next; 0: nobody is killed (4)
  --seconds S   how long, once all are paired; 0: until Ctrl+C (0)
  --no-open     opens no browser; without it, the inspector's view of the nodes opens where there is a desktop
  --json        one JSON object a line for what happens, the last one the result

Ctrl+C ends it when what is on its way has arrived, a second one at once. The status is 1 when a message was lost,
doubled or out of order, or a pairing ended.
`;

const numbers = {
  nodes: { default: 3, min: 1 },
  pairs: { default: 40, min: 1 },
  bots: { default: 4, min: 0 },
  rate: { default: 5, min: 1 },
  every: { default: 4, min: 0 },
  seconds: { default: 0, min: 0 },
} as const;

type Name = keyof typeof numbers;
export type ClusterOptions = Readonly<Record<Name, number>> & {
  readonly json: boolean;
  readonly open: boolean;
};

/** Reads the options; prints help or an error and ends the process if asked for help, or if they are invalid. */
export function readOptions(): ClusterOptions {
  try {
    const names = Object.keys(numbers) as Name[];
    const { values } = parseArgs({
      options: {
        ...(Object.fromEntries(names.map((name) => [name, { type: 'string' }])) as Record<
          Name,
          { type: 'string' }
        >),
        json: { type: 'boolean', default: false },
        'no-open': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const entries = names.map((name) => [name, readNumber(name, values[name])]);
    return {
      ...(Object.fromEntries(entries) as Record<Name, number>),
      json: values.json,
      open: !values['no-open'],
    };
  } catch (error) {
    console.error(`${(error as Error).message} (--help shows the options)`);
    process.exit(2);
  }
}

function readNumber(name: Name, text: string | undefined): number {
  const { default: usual, min } = numbers[name];
  const value = text === undefined ? usual : Number(text);
  if (text?.trim() === '' || !Number.isInteger(value) || value < min)
    throw new Error(`--${name} should be a whole number, at least ${min}`);
  return value;
}

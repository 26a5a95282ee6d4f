/**
 * `npm run explore`: explores every state that two clients and a server can reach, within a budget of events and time.
 */
import { parseArgs } from 'node:util';
import type { Budget } from '../support/model/composed-model.ts';
import { explore } from '../support/model/explore.ts';

const HELP = `npm run explore -- [--minutes N] [--pair N] [--ahead N] [--unpair N] [--close N] [--fail N] [--lose N] [--json]

  --minutes N   ends after so many (default 10)
  --pair N      how often a client may ask for the other (default 2)
  --ahead N     how many of the requests may be followed by an offer (default 1)
  --unpair N    how often one may leave the other (default 1)
  --close N     how often one may say goodbye (default 1)
  --fail N      how often a connection may fail (default 1)
  --lose N      how many offers or answers may be lost (default 1)
  --json        the result as JSON

Visits the states of two clients, their sessions and their pairing, nearest first. Ends with 1, and the way there, when
a state breaks a promise or has no good end; with 0 when there is none, or the time is over.
`;

const defaults: Budget = { pair: 2, ahead: 1, unpair: 1, close: 1, fail: 1, lose: 1 };
const number = (value: number) => ({ type: 'string', default: String(value) }) as const;
const { values } = parseArgs({
  options: {
    minutes: number(10),
    pair: number(defaults.pair),
    ahead: number(defaults.ahead),
    unpair: number(defaults.unpair),
    close: number(defaults.close),
    fail: number(defaults.fail),
    lose: number(defaults.lose),
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function numberOf(name: keyof Budget | 'minutes'): number {
  const text = values[name];
  if (!/^\d+$/.test(text)) throw new Error(`--${name} takes a number, not ${text}`);
  return Number(text);
}

function main(): void {
  const deadline = performance.now() + numberOf('minutes') * 60_000;
  const budget: Budget = {
    pair: numberOf('pair'),
    ahead: numberOf('ahead'),
    unpair: numberOf('unpair'),
    close: numberOf('close'),
    fail: numberOf('fail'),
    lose: numberOf('lose'),
  };
  const found = explore({
    budget,
    isOver: () => performance.now() > deadline,
    progress: (states, open) => process.stderr.write(`${states} states, ${open} of them still to leave\n`),
  });
  if (found.counterexample) process.exitCode = 1;
  console.log(values.json ? JSON.stringify({ budget, ...found }, null, 2) : textOf(found));
}

function textOf({ states, steps, isWhole, counterexample }: ReturnType<typeof explore>): string {
  const visited = `${states} states, ${steps} steps`;
  if (counterexample)
    return [`${visited}: ${counterexample.problem}`, ...counterexample.moves.map((move) => `  ${move}`)].join(
      '\n',
    );
  return isWhole
    ? `${visited}: all of them, and nothing is wrong`
    : `${visited}: the time is over, and nothing was wrong`;
}

if (values.help) console.log(HELP);
else
  try {
    main();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
  }

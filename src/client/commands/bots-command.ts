/**
 * `pairlane bots`: a fleet of headless pairs, to try out a server and a network. Its exit status says whether all went
 * well.
 */
import { CommandError, defineCommand } from '../../common/command.ts';
import type { OptionTable, OptionValues } from '../../common/option-table.ts';
import { Fleet } from './fleet.ts';
import { progressOf, reportOf, tableOf } from './fleet-report.ts';
import { iceAlternatives, peerOptions, peerOptionsOf } from './peer-command-options.ts';

const { url, iceServer, ice, iceHostAddress, inspect } = peerOptions;

const botsOptions = {
  url,
  iceServer,
  ice,
  iceHostAddress,
  inspect,
  pairs: { kind: 'integer', min: 1, max: 10_000, default: 10, help: 'How many pairs.' },
  rate: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    zero: 'as fast as they can',
    default: 10,
    help: 'Messages that each bot sends per second.',
  },
  messages: {
    kind: 'integer',
    min: 1,
    max: 100_000_000,
    zero: 'until --seconds have passed',
    default: 100,
    help: 'How many messages each bot sends.',
  },
  seconds: {
    kind: 'integer',
    min: 1,
    max: 86_400,
    zero: 'no limit',
    default: 60,
    help: 'For how many seconds they talk at most, once all pairs are connected.',
  },
  json: { kind: 'switch', help: 'Print the result as one JSON object.' },
} as const satisfies OptionTable;

export const botsCommand = defineCommand({
  name: 'bots',
  about: 'Run many pairs of bots that talk to each other, and count.',
  details:
    'Run many pairs of bots in one process: they connect, pair and send each other messages of 64 bytes. The result\n' +
    'is a table. The exit status is 1 if a pair failed or a message was lost.',
  options: botsOptions,
  alternatives: [iceAlternatives],
  examples: [
    ['pairlane bots --pairs 100', 'a hundred pairs, each message counted'],
    ['pairlane bots --messages 0 --seconds 30 --rate 0', 'as fast as they can, for half a minute'],
  ],
  run: bots,
});

const PROGRESS_MS = 100;

async function bots(options: OptionValues<typeof botsOptions>): Promise<number> {
  const { pairs, rate, messages, seconds, json } = options;
  if (messages === 0 && seconds === 0) throw new CommandError('give --messages or --seconds, or both', 2);
  const { createPeer } = await import('../index.ts');
  const fleet = new Fleet({
    pairs,
    rate,
    messages,
    seconds,
    createPeer: () => createPeer(peerOptionsOf(options)),
  });
  const stop = () => fleet.stop();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const endProgress = showProgress(() => progressOf(fleet.counts, pairs, messages));
  const started = performance.now();
  let ended = started;
  try {
    await fleet.run();
  } finally {
    ended = performance.now();
    endProgress();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  }
  const report = reportOf(fleet.counts, (ended - started) / 1000);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : tableOf(report));
  return report.failedPairs > 0 || report.lost > 0 ? 1 : 0;
}

/**
 * Shows progress, but only on a terminal that the result is not written to.
 * @returns a function that ends it and clears its line
 */
function showProgress(line: () => string): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  const show = () => stderr.write(`\r\x1b[K${line()}`);
  show();
  const timer = setInterval(show, PROGRESS_MS);
  return () => {
    clearInterval(timer);
    stderr.write('\r\x1b[K');
  };
}

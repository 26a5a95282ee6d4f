/**
 * `npm run bench:inspect`: what the inspector costs, as CPU time of the server's process per relayed candidate. All
 * servers run at once and take turns under the same load, because in wall-clock figures other work on the same cores
 * would hide a few per cent.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { cpuUs } from './support/process-facts.ts';

const PAIRS = 20;
/** Fewer than a record can hold, so that a recorded pairing is recorded to its last message. */
const MESSAGES_PER_PAIR = 1_500;
/** Messages of a pair in flight at once. */
const WINDOW = 25;
const ROUNDS = Number(process.env.ROUNDS ?? 15);

const folder = mkdtempSync(join(tmpdir(), 'pairlane-bench-'));

interface Scenario {
  readonly name: string;
  readonly args: readonly string[];
  /** Opens the page's feed once all are paired, and watches a pairing without load. */
  readonly watches?: true;
  /** Pairs again before each round, so that each round has new records. */
  readonly pairsAnew?: true;
}

const scenarios: readonly Scenario[] = [
  { name: 'off (--no-inspect)', args: ['--no-inspect'] },
  { name: 'on, nobody watches', args: [] },
  { name: 'a page watches another pairing', args: [], watches: true },
  { name: 'a page follows these new pairings', args: [], watches: true, pairsAnew: true },
  { name: 'all is recorded', args: ['--record', folder], pairsAnew: true },
];

interface Pair {
  readonly from: WebSocket;
  readonly to: WebSocket;
  readonly toId: string;
  readonly epoch: number;
}

interface Running extends Scenario {
  readonly child: ChildProcess;
  readonly pairs: readonly Pair[];
  readonly samples: number[];
}

const candidate = JSON.stringify({
  type: 'candidate',
  candidate: {
    candidate: 'candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host generation 0 ufrag abcd network-id 1',
    sdpMid: '0',
    sdpMLineIndex: 0,
  },
});

async function start(scenario: Scenario): Promise<Running> {
  const fixed = ['--port', '0', '--max-messages-per-second', '0', '--ping-interval-ms', '0'];
  const child = spawn(process.execPath, [
    'dist/cli.js',
    'serve',
    '--log-format',
    'json',
    ...fixed,
    ...scenario.args,
  ]);
  let text = '';
  while (!/:\d+"/.test(text)) text += String((await once(child.stdout, 'data'))[0]);
  child.stdout.resume();
  const url = `ws://127.0.0.1:${/:(\d+)"/.exec(text)?.[1]}/`;
  const pairs: Pair[] = [];
  for (let i = 0; i <= PAIRS; i += 1) pairs.push(await connectPair(url));
  if (scenario.watches) {
    const feed = new WebSocket(`${url}inspect/feed`);
    feed.on('message', () => {});
    await once(feed, 'message');
    feed.send(JSON.stringify({ type: 'watch', epoch: (pairs[0] as Pair).epoch }));
  }
  return { ...scenario, child, pairs: pairs.slice(1), samples: [] };
}

async function connect(url: string): Promise<{ socket: WebSocket; id: string }> {
  const socket = new WebSocket(url);
  const [data] = await once(socket, 'message');
  return { socket, id: JSON.parse(String(data)).id };
}

async function connectPair(url: string): Promise<Pair> {
  const [a, b] = [await connect(url), await connect(url)];
  const pair = { from: a.socket, to: b.socket, toId: b.id };
  return { ...pair, epoch: await askToPair(pair) };
}

async function askToPair({ from, to, toId }: Omit<Pair, 'epoch'>): Promise<number> {
  const paired = Promise.all([once(from, 'message'), once(to, 'message')]);
  from.send(JSON.stringify({ type: 'pair_request', target_id: toId }));
  const [[data]] = await paired;
  return JSON.parse(String(data)).epoch;
}

async function pairAnew(pair: Pair): Promise<void> {
  pair.from.send(JSON.stringify({ type: 'unpair' }));
  await once(pair.to, 'message');
  await askToPair(pair);
}

/** Sends all messages of a pair, one window at a time. */
function relay({ from, to }: Pair): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0;
    let received = 0;
    const send = () => {
      sent += 1;
      from.send(candidate);
    };
    const take = () => {
      received += 1;
      if (sent < MESSAGES_PER_PAIR) send();
      if (received < MESSAGES_PER_PAIR) return;
      to.off('message', take);
      resolve();
    };
    to.on('message', take);
    for (let i = 0; i < WINDOW; i += 1) send();
  });
}

async function measure({ child, pairs, pairsAnew }: Running): Promise<number> {
  if (pairsAnew) await Promise.all(pairs.map(pairAnew));
  const before = cpuUs(child.pid);
  await Promise.all(pairs.map(relay));
  return (cpuUs(child.pid) - before) / (PAIRS * MESSAGES_PER_PAIR);
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

const all: Running[] = [];
for (const scenario of scenarios) all.push(await start(scenario));
for (const running of all) await measure(running);
for (let round = 0; round < ROUNDS; round += 1) {
  // The order rotates, so that no server always follows the same other server.
  for (let i = 0; i < all.length; i += 1) {
    const running = all[(i + round) % all.length] as Running;
    running.samples.push(await measure(running));
  }
}
const [base] = all as [Running];
console.log(
  `CPU of the server for one relayed candidate, median of ${ROUNDS} rounds of ${PAIRS * MESSAGES_PER_PAIR}:`,
);
for (const { name, samples } of all) {
  // A round's servers ran within a second or two of each other: their ratio is steadier than their values.
  const ratio = median(samples.map((sample, i) => sample / (base.samples[i] as number)));
  console.log(`  ${name.padEnd(34)}${median(samples).toFixed(2)} µs  ${((ratio - 1) * 100).toFixed(1)} %`);
}
const ends = all.map(({ child }) => once(child, 'exit'));
for (const { child } of all) child.kill('SIGKILL');
await Promise.all(ends);
rmSync(folder, { recursive: true, force: true });
process.exit(0);

/**
 * `npm run bench:drain`: restarts a real server with thousands of resumable sessions, all of them paired, and measures
 * what is lost and how hard returning clients hit it. For comparison: the same without a drain, with clients that only
 * have their backoff, and with clients that all wait for the same time. The clients are in this process.
 *
 * npm run bench:drain -- [--sessions N] [--drain-ms MS] [--json] [--help]
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { freePort } from '../tools/free-port.ts';
import { DrainClient, type Fleet } from './drain-client.ts';
import { cpuUs } from './support/process-facts.ts';

const { values: given } = parseArgs({
  options: {
    sessions: { type: 'string', default: '5000' },
    'drain-ms': { type: 'string', default: '10000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const HELP = `npm run bench:drain -- [--sessions N] [--drain-ms MS] [--json]

  --sessions N    resumable sessions, two to a pairing (5000)
  --drain-ms MS   what the server drains for (10000)
  --json          the figures as JSON
`;
const pairs = Math.floor(Number(given.sessions) / 2);
const drainMs = Number(given['drain-ms']);
if (!given.help && (!(pairs > 0) || !(drainMs >= 100)))
  throw new Error('--sessions should be at least 2, and --drain-ms at least 100');

/** Connections opened concurrently at the start. */
const OPENING = 50;
/** How long a client without jitter waits. */
const FIXED_WAIT_MS = 1_000;
const [BACKOFF_BASE_MS, BACKOFF_CAP_MS] = [500, 30_000];

const fullJitter = (attempt: number) =>
  Math.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt);

interface Scenario {
  readonly name: string;
  readonly drainMs: number;
  readonly waitMs: Fleet['waitMs'];
}

const scenarios: readonly Scenario[] = [
  { name: `drain of ${drainMs / 1_000} s`, drainMs, waitMs: (told, attempt) => told ?? fullJitter(attempt) },
  { name: 'no drain, full jitter', drainMs: 0, waitMs: (_told, attempt) => fullJitter(attempt) },
  { name: 'no drain, no jitter', drainMs: 0, waitMs: () => FIXED_WAIT_MS },
];

const started = performance.now();
function progress(text: string): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\x1b[K${((performance.now() - started) / 1_000).toFixed(1)} s  ${text}`);
}

async function startServer(port: number, { drainMs: ms }: Scenario): Promise<ChildProcess> {
  const unlimited = [
    '--max-connections-per-address',
    '--max-upgrades-per-second',
    '--max-messages-per-second',
  ];
  const args = ['serve', '--port', String(port), '--drain-ms', String(ms), '--log-format', 'json'];
  const child = spawn(
    process.execPath,
    ['dist/cli.js', ...args, ...unlimited.flatMap((name) => [name, '0'])],
    {
      env: { ...process.env, PAIRLANE_SECRET: 'of the benchmark' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${code} before it listened`);
  });
  died.catch(() => {});
  const listening = new Promise<void>((resolve) => {
    child.stdout?.on('data', (data) => String(data).includes('Server starting') && resolve());
  });
  await Promise.race([listening, died]);
  return child;
}

const cpuMs = ({ pid }: ChildProcess) => cpuUs(pid) / 1_000;

/** The highest number of times within one second. */
function peakPerSecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let peak = 0;
  for (let first = 0, last = 0; last < sorted.length; last += 1) {
    while ((sorted[last] as number) - (sorted[first] as number) >= 1_000) first += 1;
    peak = Math.max(peak, last - first + 1);
  }
  return peak;
}

async function connectAll(fleet: Fleet): Promise<DrainClient[]> {
  const clients = Array.from({ length: 2 * pairs }, () => new DrainClient(fleet));
  for (let next = 0; next < clients.length; next += OPENING) {
    const some = clients.slice(next, next + OPENING);
    for (const client of some) client.open();
    await Promise.all(some.map((client) => client.until(() => client.isOnline)));
    for (let i = 0; i + 1 < some.length; i += 2)
      some[i]?.send({ type: 'pair_request', target_id: some[i + 1]?.id });
    await Promise.all(some.map((client) => client.until(() => client.pairing !== undefined)));
    progress(`${next + some.length} connected and paired`);
  }
  return clients;
}

const say = (client: DrainClient, text: string) =>
  client.send({ type: 'candidate', candidate: { candidate: text } });

async function measure(scenario: Scenario) {
  const port = await freePort();
  const fleet: Fleet = {
    url: `ws://127.0.0.1:${port}/`,
    waitMs: scenario.waitMs,
    returns: [],
    failures: 0,
    sessionsLost: 0,
    pairingsLost: 0,
  };
  const before = await startServer(port, scenario);
  const clients = await connectAll(fleet);
  for (const client of clients) say(client, 'before');
  const signalledAt = performance.now();
  const cpuBefore = cpuMs(before);
  let cpuDrain = 0;
  const sampling = setInterval(() => {
    // A process that is ending has already lost its threads.
    if (before.exitCode === null) cpuDrain = Math.max(cpuDrain, cpuMs(before) - cpuBefore);
    progress(`${scenario.name}: ${clients.filter(({ isOnline }) => isOnline).length} online`);
  }, 100);
  const exited = once(before, 'exit');
  before.kill('SIGTERM');
  const [status] = await exited;
  const endedMs = performance.now() - signalledAt;
  for (const client of clients) say(client, 'meanwhile');
  const after = await startServer(port, scenario);
  const cpuStarted = cpuMs(after);
  await Promise.all(clients.map((client) => client.until(() => client.isOnline)));
  const backMs = performance.now() - signalledAt;
  const cpuReturn = cpuMs(after) - cpuStarted;
  await Promise.all(clients.map((client) => client.until(() => client.heard.length >= 2)));
  clearInterval(sampling);
  const wrong = clients.filter(({ heard }) => heard.join() !== 'before,meanwhile').length;
  for (const client of clients) client.close();
  after.kill('SIGKILL');
  await once(after, 'exit');
  return {
    name: scenario.name,
    status,
    sessionsLost: fleet.sessionsLost,
    pairingsLost: fleet.pairingsLost,
    wrongHistories: wrong,
    failedAttempts: fleet.failures,
    peakPerSecond: peakPerSecond(fleet.returns),
    endedS: endedMs / 1_000,
    backS: backMs / 1_000,
    cpuDrainMs: cpuDrain,
    cpuReturnMs: cpuReturn,
  };
}

type Figures = Awaited<ReturnType<typeof measure>>;

const rows: readonly (readonly [string, (figures: Figures) => string])[] = [
  ['sessions lost', ({ sessionsLost }) => String(sessionsLost)],
  ['pairings lost', ({ pairingsLost }) => String(pairingsLost)],
  ['clients with a message lost, doubled or out of order', ({ wrongHistories }) => String(wrongHistories)],
  ['peak of reconnects in one second', (figures) => figures.peakPerSecond.toLocaleString('en')],
  ['attempts that failed', ({ failedAttempts }) => failedAttempts.toLocaleString('en')],
  ['old server gone after (s)', ({ endedS }) => endedS.toFixed(1)],
  ['all back after (s)', ({ backS }) => backS.toFixed(1)],
  ['CPU of the old server for the end (ms)', ({ cpuDrainMs }) => cpuDrainMs.toFixed(0)],
  ['CPU of the new server until all are back (ms)', ({ cpuReturnMs }) => cpuReturnMs.toFixed(0)],
];

async function main(): Promise<void> {
  const results: Figures[] = [];
  for (const scenario of scenarios) results.push(await measure(scenario));
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  if (given.json) {
    console.log(JSON.stringify({ date, machine, sessions: 2 * pairs, results }, null, 2));
    return;
  }
  console.log(`${date}, ${machine}, ${2 * pairs} sessions in ${pairs} pairings\n`);
  console.log(`| | ${results.map(({ name }) => name).join(' | ')} |`);
  console.log(`| --- |${' ---: |'.repeat(results.length)}`);
  for (const [name, read] of rows) console.log(`| ${name} | ${results.map(read).join(' | ')} |`);
}

if (given.help) console.log(HELP);
else await main();

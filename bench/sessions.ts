/**
 * `npm run bench:sessions`: how a server gets on with many sessions. So many are connected and idle, in the load
 * generator; ten thousand of them then send a message per second. CPU and memory of all processes of the server, and
 * the p99 of a new pairing, from a process of its own, before and meanwhile.
 *
 *   npm run bench:sessions -- [--sessions N]... [--workers N] [--seconds N]
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { freePort } from '../tools/free-port.ts';
import { NodeProcess } from '../tools/node-process.ts';
import { lasting } from './contenders.ts';
import { startProbe } from './nodes/start-probe.ts';
import { buildGenerator, LoadProcess } from './processes.ts';
import { childrenOf, cpuUs, residentBytes } from './support/process-facts.ts';

/** One process has few more descriptors than this on many machines. */
const PER_GENERATOR = 18_000;
const CHATTING = 10_000;
const BYTES = 200;

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', multiple: true, default: ['1000', '10000'] },
    workers: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '35' },
  },
});
const idleMs = Number(values.seconds) * 1_000;

const LIMITS = [
  ['--max-connections', '1000000'],
  ['--max-http-connections', '6000'],
].flat();

const sum = (pids: readonly number[], each: (pid: number) => number) =>
  pids.reduce((all, pid) => all + each(pid), 0);

/** Until all workers serve. */
async function isReady(healthPort: number): Promise<void> {
  const ask = () =>
    fetch(`http://127.0.0.1:${healthPort}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function measure(sessions: number): Promise<string> {
  const healthPort = await freePort();
  const node = await NodeProcess.start(
    '--health-port',
    `${healthPort}`,
    '--workers',
    values.workers,
    '--log-level',
    'warn',
    ...LIMITS,
  );
  await isReady(healthPort);
  const pids = [node.pid, ...childrenOf(node.pid)];
  const startGenerator = () => new LoadProcess(node.port, { dialect: lasting }, BYTES);
  const chatting = Math.min(CHATTING, sessions);
  const chat = startGenerator();
  const idle = Array.from({ length: Math.ceil((sessions - chatting) / PER_GENERATOR) }, startGenerator);
  const before = sum(pids, residentBytes);
  await Promise.all([
    chat.run(`connect ${chatting}`),
    ...idle.map((load, n) =>
      load.run(`connect ${Math.min(PER_GENERATOR, sessions - chatting - n * PER_GENERATOR)}`),
    ),
  ]);
  const bytes = (sum(pids, residentBytes) - before) / sessions;
  await chat.run('pair');

  const all = [chat, ...idle];
  const cpuBefore = sum(pids, cpuUs);
  await Promise.all(all.map((load) => load.run(`idle ${idleMs}`)));
  const idleCpu = (sum(pids, cpuUs) - cpuBefore) / idleMs / 1_000;

  const probe = await startProbe([node.url]);
  const whileIdle = (load: LoadProcess) => load.run('idle 5000');
  await Promise.all(all.map(whileIdle));
  probe.tell('storm');
  const [talked] = await Promise.all([chat.run(`talk ${chatting} 5000`), ...idle.map(whileIdle)]);
  const report = await probe.end();
  await Promise.all(all.map((load) => load.stop()));
  await node.kill();
  const figures = [
    sessions.toLocaleString('en'),
    values.workers,
    Math.round(bytes).toLocaleString('en'),
    `${(100 * idleCpu).toFixed(1)} %`,
    report.calmP99Ms.toFixed(1),
    talked.count.toLocaleString('en'),
    report.stormP99Ms.toFixed(1),
  ];
  return `| ${figures.join(' | ')} |`;
}

buildGenerator();
console.log(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}\n`,
);
console.log(
  '| sessions | processes | bytes per session | CPU of one core, idle | p99 of a new pairing (ms) | messages in 5 s | p99 meanwhile (ms) |',
);
console.log('| ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const sessions of values.sessions) console.log(await measure(Number(sessions)));
process.exit();

/**
 * Thousands of clients lose their sockets at once and come back, as when a load balancer restarts: measures how long
 * until all have resumed their sessions, what that costs the servers, and what new clients, in a separate process,
 * notice of it. The clients are the load generator's, as thousands in one process of Node take longer than the servers.
 * Then clients that record what they send and receive do the same, for the verdict.
 */
import type { NodeCluster } from '../../tools/node-cluster.ts';
import { SteadyPairs } from '../../tools/steady-pairs.ts';
import { resumable } from '../contenders.ts';
import { buildGenerator, LoadProcess } from '../processes.ts';
import { cpuUs } from '../support/process-facts.ts';
import { median } from '../table.ts';
import { growCluster } from './grown-cluster.ts';
import { type Effort, type Figure, type Progress, type Trial, trialOf } from './report.ts';
import { startProbe } from './start-probe.ts';

/** The real client's backoff: it first tries again after a random time of up to `firstMs`. */
const BACKOFF = { firstMs: 500, mostMs: 30_000 };
const SETTLE_MS = 60_000;
const OPENING_AT_ONCE = 25;
/** How long newcomers connect before a storm, without other load. */
const CALM_MS = 2_000;

export async function measureStorm(nodes: number, effort: Effort, progress: Progress): Promise<Figure[]> {
  const { clients, storms } = effort;
  const where = placeOf(nodes);
  buildGenerator();
  // A cluster of one node is a single server, except that it has a broker.
  const { cluster, grown } = await growCluster(nodes, effort, progress);
  const ports = cluster.nodes.map(({ port }) => port);
  const load = new LoadProcess(ports, { dialect: resumable });
  await load.run(`connect ${clients}`);
  await load.run('pair');
  await load.run(`idle ${effort.graceMs}`);
  await grown();
  const probe = await startProbe(cluster.nodes.map(({ url }) => url));
  const back: number[] = [];
  const cost: number[] = [];
  for (let n = 1; n <= storms; n += 1) {
    await load.run(`idle ${CALM_MS}`);
    progress(`storm ${n} of ${storms}, ${where}: all lose their sockets`);
    probe.tell('storm');
    const [before, startedAt] = [cpuOf(cluster), performance.now()];
    const { count } = await load.run(`storm ${BACKOFF.firstMs}`);
    back.push((performance.now() - startedAt) / 1_000);
    cost.push((cpuOf(cluster) - before) / count);
    probe.tell('calm');
  }
  await load.run(`idle ${CALM_MS}`);
  const report = await probe.end();
  await load.stop();
  await cluster.stop();
  const name = `${clients.toLocaleString('en')} clients come back at once, ${where}`;
  const p99 = { unit: 'ms', digits: 1 };
  return [
    { name: `${name}: all are back`, value: median(back), unit: 's', digits: 2 },
    { name: `${name}: all nodes, per client`, value: median(cost), unit: 'µs of CPU', digits: 0 },
    { name: `${name}: p99 of a new pairing, before`, value: report.calmP99Ms, ...p99 },
    {
      name: `${name}: p99 of a new pairing, meanwhile (of ${report.stormPairings})`,
      value: report.stormP99Ms,
      ...p99,
    },
  ];
}

/** Whether a storm loses, doubles or reorders anything. */
export async function judgeStorm(nodes: number, effort: Effort, progress: Progress): Promise<Trial> {
  const { clients, storms } = effort;
  const where = placeOf(nodes);
  const { cluster, grown } = await growCluster(nodes, effort, progress);
  const pairs = new SteadyPairs();
  for (let count = 0; count < clients / 2; count += OPENING_AT_ONCE) {
    progress(`storm, ${where}: ${2 * count} clients are there`);
    const some = Math.min(OPENING_AT_ONCE, clients / 2 - count);
    await Promise.all(
      Array.from({ length: some }, (_, n) =>
        pairs.add(
          { ...cluster.clientsOf((count + n) % nodes), backoff: BACKOFF },
          { ...cluster.clientsOf((count + n + 1) % nodes), backoff: BACKOFF },
        ),
      ),
    );
  }
  await grown();
  for (let n = 1; n <= storms; n += 1) {
    progress(`storm ${n} of ${storms}, ${where}: what is said meanwhile`);
    for (const client of pairs.clients) client.say();
    for (const client of pairs.clients) client.drop();
    // Each message waits for its client, and arrives once both are back.
    for (const client of pairs.clients) client.say();
    await Promise.all(pairs.clients.map((client) => client.isBack()));
    await pairs.settled(SETTLE_MS);
  }
  const times = storms === 1 ? '' : `, ${storms} times`;
  const trial = trialOf(`${clients.toLocaleString('en')} sockets lost at once${times}, ${where}`, pairs);
  pairs.close();
  await cluster.stop();
  return trial;
}

const placeOf = (nodes: number) => (nodes === 1 ? 'one node' : `${nodes} nodes`);

const cpuOf = ({ nodes }: NodeCluster) => nodes.reduce((sum, { pid }) => sum + cpuUs(pid), 0);

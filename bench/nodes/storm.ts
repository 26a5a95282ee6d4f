/**
 * Thousands of clients lose their sockets at once and come back, as when a load balancer restarts: measures how long
 * until all have resumed their sessions, and what new clients, in a separate process, notice of it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { SteadyPairs } from '../../tools/steady-pairs.ts';
import { median } from '../table.ts';
import { growCluster } from './grown-cluster.ts';
import { type Effort, type Figure, type Progress, type Trial, trialOf } from './report.ts';
import type { ProbeOrder, ProbeReport } from './storm-probe.ts';

/** The real client's backoff. */
const BACKOFF = { firstMs: 500, mostMs: 30_000 };
const SETTLE_MS = 60_000;
const OPENING_AT_ONCE = 25;
/** How long newcomers connect before a storm, without other load. */
const CALM_MS = 2_000;

export async function measureStorm(
  nodes: number,
  effort: Effort,
  progress: Progress,
): Promise<{ figures: Figure[]; trial: Trial }> {
  const { clients, storms } = effort;
  const where = nodes === 1 ? 'one node' : `${nodes} nodes`;
  // A cluster of one node is a single server, except that it has a broker.
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
  const probe = fork(
    new URL('./storm-probe.ts', import.meta.url),
    cluster.nodes.map(({ url }) => url),
    {
      execArgv: process.execArgv,
    },
  );
  const tell = (order: ProbeOrder) => probe.send(order);
  await once(probe, 'message');
  const backMs: number[] = [];
  for (let n = 1; n <= storms; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, CALM_MS));
    progress(`storm ${n} of ${storms}, ${where}: all lose their sockets`);
    for (const client of pairs.clients) client.say();
    tell('storm');
    backMs.push(await storm(pairs));
    tell('calm');
    await pairs.settled(SETTLE_MS);
  }
  tell('over');
  const [report] = (await once(probe, 'message')) as [ProbeReport];
  const times = storms === 1 ? '' : `, ${storms} times`;
  const trial = trialOf(`${clients.toLocaleString('en')} sockets lost at once${times}, ${where}`, pairs);
  pairs.close();
  await cluster.stop();
  const name = `${clients.toLocaleString('en')} clients come back at once, ${where}`;
  return {
    figures: [
      { name: `${name}: all are back`, value: median(backMs) / 1_000, unit: 's', digits: 2 },
      { name: `${name}: p99 of a new pairing, before`, value: report.calmP99Ms, unit: 'ms', digits: 1 },
      {
        name: `${name}: p99 of a new pairing, meanwhile (of ${report.stormPairings})`,
        value: report.stormP99Ms,
        unit: 'ms',
        digits: 1,
      },
    ],
    trial,
  };
}

/** @returns the time until all clients are back, in milliseconds */
async function storm({ clients }: SteadyPairs): Promise<number> {
  const startedAt = performance.now();
  for (const client of clients) client.drop();
  // Each message waits for its client, and arrives once both are back.
  for (const client of clients) client.say();
  await Promise.all(clients.map((client) => client.isBack()));
  return performance.now() - startedAt;
}

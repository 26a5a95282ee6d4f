/**
 * Thousands of clients lose their sockets at once and come back, as when a balancer is restarted: how long until all
 * have their sessions again, and what somebody new notices of it, whose clients are in a process of their own.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { NodeCluster } from '../support/node-cluster.ts';
import { SteadyPairs } from '../support/steady-pairs.ts';
import type { Effort, Figure, Progress, Trial } from './report.ts';
import type { ProbeReport } from './storm-probe.ts';

/** As the real client waits. */
const BACKOFF = { firstMs: 500, mostMs: 30_000 };
const OPENING_AT_ONCE = 25;
/** So long the newcomers come before the storm, and still after it. */
const CALM_MS = 1_000;

export async function measureStorm(
  nodes: number,
  { clients }: Effort,
  progress: Progress,
): Promise<{ figures: Figure[]; trial: Trial }> {
  const where = nodes === 1 ? 'one node' : `${nodes} nodes`;
  // A cluster of one is a server alone, but for its broker.
  const cluster = await NodeCluster.start(nodes, '--log-level', 'warn');
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
  for (const client of pairs.clients) client.say();
  const probe = fork(
    new URL('./storm-probe.ts', import.meta.url),
    cluster.nodes.map(({ url }) => url),
    {
      execArgv: process.execArgv,
    },
  );
  await once(probe, 'message');
  await new Promise((resolve) => setTimeout(resolve, CALM_MS));
  progress(`storm, ${where}: all lose their sockets`);
  probe.send('storm');
  const startedAt = performance.now();
  for (const client of pairs.clients) client.drop();
  for (const client of pairs.clients) client.say();
  await Promise.all(pairs.clients.map((client) => client.isBack()));
  const backMs = performance.now() - startedAt;
  probe.send('over');
  const [report] = (await once(probe, 'message')) as [ProbeReport];
  await pairs.settled(60_000);
  const trial = { name: `${clients.toLocaleString('en')} sockets lost at once, ${where}`, ...pairs.verdict };
  pairs.close();
  await cluster.stop();
  const name = `${clients.toLocaleString('en')} clients come back at once, ${where}`;
  return {
    figures: [
      { name: `${name}: all are back`, value: backMs / 1_000, unit: 's', digits: 2 },
      { name: `${name}: p99 of a new pairing, before`, value: report.calmP99Ms, unit: 'ms', digits: 1 },
      { name: `${name}: p99 of a new pairing, meanwhile`, value: report.stormP99Ms, unit: 'ms', digits: 1 },
    ],
    trial,
  };
}

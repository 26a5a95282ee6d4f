/** What a relayed message costs the servers for pairs on one node and on two, with alternating slices. */

import { NodeCluster } from '../../tools/node-cluster.ts';
import { type SteadyPair, SteadyPairs } from '../../tools/steady-pairs.ts';
import { cpuUs } from '../support/process-facts.ts';
import { median } from '../table.ts';
import type { Effort, Figure, Progress } from './report.ts';

const PAIRS = 20;

export async function measureRelay({ slices, messages }: Effort, progress: Progress): Promise<Figure[]> {
  const cluster = await NodeCluster.start(2, '--log-level', 'warn');
  const [near, far] = [new SteadyPairs(), new SteadyPairs()];
  const at = (node: number) => ({ chooseUrl: () => cluster.nodes[node]?.url ?? '' });
  for (let n = 0; n < PAIRS; n += 1) {
    await near.add(at(0), at(0));
    await far.add(at(0), at(1));
  }
  const samples = {
    near: [] as number[],
    sender: [] as number[],
    receiver: [] as number[],
    far: [] as number[],
  };
  const slice = async (pairs: SteadyPairs): Promise<[number, number]> => {
    const before = cluster.nodes.map(({ pid }) => cpuUs(pid));
    await Promise.all(pairs.pairs.map((pair) => flood(pair, messages / PAIRS)));
    const [one = 0, two = 0] = cluster.nodes.map(({ pid }, n) => (cpuUs(pid) - (before[n] ?? 0)) / messages);
    return [one, two];
  };
  for (let n = 0; n <= slices; n += 1) {
    progress(`relay: slice ${n} of ${slices}`);
    const [[alone, beside], [sender, receiver]] = [await slice(near), await slice(far)];
    // The first slice ran code that was not compiled yet.
    if (n === 0) continue;
    samples.near.push(alone + beside);
    samples.sender.push(sender);
    samples.receiver.push(receiver);
    samples.far.push(sender + receiver);
  }
  near.close();
  far.close();
  await cluster.stop();
  const figure = (name: string, values: readonly number[]): Figure => ({
    name,
    value: median(values),
    unit: 'µs of CPU a message',
    digits: 1,
  });
  return [
    figure('relay, both on one node', samples.near),
    figure('relay, on two nodes: both servers', samples.far),
    figure("relay, on two nodes: the sender's", samples.sender),
    figure("relay, on two nodes: the receiver's", samples.receiver),
  ];
}

/** Sends all messages of a pair in one direction, as fast as they are acked. */
export function flood([from, to]: SteadyPair, count: number): Promise<void> {
  const last = from.history.sent + count;
  return new Promise((resolve) => {
    const push = () => {
      while (from.history.sent < last && from.say());
      if (to.history.received.length < last) return;
      to.off('heard', push);
      from.off('acked', push);
      resolve();
    };
    to.on('heard', push);
    from.on('acked', push);
    push();
  });
}

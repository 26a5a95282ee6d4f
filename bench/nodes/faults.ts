/** Cuts links and kills nodes at random moments under load, and judges the clients' histories. */
import type { NodeProcess } from '../../tools/node-process.ts';
import { SteadyPairs } from '../../tools/steady-pairs.ts';
import { TcpProxy } from '../../tools/tcp-proxy.ts';
import { growCluster } from './grown-cluster.ts';
import { type Effort, type Progress, type Trial, trialOf } from './report.ts';

const NODES = 3;
const PAIRS = 50;
const PER_SECOND = 20;
const MEAN_BETWEEN_DROPS_MS = 25;
/** The longest time that a killed node stays down: some are noticed by their silence, most are back before that. */
const MAX_DOWN_MS = 5_000;
const MEAN_BETWEEN_KILLS_MS = 1_000;
const SETTLE_MS = 60_000;

/** Random intervals with an exponential distribution. */
const exponential = (meanMs: number) => -Math.log(1 - Math.random()) * meanMs;
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function dropSockets(effort: Effort, progress: Progress): Promise<Trial> {
  const { drops } = effort;
  const { cluster, grown } = await growCluster(NODES, effort, progress);
  const proxies = await Promise.all(cluster.nodes.map(({ url }) => TcpProxy.start(url)));
  const any = () => proxies[Math.floor(Math.random() * NODES)] as TcpProxy;
  const pairs = new SteadyPairs();
  const options = { chooseUrl: () => any().url };
  for (let n = 0; n < PAIRS; n += 1) await pairs.add(options, options);
  await grown();
  pairs.talk(PER_SECOND);
  for (let done = 0; done < drops; ) {
    await sleep(exponential(MEAN_BETWEEN_DROPS_MS));
    if (any().cutOne()) done += 1;
    progress(`drops: ${done} of ${drops}`);
  }
  const trial = await judged(`${drops.toLocaleString('en')} links cut, three nodes`, pairs, progress);
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await cluster.stop();
  return trial;
}

export async function killNodes(effort: Effort, progress: Progress): Promise<Trial> {
  const { kills } = effort;
  const { cluster, grown } = await growCluster(NODES, effort, progress);
  const pairs = new SteadyPairs();
  for (let n = 0; n < PAIRS; n += 1) {
    const [a, b] = [n % NODES, (n + (n % 2)) % NODES];
    // Half of the clients always return to the same node, whatever a load balancer would do.
    const stays = (node: number) => ({ chooseUrl: () => cluster.nodes[node]?.url ?? '' });
    const of = n % 4 < 2 ? (node: number) => cluster.clientsOf(node) : stays;
    await pairs.add(of(a), of(b));
  }
  await grown();
  pairs.talk(PER_SECOND);
  for (let done = 0; done < kills; done += 1) {
    progress(`kills: ${done} of ${kills}`);
    await sleep(exponential(MEAN_BETWEEN_KILLS_MS));
    const node = cluster.nodes[Math.floor(Math.random() * NODES)] as NodeProcess;
    await node.kill();
    if (Math.random() < 0.5) await sleep(Math.random() * MAX_DOWN_MS);
    await node.restart();
  }
  const trial = await judged(`${kills} nodes killed (kill -9) and started again, of three`, pairs, progress);
  await cluster.stop();
  return trial;
}

async function judged(name: string, pairs: SteadyPairs, progress: Progress): Promise<Trial> {
  progress(`${name}: what was said is still arriving`);
  pairs.hush();
  await pairs.settled(SETTLE_MS);
  const trial = trialOf(name, pairs);
  pairs.close();
  return trial;
}

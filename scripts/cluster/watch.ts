/** Polls the cluster and shows its state. */
import { judge } from '../../tools/history.ts';
import type { NodeCounts, Scene } from './demo-cluster.ts';
import type { Display } from './display.ts';

const SHOW_MS = 250;
/** Reading all histories takes time, so it is done less often. */
const LOOK_MS = 1_000;

export interface Watching {
  /** Shows the final state. */
  stop(): Promise<void>;
}

export function watch(scene: Scene, display: Display): Watching {
  const { cluster, light, bots, options } = scene;
  let counts: readonly (NodeCounts | undefined)[] = [];
  let verdict = judge([]);
  const look = async () => {
    verdict = judge(light.histories, { isUnderWay: true });
    counts = await Promise.all(cluster.nodes.map((_, n) => scene.countsOf(n)));
  };
  const show = () => {
    const connected = light.clients.filter((client) => client.isConnected);
    display.show({
      broker: { url: cluster.nats.url, isRunning: cluster.nats.isRunning },
      nodes: cluster.nodes.map(({ isRunning }, n) => ({
        number: n + 1,
        isRunning,
        counts: isRunning ? counts[n] : undefined,
        clients: connected.filter((client) => scene.nodeOf(client) === n).length,
        page: scene.pageOf(n),
      })),
      light: {
        ...verdict,
        connected: connected.length,
        across: light.pairs.filter(([a, b]) => scene.nodeOf(a) !== scene.nodeOf(b)).length,
      },
      bots: { ...bots.counts, asked: options.bots },
    });
  };
  const timers = [setInterval(() => void look(), LOOK_MS), setInterval(show, SHOW_MS)];
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await look();
      show();
    },
  };
}

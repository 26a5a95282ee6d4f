/**
 * A cluster whose nodes have been running for longer than the resume grace. Until then, each node assumes that clients
 * of its own earlier process may still come back, and tolerates what it would refuse later.
 */
import { NodeCluster } from '../../tools/node-cluster.ts';
import type { Effort, Progress } from './report.ts';

export interface GrownCluster {
  readonly cluster: NodeCluster;
  /** Waits until the resume grace is over; other work can be done meanwhile. */
  readonly grown: () => Promise<void>;
}

export async function growCluster(
  nodes: number,
  { graceMs }: Effort,
  progress: Progress,
): Promise<GrownCluster> {
  const cluster = await NodeCluster.start(nodes, '--log-level', 'warn', '--resume-grace-ms', `${graceMs}`);
  const grownAt = performance.now() + graceMs;
  return {
    cluster,
    async grown() {
      const ms = Math.max(0, grownAt - performance.now());
      progress(`${nodes} nodes: waits ${Math.ceil(ms / 1_000)} s, until their resume grace is over`);
      await new Promise((resolve) => setTimeout(resolve, ms));
    },
  };
}

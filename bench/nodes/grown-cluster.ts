/**
 * A cluster whose nodes have been there for longer than the resume grace. Until then each takes it that clients of an
 * earlier process of its own may still come back, and forgives what it would not forgive later.
 */
import { NodeCluster } from '../../tools/node-cluster.ts';
import type { Effort, Progress } from './report.ts';

export interface GrownCluster {
  readonly cluster: NodeCluster;
  /** Waits until it is grown up; there is something to do until then. */
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

/** A cluster of real processes: nodes numbered from 1 that share a secret, over a real broker. */
import { NatsServer } from './nats-server.ts';
import { NodeProcess } from './node-process.ts';
import type { SteadyClientOptions } from './steady-client.ts';

export class NodeCluster {
  readonly nats: NatsServer;
  readonly nodes: readonly NodeProcess[];

  private constructor(nats: NatsServer, nodes: readonly NodeProcess[]) {
    this.nats = nats;
    this.nodes = nodes;
  }

  /** @param args further options for each node's `pairlane serve` */
  static async start(count: number, ...args: string[]): Promise<NodeCluster> {
    const nats = await NatsServer.start();
    const nodes = await Promise.all(
      Array.from({ length: count }, (_, n) =>
        NodeProcess.start('--nats', nats.url, '--node', `${n + 1}`, '--secret', 'of all nodes', ...args),
      ),
    );
    return new NodeCluster(nats, nodes);
  }

  /** Places clients like a load balancer without sticky sessions: first at that node, and then at any that runs. */
  clientsOf(node: number): SteadyClientOptions {
    let isFirst = true;
    return {
      chooseUrl: () => {
        const running = this.nodes.filter(({ isRunning }) => isRunning);
        const any = running[Math.floor(Math.random() * running.length)];
        const chosen = isFirst || !any ? this.nodes[node] : any;
        isFirst = false;
        return (chosen as NodeProcess).url;
      },
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.nats.kill();
  }
}

/** A link between clients and a server with faults: delay, loss, silence in one direction, refusal. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** From the client to the server, or back. */
export type Direction = 'up' | 'down';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** Every proxy that was started, to be stopped. */
export const runningProxies: TcpProxy[] = [];

export class TcpProxy {
  /** How many clients have connected. */
  connections = 0;
  delayMs = 0;
  /** Like the server's URL, but with the proxy's port. */
  readonly url: string;
  #target: URL;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #stalled = new Set<Direction>();
  #isRefusing = false;

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = target;
    this.url = Object.assign(new URL(target), { port: String((server.address() as AddressInfo).port) }).href;
    server.on('connection', (client) => this.#connected(client, this.#target));
    runningProxies.push(this);
  }

  static async start(targetUrl: string): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, new URL(targetUrl));
  }

  /** New links go to another server from here on, as behind a load balancer. */
  leadTo(targetUrl: string): void {
    this.#target = new URL(targetUrl);
  }

  /** Ends all links, as when a cable is pulled and the other side notices; new ones may be opened. */
  cut(): void {
    for (const link of this.#links) cutLink(link);
  }

  /**
   * Ends one link.
   * @param random from 0 up to, but not including, 1; chooses the link
   * @returns false if there is none
   */
  cutOne(random = Math.random()): boolean {
    const link = [...this.#links][Math.floor(random * this.#links.size)];
    if (link) cutLink(link);
    return link !== undefined;
  }

  /** Links stay, and new ones may be opened, but nothing gets through in that direction; without one, in neither. */
  stall(direction?: Direction): void {
    for (const stalled of direction ? [direction] : (['up', 'down'] as const)) this.#stalled.add(stalled);
    this.#apply();
  }

  /** Refuses every new link. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Ends all faults; stalled data continues on its way. */
  heal(): void {
    this.delayMs = 0;
    this.#isRefusing = false;
    this.#stalled.clear();
    this.#apply();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connected(client: Socket, target: URL): void {
    this.connections += 1;
    if (this.#isRefusing) {
      client.destroy();
      return;
    }
    const server = connect(Number(target.port), target.hostname);
    const link = { client, server };
    this.#links.add(link);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (data) => this.#handOn(data, to));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#links.delete(link);
        // Behind what is still on its way.
        this.#later(() => to.destroySoon());
      });
    }
    this.#apply();
  }

  #handOn(data: Buffer, to: Socket): void {
    this.#later(() => to.destroyed || to.write(data));
  }

  #later(step: () => void): void {
    if (this.delayMs > 0) setTimeout(step, this.delayMs);
    else step();
  }

  #apply(): void {
    for (const { client, server } of this.#links) {
      for (const [direction, from] of [
        ['up', client],
        ['down', server],
      ] as const) {
        if (this.#stalled.has(direction)) from.pause();
        else from.resume();
      }
    }
  }
}

function cutLink({ client, server }: Link): void {
  client.resetAndDestroy();
  server.resetAndDestroy();
}

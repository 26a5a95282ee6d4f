/** Networks of real relay servers over TCP, for tests: started in order, stopped at the test's end. */
import { pino } from 'pino';
import { RelayServer, type RelayServerOptions } from '../../../src/server/relay/relay-server.ts';
import type { RelayView } from '../../../src/server/relay/relay-view.ts';
import { noteTransitions } from '../machines/transition-coverage.ts';
import { until } from '../until.ts';
import { RawHost, raw } from './relay-raw-host.ts';

const silent = pino({ level: 'silent' });

/** Eleven servers, the deepest five links below the first. */
export const ELEVEN = [
  [1],
  [2, 1],
  [3, 1],
  [4, 2],
  [5, 2],
  [6, 3],
  [7, 4],
  [8, 4],
  [9, 7],
  [10, 9],
  [11, 6],
] as const;

/** Waits until the condition holds; it is checked after each turn of the event loop in which sockets were served. */
export function untilTrue(what: string, condition: () => boolean): Promise<void> {
  return until(condition, what);
}

export class RelayNetwork {
  readonly servers = new Map<number, RelayServer>();
  readonly #started: RelayServer[] = [];
  readonly #ports = new Map<number, number>();
  readonly #hosts: RawHost[] = [];

  /** Starts a server without waiting for its parent. */
  async start(id: number, options: Partial<RelayServerOptions> = {}): Promise<RelayServer> {
    const server = new RelayServer({
      id,
      name: `server ${id}`,
      info: `info ${id}`,
      host: '127.0.0.1',
      port: 0,
      log: silent,
      ...options,
    });
    server.node.host.observer = noteTransitions;
    this.#ports.set(id, await server.start());
    this.servers.set(id, server);
    this.#started.push(server);
    return server;
  }

  /** Starts a server and waits until its parent has accepted or refused it. */
  async add(id: number, parentId?: number, options: Partial<RelayServerOptions> = {}): Promise<RelayServer> {
    const parent =
      parentId === undefined ? options.parent : { host: '127.0.0.1', port: this.portOf(parentId) };
    const server = await this.start(id, { ...options, parent });
    if (parent)
      await untilTrue(
        `server ${id} is in, or refused`,
        () => server.view().adjacent_servers.length > 0 || server.view().status_log.length > 0,
      );
    return server;
  }

  /** Starts servers, each with its parent, in that order, and waits until all know each other. */
  async addTree(tree: readonly (readonly [id: number, parentId?: number])[]): Promise<void> {
    for (const [id, parentId] of tree) await this.add(id, parentId);
    await this.untilAllKnow(tree.map(([id]) => id));
  }

  server(id: number): RelayServer {
    const server = this.servers.get(id);
    if (!server) throw new Error(`there is no server ${id}`);
    return server;
  }

  /** The port that a server has, or had. */
  portOf(id: number): number {
    const port = this.#ports.get(id);
    if (port === undefined) throw new Error(`there never was a server ${id}`);
    return port;
  }

  view(id: number): RelayView {
    return this.server(id).view();
  }

  /** Ids of servers and clients that a server knows, in order. */
  known(id: number): number[] {
    return this.view(id).hosts.map((host) => host.id);
  }

  /** Waits until every server knows exactly these hosts, including itself. */
  async untilAllKnow(ids: readonly number[]): Promise<void> {
    const wanted = [...ids].sort((a, b) => a - b);
    await untilTrue(`all servers know ${wanted.join(', ')}`, () =>
      [...this.servers.keys()].every((id) => {
        const others = wanted.filter((other) => other !== id);
        const known = this.known(id);
        return known.length === others.length && others.every((other, i) => known[i] === other);
      }),
    );
  }

  /** Ends a server as a crash would. */
  async kill(id: number): Promise<void> {
    const server = this.server(id);
    this.servers.delete(id);
    await server.kill();
  }

  /** Opens a link without registering; it ends with the test. */
  async connect(serverId: number): Promise<RawHost> {
    const host = await RawHost.connect(this.portOf(serverId));
    this.#hosts.push(host);
    return host;
  }

  /** Registers a client there, and waits for its welcome. */
  async join(serverId: number, id: number, name = `client ${id}`, info = ''): Promise<RawHost> {
    const host = await this.connect(serverId);
    host.send(raw.client(id, 0, name, info));
    await host.next('status', ({ code }) => code === 0);
    return host;
  }

  async end(): Promise<void> {
    for (const { socket } of this.#hosts) socket.destroy();
    await Promise.all(this.#started.map((server) => server.kill()));
    this.servers.clear();
  }
}

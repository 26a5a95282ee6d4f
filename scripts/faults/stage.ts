/** A server with its inspector's feed, peers of all kinds, and what the inspector says became of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { createPeer, type Peer, type PeerOptions } from '../../src/client/index.ts';
import type { ListRow } from '../../src/protocol/index.ts';
import { type SignalingServer, startServer } from '../../src/server/index.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import type { Networks, Place } from './networks.ts';

const DEADLINE_MS = 90_000;
const ASK_MS = 100;

export interface Verdict {
  readonly kind: string;
  readonly cause: string;
  /** From the pairing's end, or its connection, until the inspector said so. */
  readonly afterMs: number;
}

/** A client that speaks by hand. */
export interface RawClient {
  readonly id: string;
  send(message: object): void;
  next(type: string): Promise<Record<string, unknown>>;
  close(): void;
}

export class Stage {
  readonly networks: Networks | undefined;
  readonly #server: SignalingServer;
  readonly #feed: WebSocket;
  readonly #ends: (() => unknown)[] = [];
  #seq = 0;
  readonly #answers = new Map<number, (rows: readonly ListRow[]) => void>();

  private constructor(networks: Networks | undefined, server: SignalingServer, feed: WebSocket) {
    this.networks = networks;
    this.#server = server;
    this.#feed = feed;
    feed.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'list') this.#answers.get(message.seq)?.(message.rows);
    });
  }

  static async open(networks: Networks | undefined, options: Partial<ServerOptions> = {}): Promise<Stage> {
    const server = await startServer({ port: 0, host: ['0.0.0.0'], logLevel: 'silent', ...options });
    const feed = new WebSocket(`ws://127.0.0.1:${server.port}/inspect/feed`);
    await once(feed, 'open');
    return new Stage(networks, server, feed);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.port}/`;
  }

  async peer(options: Partial<PeerOptions> = {}): Promise<Peer> {
    const peer = await createPeer({
      url: this.url,
      iceServers: [],
      iceAdditionalHostAddresses: ['127.0.0.1'],
      maxRestarts: 0,
      timeouts: { checkingMs: 5_000 },
      ...options,
    });
    peer.on('error', () => {});
    this.#ends.push(() => peer.close());
    return peer;
  }

  async raw(): Promise<RawClient> {
    const socket = new WebSocket(this.url);
    const inbox: Record<string, unknown>[] = [];
    socket.on('message', (data) => inbox.push(JSON.parse(String(data))));
    this.#ends.push(() => socket.terminate());
    const next = async (type: string) => {
      for (;;) {
        const at = inbox.findIndex((message) => message.type === type);
        if (at >= 0) return inbox.splice(at, 1)[0] as Record<string, unknown>;
        await once(socket, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) });
      }
    };
    const { id } = await next('your_id');
    return {
      id: String(id),
      next,
      send: (message) => socket.send(JSON.stringify(message)),
      close: () => socket.close(),
    };
  }

  /** A bot in a network of its own. @returns it, and what it said first */
  async bot(
    place: Place,
    args: readonly string[],
  ): Promise<{ child: ChildProcess; key: string | undefined }> {
    const url = `ws://${place.gateway}:${this.#server.port}/`;
    const bot = ['dist/cli.js', 'bot', '--url', url, '--no-ice', '--json', '--inspect', ...args];
    const child = spawn('ip', ['netns', 'exec', place.name, process.execPath, ...bot], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#ends.push(() => child.kill('SIGKILL'));
    let text = '';
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (!text.includes('\n')) text += String((await once(child.stdout as never, 'data', { signal }))[0]);
    child.stdout?.resume();
    return { child, key: JSON.parse(text.split('\n')[0] ?? '{}').key };
  }

  /** What the inspector says of the one pairing there is, once that is settled. */
  async verdict(): Promise<Verdict> {
    const until = performance.now() + DEADLINE_MS;
    for (;;) {
      const [row] = await this.#pairings();
      const { outcome } = row ?? {};
      if (row && outcome && (outcome.kind !== 'open' || outcome.cause.includes('was refused'))) {
        const settledMs = outcome.lasted_ms ?? row.age_ms;
        if (outcome.kind !== 'stuck')
          return { kind: outcome.kind, cause: outcome.cause, afterMs: Math.max(0, row.age_ms - settledMs) };
      }
      if (performance.now() > until) return { kind: 'none', cause: outcome?.cause ?? 'nothing', afterMs: 0 };
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  #pairings(): Promise<readonly ListRow[]> {
    this.#seq += 1;
    const seq = this.#seq;
    const ask = { type: 'list', seq, of: 'pairing', query: '', state: '', sort: 'newest', offset: 0 };
    return new Promise((resolve) => {
      this.#answers.set(seq, resolve);
      this.#feed.send(JSON.stringify(ask));
    });
  }

  async close(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    this.#feed.terminate();
    await this.#server.stop();
  }
}

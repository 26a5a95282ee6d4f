/**
 * `npm run bench:topics`: y-webrtc's own server and ours with --topics, with 1,000 subscribers of a topic to which one
 * or five of them publish at a time: CPU of the server's process per delivered message, as counted by the operating
 * system.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { WebSocket } from 'ws';
import { freePort } from '../tools/free-port.ts';
import { NodeProcess } from '../tools/node-process.ts';
import { cpuUs } from './support/process-facts.ts';
import { median } from './table.ts';

const SUBSCRIBERS = 1_000;
const SLICES = 7;
const PUBLISHES = 60;
/** How many clients publish at the same time. */
const PUBLISHERS = [1, 5];
/** Our target, as the highest ratio of our figure to the other server's. */
const AIM = 0.5;
/** About the size of an announcement or a candidate. */
const DATA = 'x'.repeat(200);

interface Contender {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
}

class Load {
  readonly #sockets: WebSocket[] = [];
  #left = 0;
  #allHeard: () => void = () => {};

  static async start(url: string): Promise<Load> {
    const load = new Load();
    for (let n = 0; n < SUBSCRIBERS; n += 1) {
      const socket = new WebSocket(url, { perMessageDeflate: false });
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'subscribe', topics: ['a topic'] }));
      socket.on('message', () => {
        load.#left -= 1;
        if (load.#left === 0) load.#allHeard();
      });
      load.#sockets.push(socket);
    }
    return load;
  }

  /**
   * Publishes from that many clients at a time, and again only once all subscribers have received everything, so that
   * none falls behind.
   */
  async publish(count: number, publishers: number): Promise<void> {
    for (let n = 0; n < count; n += publishers) {
      this.#left = SUBSCRIBERS * publishers;
      const heard = new Promise<void>((resolve) => {
        this.#allHeard = resolve;
      });
      for (const socket of this.#sockets.slice(n % SUBSCRIBERS, (n % SUBSCRIBERS) + publishers))
        socket.send(JSON.stringify({ type: 'publish', topic: 'a topic', data: DATA }));
      await heard;
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate();
  }
}

const ours = await NodeProcess.start(
  '--topics',
  '--max-delivered-bytes-per-second',
  '0',
  '--log-level',
  'warn',
);
const originalPort = await freePort();
const script = createRequire(import.meta.url)
  .resolve('y-webrtc')
  .replace(/dist\/.*$/, 'bin/server.js');
const original: ChildProcess = spawn(process.execPath, [script], {
  env: { ...process.env, PORT: String(originalPort) },
  stdio: ['ignore', 'pipe', 'inherit'],
});
await once(original.stdout as NodeJS.ReadableStream, 'data');

const contenders: Contender[] = [
  { name: 'Pairlane', pid: ours.pid, url: `${ours.url}y-webrtc` },
  { name: "y-webrtc's server", pid: original.pid as number, url: `ws://127.0.0.1:${originalPort}/` },
];
const loads = new Map<string, Load>();
for (const { name, url } of contenders) loads.set(name, await Load.start(url));
for (const publishers of PUBLISHERS) {
  const figures = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (const { name } of contenders) await loads.get(name)?.publish(PUBLISHES, publishers);
  for (let slice = 0; slice < SLICES; slice += 1)
    for (const { name, pid } of contenders) {
      const before = cpuUs(pid);
      await loads.get(name)?.publish(PUBLISHES, publishers);
      figures.get(name)?.push((cpuUs(pid) - before) / (PUBLISHES * SUBSCRIBERS));
    }
  const [mine = Number.NaN, other = Number.NaN] = contenders.map(({ name }) =>
    median(figures.get(name) ?? []),
  );
  console.log(
    `${publishers} at a time, µs of CPU per delivered message: Pairlane ${mine.toFixed(2)}, y-webrtc's server ${other.toFixed(2)}`,
  );
  console.log(
    `${mine / other <= AIM ? 'reached' : 'MISSED '}  ${(mine / other).toFixed(2)} times y-webrtc's server (aim: at most ${AIM})`,
  );
}
for (const load of loads.values()) load.close();
original.kill();
await ours.kill();
process.exit();

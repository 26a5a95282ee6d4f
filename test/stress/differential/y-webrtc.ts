/**
 * y-webrtc's own server and ours get the same input. Left out are frames that are not JSON: they end the original's
 * process.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { startServer } from '../../../src/server/index.ts';
import { freePort } from '../../../tools/free-port.ts';
import { Random } from '../random.ts';
import { type Difference, type DifferentialReport, Twins } from './twin.ts';

const TOPICS = ['a', 'b', 'C', 'ä b', '__proto__', 'x'.repeat(300)];
const CLIENTS = 8;
const PONG = JSON.stringify({ type: 'pong' });

export async function compareYWebrtc(frames: number, seed: number): Promise<DifferentialReport> {
  const random = new Random(seed);
  const { process: original, url } = await startOriginal();
  const ours = await startServer({
    ...{ port: 0, logLevel: 'silent', topics: true, pingIntervalMs: 0, maxDeliveredBytesPerSecond: 0 },
    ...{ maxMessagesPerSecond: 0, maxBytesPerSecond: 0, maxUpgradesPerSecond: 0 },
  });
  const clients: Twins[] = [];
  for (let n = 0; n < CLIENTS; n += 1) {
    const twins = new Twins(url, `${ours.url}y-webrtc`);
    await twins.opened();
    clients.push(twins);
  }
  const settle = async (twins: Twins) => {
    twins.send('{"type":"ping"}');
    for (const one of twins.both) await one.until((said) => said === PONG);
  };
  const differences: Difference[] = [];
  let heard = 0;
  for (let frame = 0; frame < frames && differences.length < 10; frame += 1) {
    const client = random.pick(clients);
    client.send(frameFor(random));
    await settle(client);
    if (frame % 20 > 0) continue;
    for (const [n, twins] of clients.entries()) {
      await settle(twins);
      const [one, other] = twins.both.map(({ heard }) => heard.splice(0).map((text) => JSON.parse(text)));
      heard += one?.length ?? 0;
      if (sorted(one) !== sorted(other))
        differences.push({ frame, client: `${n}`, original: one ?? [], ours: other ?? [] });
    }
  }
  for (const twins of clients) for (const one of twins.both) one.socket.terminate();
  await ours.stop();
  original.kill();
  return { seed, frames, heard, differences };
}

/** Makes the order of fields irrelevant. */
const sorted = (messages: readonly object[] | undefined) =>
  JSON.stringify(messages?.map((message) => Object.entries(message).sort(([a], [b]) => (a < b ? -1 : 1))));

function frameFor(random: Random): string | Buffer {
  const topic = random.pick(TOPICS);
  const topics = Array.from({ length: random.below(4) }, () => random.pick(TOPICS));
  const publish = JSON.stringify({
    ...{ type: 'publish', topic, data: random.pick([1, null, 'text', { to: 'x' }, [[]]]) },
    ...(random.below(4) === 0 && { clients: 'forged', extra: {} }),
  });
  switch (random.below(12)) {
    case 0:
    case 1:
      return JSON.stringify({ type: 'subscribe', topics });
    case 2:
      return JSON.stringify({ type: 'subscribe', topics: [7, null, {}, ...topics] });
    case 3:
      return JSON.stringify({ type: 'unsubscribe', topics });
    case 4:
      return random.pick([
        '{}',
        '[]',
        'null',
        '7',
        '"publish"',
        '{"type":"publish"}',
        '{"type":"publish","topic":7,"data":1}',
        '{"type":"publish","topic":""}',
        '{"type":"publish","topic":["a"]}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","topics":null}',
        '{"type":"unsubscribe","topics":[]}',
        '{"type":"toString","topic":"a"}',
      ]);
    case 5:
      return Buffer.from(publish);
    default:
      return publish;
  }
}

async function startOriginal(): Promise<{ process: ChildProcess; url: string }> {
  const port = await freePort();
  const script = createRequire(import.meta.url)
    .resolve('y-webrtc')
    .replace(/dist\/.*$/, 'bin/server.js');
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { process: child, url: `ws://127.0.0.1:${port}/` };
}

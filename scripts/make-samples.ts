/** `tsx scripts/make-samples.ts`: records the inspector's samples again, with a real server and real clients. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { createPeer, type PeerOptions } from '../src/client/index.ts';
import { startServer } from '../src/server/index.ts';

const target = new URL('../src/inspector/samples/', import.meta.url);

/** Records a run of two clients into the file of that name. */
async function record(name: string, run: (url: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pairlane-sample-'));
  try {
    const server = await startServer({ port: 0, logLevel: 'silent', record: folder });
    await run(server.url);
    await server.stop();
    const [file] = readdirSync(folder);
    const text = readFileSync(join(folder, file as string), 'utf8');
    writeFileSync(new URL(`${name}.jsonl`, target), text);
    console.log(`${name}: ${text.split('\n').length - 1} lines`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function twoPeers(url: string, options: PeerOptions) {
  const base = { url, inspect: true, iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] };
  const [a, b] = await Promise.all([
    createPeer({ ...base, ...options }),
    createPeer({ ...base, ...options }),
  ]);
  // The peer that gives up first also ends the pairing for the other.
  const given = new Promise<void>((resolve) => {
    for (const peer of [a, b]) peer.on('error', () => resolve());
  });
  await a.pair({ id: b.id as string });
  return { a, b, given };
}

/** A client that sends and receives plain frames. */
async function frames(url: string) {
  const socket = new WebSocket(url);
  const inbox: { type: string; [field: string]: unknown }[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data) => {
    inbox.push(JSON.parse(String(data)));
    for (const wake of waiting) wake();
  });
  const next = async (type: string) => {
    for (;;) {
      const found = inbox.find((message) => message.type === type);
      if (found) return found;
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  const { id } = await next('your_id');
  return { socket, next, id: String(id), send: (message: object) => socket.send(JSON.stringify(message)) };
}

const sdp =
  'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n';

await record('good', async (url) => {
  const { a, b } = await twoPeers(url, {});
  await Promise.all([a.opened(), b.opened()]);
  await a.send('hello');
  await a.close();
  await b.close();
});

// If UDP is blocked only a relay can help, and none can be reached.
await record('blocked-udp', async (url) => {
  const { a, b, given } = await twoPeers(url, {
    iceTransportPolicy: 'relay',
    maxRestarts: 0,
    timeouts: { checkingMs: 3_000 },
  });
  await given;
  await a.close();
  await b.close();
});

await record('glare', async (url) => {
  const [a, b] = await Promise.all([frames(url), frames(url)]);
  a.send({ type: 'pair_request', target_id: b.id });
  await Promise.all([a.next('paired'), b.next('paired')]);
  a.send({ type: 'offer', sdp });
  b.send({ type: 'offer', sdp });
  await Promise.all([b.next('offer'), b.next('error')]);
  b.send({ type: 'answer', sdp });
  await a.next('answer');
  // The answer to a request sent after the report proves that the report has arrived.
  for (const client of [a, b]) {
    client.send({ type: 'report', state: 'connected' });
    client.send({ type: 'create_key' });
    await client.next('key');
  }
  const closed = new Promise((resolve) => b.socket.once('close', resolve));
  a.socket.close();
  await b.next('peer_disconnected');
  b.socket.close();
  await closed;
});

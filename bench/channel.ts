/**
 * `npm run bench:channel`: 64-byte messages over one data channel, with a given number queued at once: Pairlane's peers
 * and plain werift, each in one process, measured side by side.
 */
import { RTCPeerConnection } from 'werift';
import { createPeer } from '../src/client/index.ts';
import { startServer } from '../src/server/index.ts';

const QUEUED = [100, 1_000, 5_000, 50_000];
const MOST_FOR_WERIFT = 5_000;
const MESSAGE = 'x'.repeat(64);
/** The time limit for a queue; the messages received by then count. */
const PATIENCE_MS = 5_000;

interface Contender {
  readonly send: (message: string) => void;
  /** Calls `taken` for every message received. */
  readonly receive: (taken: () => void) => void;
  readonly close: () => Promise<void>;
}

const contenders: { readonly [name: string]: () => Promise<Contender> } = {
  pairlane,
  'plain werift': plainWerift,
};

async function pairlane(): Promise<Contender> {
  const server = await startServer({ port: 0, logLevel: 'silent' });
  const options = { url: server.url, iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] };
  const [a, b] = [await createPeer(options), await createPeer(options)];
  await a.pair({ id: b.id as string });
  await Promise.all([a.opened(), b.opened()]);
  return {
    // What is still queued when the time is over is rejected.
    send: (message) => void a.send(message).catch(() => {}),
    receive: (taken) => void b.on('message', taken),
    async close() {
      await Promise.all([a.close(), b.close()]);
      await server.stop();
    },
  };
}

async function plainWerift(): Promise<Contender> {
  const config = { iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] };
  const [a, b] = [new RTCPeerConnection(config), new RTCPeerConnection(config)];
  const channel = a.createDataChannel('chat');
  const opened = new Promise<void>((resolve) =>
    channel.stateChange.subscribe((state) => state === 'open' && resolve()),
  );
  let taken = () => {};
  b.onDataChannel.subscribe((other) => other.onMessage.subscribe(() => taken()));
  // Without a STUN server, since an unreachable one would delay the connection by 5 s.
  const withoutStun = (pc: RTCPeerConnection) => {
    for (const transport of pc.iceTransports)
      (transport.connection as { stunServer?: unknown }).stunServer = undefined;
  };
  withoutStun(a);
  await a.setLocalDescription(await a.createOffer());
  await b.setRemoteDescription(a.localDescription as never);
  withoutStun(b);
  await b.setLocalDescription(await b.createAnswer());
  await a.setRemoteDescription(b.localDescription as never);
  await opened;
  return {
    send: (message) => channel.send(message),
    receive: (handler) => {
      taken = handler;
    },
    close: async () => void (await Promise.all([a.close(), b.close()])),
  };
}

/** @returns messages per second */
async function measure(make: () => Promise<Contender>, queued: number): Promise<number> {
  const contender = await make();
  let received = 0;
  const started = performance.now();
  await new Promise<void>((resolve) => {
    const deadline = setTimeout(resolve, PATIENCE_MS);
    contender.receive(() => {
      received += 1;
      if (received < queued) return;
      clearTimeout(deadline);
      resolve();
    });
    for (let i = 0; i < queued; i += 1) contender.send(MESSAGE);
  });
  const rate = received / ((performance.now() - started) / 1000);
  await contender.close();
  return rate;
}

process.stdout.write(`${MESSAGE.length}-byte messages a second, by how many were queued at once\n`);
process.stdout.write(
  `${'queued'.padStart(8)}${Object.keys(contenders)
    .map((name) => name.padStart(16))
    .join('')}\n`,
);
for (const queued of QUEUED) {
  const rates: number[] = [];
  for (const [name, make] of Object.entries(contenders)) {
    // Just handing that many messages to plain werift would take minutes.
    const isTooMany = name === 'plain werift' && queued > MOST_FOR_WERIFT;
    rates.push(isTooMany ? Number.NaN : await measure(make, queued));
  }
  const cells = rates
    .map((rate) => (Number.isNaN(rate) ? '-' : Math.round(rate).toLocaleString('en-US')).padStart(16))
    .join('');
  process.stdout.write(`${queued.toLocaleString('en-US').padStart(8)}${cells}\n`);
}
process.exit(0);

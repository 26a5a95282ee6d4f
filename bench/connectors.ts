/** The contenders of connect.ts: each runs its own server, and connects two new peers on demand. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { PeerServer } from 'peer';
import { createPeer, type Peer } from '../src/client/index.ts';
import { startServer } from '../src/server/index.ts';
import { launchChromium } from '../tools/launch-chromium.ts';
import { TcpProxy } from '../tools/tcp-proxy.ts';

export interface Connected {
  /** Until both peers had their ids. */
  readonly registerMs: number;
  /** From one peer's request until the channel was open on both sides. */
  readonly openMs: number;
}

export interface Contender {
  readonly name: string;
  connect(): Promise<Connected>;
  close(): Promise<void>;
}

/** Both peers and their way to the server. */
export interface Setting {
  /** How long the way to the server takes in each direction. */
  readonly delayMs: number;
  /** Whether Pairlane's server names an ICE server, where nobody listens, and its peers in browsers none. */
  readonly namesIce: boolean;
}

const startPairlane = (namesIce = false) =>
  startServer({ port: 0, logLevel: 'silent', ...(namesIce && { stunUrl: ['stun:127.0.0.1:9'] }) });

async function far(url: string, delayMs: number): Promise<string> {
  if (delayMs === 0) return url;
  const proxy = await TcpProxy.start(url);
  proxy.delayMs = delayMs;
  return proxy.url;
}

/** Used in Node and in a page, which gets it as text. */
async function connectPairlane(create: () => Promise<Peer>): Promise<Connected> {
  const started = performance.now();
  const [a, b] = await Promise.all([create(), create()]);
  const registered = performance.now();
  await Promise.all([a.opened(), b.opened(), a.pair({ id: b.id as string })]);
  const opened = performance.now();
  await Promise.all([a.close(), b.close()]);
  return { registerMs: registered - started, openMs: opened - registered };
}

export async function weriftOverPairlane({ delayMs }: Setting): Promise<Contender> {
  const server = await startPairlane();
  const url = await far(server.url, delayMs);
  const options = { url, iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] };
  return {
    name: 'werift, werift: Pairlane',
    connect: () => connectPairlane(() => createPeer(options)),
    close: () => server.stop(),
  };
}

export async function chromiumOverPairlane({ delayMs, namesIce }: Setting): Promise<Contender> {
  const server = await startPairlane(namesIce);
  const options = namesIce ? {} : { iceServers: [] };
  const browser = await launchChromium();
  const page = await browser.newPage();
  const url = await far(server.url, delayMs);
  await page.goto(`${url.replace(/^ws/, 'http')}healthz`);
  return {
    name: 'Chromium, Chromium: Pairlane',
    connect: () =>
      page.evaluate<Connected>(
        `import('/pairlane.js').then(({ createPeer }) =>
          (${connectPairlane})(() => createPeer(${JSON.stringify(options)})))`,
      ),
    async close() {
      await browser.close();
      await server.stop();
    },
  };
}

/** Like connectPairlane, with PeerJS. */
const CONNECT_PEERJS = `async (port) => {
  const happened = (source, name) => new Promise((resolve) => source.once(name, resolve));
  const options = { host: '127.0.0.1', port, path: '/', config: { iceServers: [] } };
  const started = performance.now();
  const [a, b] = [new peerjs.Peer(options), new peerjs.Peer(options)];
  await Promise.all([happened(a, 'open'), happened(b, 'open')]);
  const registered = performance.now();
  const connection = a.connect(b.id, { reliable: true });
  await Promise.all([
    happened(connection, 'open'),
    happened(b, 'connection').then((other) => other.open || happened(other, 'open')),
  ]);
  const opened = performance.now();
  a.destroy();
  b.destroy();
  return { registerMs: registered - started, openMs: opened - registered };
}`;

export async function chromiumOverPeerServer({ delayMs }: Setting): Promise<Contender> {
  const listening = new Promise<import('node:http').Server>((resolve) => {
    PeerServer({ port: 0, host: '127.0.0.1' }, (server) => resolve(server as import('node:http').Server));
  });
  const server = await listening;
  if (!server.listening) await once(server, 'listening');
  const direct = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const url = await far(direct, delayMs);
  const { port } = new URL(url);
  const browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(url);
  const script = createRequire(import.meta.url).resolve('peerjs/dist/peerjs.min.js');
  await page.addScriptTag({ content: readFileSync(script, 'utf8') });
  return {
    name: 'Chromium, Chromium: PeerServer, peerjs',
    connect: () => page.evaluate<Connected>(`(${CONNECT_PEERJS})(${port})`),
    async close() {
      await browser.close();
      server.close();
    },
  };
}

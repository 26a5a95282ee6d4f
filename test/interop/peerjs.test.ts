/** PeerJS, unmodified, in pages of a real Chromium: data and calls, ids, and servers that come and go. */

import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { ServerOptions } from '../../src/server/index.ts';
import { freePort } from '../../tools/free-port.ts';
import { TcpProxy } from '../support/network/tcp-proxy.ts';
import { openScriptPage } from '../support/peers/page-script.ts';
import { pairlane } from '../support/servers/cli-process.ts';
import { startTestCluster } from '../support/servers/test-cluster.ts';
import { startTestServer, type TestServer } from '../support/servers/test-server.ts';
import { keyPairs, nowS, publish, sign } from '../support/servers/token-issuer.ts';
import { until } from '../support/until.ts';

declare const Loaded: typeof import('../support/pages/peerjs-page.ts');

const serve = async (options: Partial<ServerOptions> = {}) =>
  (await startTestServer({ peerjs: true, ...options })).server;

/** A moving picture to call with. */
const PICTURE = `globalThis.picture = () => {
  const canvas = document.createElement('canvas');
  const brush = canvas.getContext('2d');
  setInterval(() => brush.fillRect(0, 0, Math.random() * 300, 150), 50);
  return canvas.captureStream(20);
}`;

/** Opens a page with a Peer, `globalThis.peer`, that echoes data and answers calls with a picture of its own. */
async function openPeer(
  server: { url: string },
  id?: string,
  kind: 'Peer' | 'MsgPackPeer' = 'Peer',
  more: { readonly token?: string; readonly key?: string } = {},
): Promise<Page> {
  const page = await openScriptPage(server, 'peerjs');
  await page.evaluate(PICTURE);
  await page.evaluate(
    async ({ port, id, kind, more }) => {
      const { [kind]: Peer } = (globalThis as never as { loaded: typeof Loaded }).loaded;
      const options = { host: '127.0.0.1', port, path: '/', config: { iceServers: [] }, ...more };
      const peer = id === undefined ? new Peer(options) : new Peer(id, options);
      const errors: string[] = [];
      peer.on('error', (error) => errors.push(error.type));
      peer.on('connection', (connection) => connection.on('data', (data) => connection.send(data)));
      peer.on('call', (call) => call.answer((globalThis as never as { picture(): never }).picture()));
      Object.assign(globalThis, { peer, errors });
      await new Promise<void>((resolve, reject) => {
        peer.on('open', () => resolve());
        peer.on('error', (error) => reject(new Error(`${error.type}: ${error.message}`)));
      });
    },
    { port: Number(new URL(server.url).port), id, kind, more },
  );
  return page;
}

const idOf = (page: Page) => page.evaluate<string>('peer.id');

/** Sends it over a connection of its own, and resolves with what comes back. */
const echo = (page: Page, to: string, serialization: string, text: string) =>
  page.evaluate<string>(
    `new Promise((resolve, reject) => {
      const sent = ${JSON.stringify(serialization)} === 'raw' ? ${JSON.stringify(text)} : { text: ${JSON.stringify(text)}, list: [1, null, 'ä'] };
      const connection = peer.connect(${JSON.stringify(to)}, { serialization: ${JSON.stringify(serialization)}, reliable: true });
      connection.on('open', () => connection.send(sent));
      connection.on('error', reject);
      connection.on('data', (data) => {
        globalThis.connection = connection;
        resolve(JSON.stringify(data) === JSON.stringify(sent) ? ${JSON.stringify(text)} : JSON.stringify(data));
      });
      setTimeout(() => reject(new Error('no echo')), 40_000);
    })`,
  );

/** Calls, and resolves with how wide the picture is that comes. */
const call = (page: Page, to: string) =>
  page.evaluate<number>(
    `new Promise((resolve, reject) => {
      const call = peer.call(${JSON.stringify(to)}, picture());
      setTimeout(() => reject(new Error('no picture')), 40_000);
      call.on('error', reject);
      call.on('stream', (stream) => {
        const video = Object.assign(document.createElement('video'), { srcObject: stream, muted: true, autoplay: true });
        document.body.append(video);
        video.onresize = () => resolve(video.videoWidth);
      });
    })`,
  );

describe('PeerJS, unmodified', () => {
  it('two pages exchange data in every serialization, and call each other', async () => {
    const server = await serve();
    const [a, b] = [await openPeer(server), await openPeer(server)];
    for (const serialization of ['binary', 'binary-utf8', 'json', 'raw'])
      expect(await echo(a, await idOf(b), serialization, `in ${serialization}`)).toBe(`in ${serialization}`);
    expect(await call(a, await idOf(b))).toBeGreaterThan(0);
    expect(await call(b, await idOf(a))).toBeGreaterThan(0);
    expect(server.parts.pairings.size).toBe(1);
    const c = await openPeer(server, 'c', 'MsgPackPeer');
    await openPeer(server, 'd', 'MsgPackPeer');
    expect(await echo(c, 'd', 'MsgPack', 'in MsgPack')).toBe('in MsgPack');
  });

  it('pages at two nodes reach each other, and one whose node drains takes its id along to the other', async () => {
    const { nodes, advance } = await startTestCluster(2, { peerjs: true, drainMs: 4_000 });
    const [one, two] = nodes as [TestServer, TestServer];
    const balancer = await TcpProxy.start(one.server.url);
    const [a, b] = [await openPeer(balancer, 'a'), await openPeer(two.server, 'b')];
    expect(await echo(a, 'b', 'json', 'over nodes')).toBe('over nodes');
    balancer.leadTo(two.server.url);
    const drained = one.server.drain();
    await until(
      () => a.evaluate<boolean>('peer.disconnected'),
      'the end of its socket',
      () => advance(500),
    );
    await a.evaluate('peer.reconnect()');
    await a.waitForFunction('peer.open');
    await advance(4_000);
    await drained;
    expect([await idOf(a), await a.evaluate('connection.open')]).toEqual(['a', true]);
    expect(await echo(b, 'a', 'json', 'after')).toBe('after');
  });

  it('pages at different workers of one server exchange data and call each other', async () => {
    // In turn, as ws distributes connections, every page would bring its socket to the same worker.
    const run = pairlane(['serve', '--workers', '2', '--port', '0', '--peerjs', '--shell', 'uws']);
    const [, place] = await run.printed(/2 workers serve on ([\d.:]+)/);
    const workerOf = async (nth: number) => {
      const connected = /"worker":(\d+)[^\n]* connected, a PeerJS client/g;
      await run.printed(new RegExp(`(?:${connected.source}[^]*){${nth}}`));
      return [...run.stdout.matchAll(connected)][nth - 1]?.[1];
    };
    const server = { url: `ws://${place}/` };
    const a = await openPeer(server, 'page 1');
    let b = a;
    let count = 1;
    do {
      count += 1;
      b = await openPeer(server, `page ${count}`);
    } while ((await workerOf(count)) === (await workerOf(1)));
    expect(await echo(a, await idOf(b), 'binary', 'over workers')).toBe('over workers');
    expect(await call(b, 'page 1')).toBeGreaterThan(0);
    await expect(openPeer(server, 'page 1')).rejects.toThrow('unavailable-id');
  });

  it('five pages are all connected with each other, by data and by a call', async () => {
    const server = await serve();
    const pages: Page[] = [];
    for (let n = 0; n < 5; n += 1) pages.push(await openPeer(server, `page ${n}`));
    for (const [n, page] of pages.entries())
      for (let other = 0; other < n; other += 1)
        expect(await echo(page, `page ${other}`, 'binary', `${n} to ${other}`)).toBe(`${n} to ${other}`);
    expect(server.parts.pairings.size).toBe(10);
    for (const [n, page] of pages.entries())
      expect(await call(page, `page ${(n + 1) % 5}`)).toBeGreaterThan(0);
  });

  it('an id is taken while its page is there, and free again once it is gone', async () => {
    const server = await serve();
    const a = await openPeer(server, 'mine');
    await expect(openPeer(server, 'mine')).rejects.toThrow('unavailable-id');
    await a.close();
    await expect(openPeer(server, 'mine')).resolves.toBeDefined();
  });

  it('one who is not there is unavailable after 5 s; one who comes in time is connected', async () => {
    const { server, clock } = await startTestServer({ peerjs: true });
    const a = await openPeer(server, 'a');
    const echoed = echo(a, 'late', 'json', 'welcome');
    await openPeer(server, 'late');
    expect(await echoed).toBe('welcome');
    await a.evaluate(`void peer.connect('nobody')`);
    await a.waitForFunction(`peer.connections.nobody`);
    await until(
      () => a.evaluate<boolean>(`errors.includes('peer-unavailable')`),
      'peer-unavailable',
      () => clock.advance(1_000),
    );
  });

  it('reconnect() after a restart of the server finds its id, and no live connection has ended', async () => {
    const port = await freePort();
    const server = await serve({ port });
    const [a, b] = [await openPeer(server, 'a'), await openPeer(server, 'b')];
    expect(await echo(a, 'b', 'json', 'before')).toBe('before');
    await server.stop();
    for (const page of [a, b]) await page.waitForFunction('peer.disconnected');
    const after = await serve({ port });
    for (const page of [a, b]) {
      await page.evaluate('peer.reconnect()');
      await page.waitForFunction('peer.open');
    }
    expect([await idOf(a), await idOf(b)]).toEqual(['a', 'b']);
    expect(await a.evaluate('connection.open')).toBe(true);
    expect(await echo(b, 'a', 'json', 'after')).toBe('after');
    expect(after.parts.pairings.size).toBe(1);
  });

  it('a page that lost its socket comes back by id and token to the same pairing', async () => {
    const server = await serve();
    const [a, b] = [await openPeer(server, 'a'), await openPeer(server, 'b')];
    expect(await echo(a, 'b', 'json', 'one')).toBe('one');
    const [pairing] = server.parts.pairings;
    await a.evaluate('peer.disconnect()');
    await a.evaluate('peer.reconnect()');
    await a.waitForFunction('peer.open');
    expect(await b.evaluate(`peer.connections.a[0].open`)).toBe(true);
    expect(await echo(a, 'b', 'json', 'two')).toBe('two');
    expect([...server.parts.pairings]).toEqual([pairing]);
  });

  it('pages with tokens are who their `sub` says, in their app; a newer token brings a page back to its connections', async () => {
    const pair = keyPairs.ES256();
    const publisher = await publish({ a: pair });
    const server = await serve({
      jwksUrl: publisher.url,
      peerjsKey: ['one', 'two'].map((app) => `k-${app}=${app}`),
    });
    const token = (sub: string, app = 'one', exp = nowS() + 600) => sign({ sub, app, exp }, pair, 'a');
    const open = async (id: string, given: string | Promise<string>, app = 'one') =>
      openPeer(server, id, 'Peer', { token: await given, key: `k-${app}` });
    const a = await open('ada', token('ada'));
    const [b, there] = [await open('bob', token('bob')), await open('bob', token('bob', 'two'), 'two')];
    expect(await echo(a, 'bob', 'json', 'with tokens')).toBe('with tokens');
    expect(await there.evaluate('Object.keys(peer.connections).length')).toBe(0);
    const forged = sign({ sub: 'carl', app: 'one' }, keyPairs.ES256(), 'a');
    for (const [given, app] of [
      [forged, 'one'],
      [token('carl'), 'two'],
    ] as const)
      await expect(open('carl', given, app)).rejects.toThrow('server-error: Invalid token provided: ');
    const [pairing] = server.parts.pairings;
    const newer = await token('ada', 'one', nowS() + 1_200);
    await a.evaluate(`peer.options.token = ${JSON.stringify(newer)}; peer.disconnect(); peer.reconnect()`);
    await a.waitForFunction('peer.open');
    expect([await idOf(a), await a.evaluate('connection.open')]).toEqual(['ada', true]);
    expect(await echo(b, 'ada', 'json', 'newer')).toBe('newer');
    expect([...server.parts.pairings]).toEqual([pairing]);
  });
});

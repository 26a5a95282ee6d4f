/** Browsers with several connections each, on a real server, with each other and with werift. */
import { describe, expect, it } from '@jest/globals';
import { BrowserPeer } from '../support/peers/browser-peer.ts';
import { testPeer } from '../support/peers/werift-peers.ts';
import { startTestServer } from '../support/servers/test-server.ts';

/** Says its name to all, and waits until it heard from so many. @returns what it heard, sorted */
const greetAll = (peer: BrowserPeer, count: number) =>
  peer.evaluate(async (own, count) => {
    const heard: string[] = [];
    const all = [...own.connections.values()];
    for (const each of all) each.on('message', (data) => heard.push(`${data}`));
    await Promise.all(all.map((each) => each.opened()));
    await new Promise((resolve) => addEventListener('message', resolve, { once: true }));
    for (const each of all) await each.send(`from ${own.id}`);
    while (heard.length < count) await new Promise((resolve) => own.once('message', resolve));
    return heard.sort();
  }, count);

describe('in Chromium', () => {
  it('three pages and a werift peer are connected, each with each', async () => {
    const { server } = await startTestServer();
    const pages: BrowserPeer[] = [];
    for (let n = 0; n < 3; n += 1) pages.push(await BrowserPeer.create(server, { peers: 3 }));
    const werift = await testPeer(server.url, { peers: 3 });
    const heardByWerift: string[] = [];
    werift.on('connection', (connection) =>
      connection.on('message', (data) => heardByWerift.push(`${data}`)),
    );
    for (const [at, page] of pages.entries()) {
      for (const { id } of pages.slice(at + 1)) await page.evaluate((own, id) => own.connect({ id }), id);
      await page.evaluate((own, id) => own.connect({ id }), werift.id as string);
    }
    const greetings = pages.map((page) => greetAll(page, 3));
    await Promise.all([...werift.connections.values()].map((each) => each.opened()));
    await Promise.all(pages.map(({ page }) => page.evaluate(() => postMessage('go'))));
    for (const each of werift.connections.values()) await each.send(`from ${werift.id}`);
    const ids = [...pages.map(({ id }) => id), werift.id as string];
    for (const [at, heard] of (await Promise.all(greetings)).entries()) {
      expect(heard).toEqual(
        ids
          .filter((id) => id !== ids[at])
          .map((id) => `from ${id}`)
          .sort(),
      );
    }
    expect(heardByWerift.sort()).toEqual(pages.map(({ id }) => `from ${id}`).sort());
  });
});

/** Browsers with several connections each, on a real server, with each other and with werift. */
import { describe, expect, it } from '@jest/globals';
import { BrowserPeer } from '../support/peers/browser-peer.ts';
import { event, testPeer } from '../support/peers/werift-peers.ts';
import { startTestServer } from '../support/servers/test-server.ts';

/** Says its name to all. */
const greetAll = (peer: BrowserPeer) =>
  peer.evaluate(async (own) => {
    const all = [...own.connections.values()];
    await Promise.all(all.map((each) => each.opened()));
    for (const each of all) await each.send(`from ${own.id}`);
  });

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
      const others = [...pages.slice(at + 1).map(({ id }) => id), werift.id as string];
      // Nothing comes back: a connection cannot leave its page.
      for (const other of others) await page.evaluate((own, id) => own.connect({ id }).then(() => {}), other);
    }
    const ofWerift = [...werift.connections.values()];
    await Promise.all(ofWerift.map((each) => each.opened()));
    for (const each of ofWerift) await each.send(`from ${werift.id}`);
    await Promise.all(pages.map(greetAll));
    const ids = [...pages.map(({ id }) => id), werift.id as string];
    for (const page of pages) {
      const heard = (await page.messages(3)) as string[];
      const others = ids.filter((id) => id !== page.id);
      expect(heard.sort()).toEqual(others.map((id) => `from ${id}`).sort());
    }
    while (heardByWerift.length < 3) await event(werift, 'message');
    expect(heardByWerift.sort()).toEqual(pages.map(({ id }) => `from ${id}`).sort());
  });
});

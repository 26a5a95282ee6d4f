/** The peer in a real Firefox: with Chromium, with werift, and with itself. */
import { describe, expect, it } from '@jest/globals';
import { BrowserPeer } from '../support/peers/browser-peer.ts';
import { FirefoxPeer, firefoxOrigin } from '../support/peers/firefox.ts';
import { event, testPeer } from '../support/peers/werift-peers.ts';
import { startTestServer } from '../support/servers/test-server.ts';

/** Chromium's pages come from the server itself. */
async function serverForFirefox() {
  const { server } = await startTestServer({ allowOrigin: [await firefoxOrigin()] });
  return server;
}

interface Talker {
  readonly id?: string | undefined;
  send(data: string): Promise<void>;
}

/** Both say something, and the other hears it. */
async function talk(one: Talker & { message(): Promise<unknown> }, other: typeof one): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const heard = to.message();
    await from.send(`hello from ${from.id}`);
    expect(await heard).toBe(`hello from ${from.id}`);
  }
}

describe('Firefox', () => {
  it.each([
    ['Firefox', {}],
    ['Firefox, which names its ICE servers,', { iceServers: [] }],
    ['Chromium', {}],
  ])('and Chromium talk when %s asks, also over a new network', async (who, options) => {
    const server = await serverForFirefox();
    const inFirefox = await FirefoxPeer.create(server, options);
    const inChromium = await BrowserPeer.create(server);
    if (who === 'Chromium') await inChromium.pair(inFirefox.id);
    else await inFirefox.pair(inChromium.id);
    await Promise.all([inFirefox.opened(), inChromium.opened()]);
    await talk(inFirefox, inChromium);
    expect(await inFirefox.newNetwork()).toEqual(['restarting', 'checking', 'connected']);
    await inChromium.inState('connected');
    await talk(inFirefox, inChromium);
    await inFirefox.close();
  });

  it.each(['Firefox', 'the werift peer'])('and a werift peer talk when %s asks', async (who) => {
    const server = await serverForFirefox();
    const inFirefox = await FirefoxPeer.create(server);
    const inNode = await testPeer(server.url);
    await (who === 'Firefox' ? inFirefox.pair(inNode.id as string) : inNode.pair({ id: inFirefox.id }));
    await Promise.all([inFirefox.opened(), inNode.opened()]);
    await talk(inFirefox, {
      id: inNode.id,
      send: (data) => inNode.send(data),
      message: () => event(inNode, 'message'),
    });
    await inFirefox.close();
  });

  it('talks with itself', async () => {
    const server = await serverForFirefox();
    const [a, b] = [await FirefoxPeer.create(server), await FirefoxPeer.create(server)];
    await a.pair(b.id);
    await Promise.all([a.opened(), b.opened()]);
    await talk(a, b);
    await Promise.all([a.close(), b.close()]);
  });
});

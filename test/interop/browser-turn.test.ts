/** Browsers that may use relay candidates only, through a real coturn, with credentials that our server mints. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PeerOptions } from '../../src/client/index.ts';
import { type SignalingServer, startServer } from '../../src/server/index.ts';
import { BrowserPeer } from '../support/peers/browser-peer.ts';
import { event, inState, testPeer } from '../support/peers/werift-peers.ts';
import { type Coturn, startCoturn } from '../support/servers/coturn.ts';

/** No `iceServers` of their own: those that the server names. */
const relayOnly: PeerOptions = { iceServers: undefined as never, iceTransportPolicy: 'relay' };

const servers: SignalingServer[] = [];

/** With the clock of this machine, by which coturn judges the credentials. */
async function serverWith({ url }: Coturn, turnSecret: string): Promise<SignalingServer> {
  const server = await startServer({ port: 0, logLevel: 'silent', turnUrl: [url], turnSecret });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** Whose credentials coturn took: the ids behind the time in their user names. */
const allocatedFor = async (coturn: Coturn) =>
  new Set((await coturn.allocatedFor(2)).map((name) => name.split(':')[1]));

describe('through a TURN server only', () => {
  it('two browsers open a channel and chat', async () => {
    const coturn = await startCoturn();
    const server = await serverWith(coturn, coturn.secret);
    const a = await BrowserPeer.create(server, relayOnly);
    const b = await BrowserPeer.create(server, relayOnly);
    await a.pair(b.id);
    await Promise.all([a.opened(), b.opened()]);
    await a.send('by way of coturn');
    expect(await b.message()).toBe('by way of coturn');
    await b.send('and back');
    expect(await a.message()).toBe('and back');
    expect(await allocatedFor(coturn)).toEqual(new Set([a.id, b.id]));
  });

  it.each(['browser', 'werift peer'])(
    'a browser and a werift peer do when the %s is the initiator',
    async (who) => {
      const coturn = await startCoturn();
      const server = await serverWith(coturn, coturn.secret);
      const inBrowser = await BrowserPeer.create(server, relayOnly);
      const inNode = await testPeer(server.url, relayOnly);
      const received = event(inNode, 'message');
      await (who === 'browser' ? inBrowser.pair(inNode.id as string) : inNode.pair({ id: inBrowser.id }));
      await Promise.all([inBrowser.opened(), inNode.opened(), inState(inNode, 'connected')]);
      await inBrowser.send('by way of coturn');
      expect(await received).toBe('by way of coturn');
      await inNode.send('and back');
      expect(await inBrowser.message()).toBe('and back');
      expect(await allocatedFor(coturn)).toEqual(new Set([inBrowser.id, inNode.id as string]));
    },
  );

  it('nobody connects with credentials of another secret, and is told what to look at', async () => {
    const coturn = await startCoturn();
    const server = await serverWith(coturn, 'another secret');
    // Only one of them gives up so soon, or else the other might be told that its peer left.
    const a = await BrowserPeer.create(server, { ...relayOnly, timeouts: { checkingMs: 1_000 } });
    const b = await BrowserPeer.create(server, relayOnly);
    const opened = a.opened();
    await a.pair(b.id);
    await expect(opened).rejects.toThrow(/No path to the peer was found in time/);
    expect(await coturn.allocatedFor(0)).toEqual([]);
  });
});

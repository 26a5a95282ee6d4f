/** Rooms in a real Chromium: a mesh of pages and a werift peer, of which one goes; a star; and a token. */
import { describe, expect, it } from '@jest/globals';
import type { JoinOptions, Peer, Room, RoomEdge } from '../../src/client/index.ts';
import { BrowserPeer } from '../support/peers/browser-peer.ts';
import { eventually, join } from '../support/peers/room-members.ts';
import { startTestServer } from '../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../support/servers/token-issuer.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

const joinIn = (peer: BrowserPeer, options: JoinOptions = {}) =>
  peer.evaluate((own, options) => own.join('den', options).then(() => {}), options);

/** Waits until the room has so many edges, and each is connected. */
const whole = (peer: BrowserPeer, edges: number) =>
  peer.evaluate(
    async (own, { edges, patienceMs }) => {
      const room = own.rooms.get('den') as Room;
      const deadline = Date.now() + patienceMs;
      while (room.edges.size !== edges || !room.isWhole) {
        const now = [...room.edges.values()].map(({ state, reason }) => `${state} ${reason ?? ''}`);
        if (Date.now() > deadline) throw new Error(`the room is not whole: ${now.join(', ')}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    { edges, patienceMs: PATIENCE_MS },
  );

const broadcast = (peer: BrowserPeer, text: string) =>
  peer.evaluate(async (own, text) => {
    const { sent, missed } = await (own.rooms.get('den') as Room).broadcast(text);
    return { sent: sent.length, missed: [...missed] };
  }, text);

async function pages(count: number, options: JoinOptions = {}) {
  const { server, clock } = await startTestServer();
  const members: BrowserPeer[] = [];
  for (let n = 0; n < count; n += 1) {
    const page = await BrowserPeer.create(server, { peers: 8 });
    await joinIn(page, options);
    members.push(page);
  }
  return { server, clock, members };
}

describe('in Chromium', () => {
  it('a mesh of four pages and a werift peer is whole, and whole again without a page that is left', async () => {
    const { server, clock, members } = await pages(4);
    const werift = await join(server.url);
    await Promise.all(members.map((page) => whole(page, 4)));
    await eventually(() => werift.room.isWhole);
    for (const page of members) expect(await broadcast(page, 'hello')).toEqual({ sent: 4, missed: [] });
    await werift.room.broadcast('hello');
    await eventually(() => werift.heard.length === 4);
    for (const page of members) expect(await page.messages(4)).toEqual(Array(4).fill('hello'));
    const [left, ...others] = members as [BrowserPeer, ...BrowserPeer[]];
    await left.page.close({ runBeforeUnload: false });
    await eventually(() => server.parts.sessions.get(left.id)?.client.isOnline !== true);
    // Chromium gives a page half a second: on a slow machine it may end before its goodbye, and is waited for.
    clock.advance(31_000);
    await Promise.all(others.map((page) => whole(page, 3)));
    await eventually(() => werift.room.peers.size === 3 && werift.room.isWhole);
  });

  it('an edge that has no way is named in the page, and the others stand', async () => {
    const { server, members } = await pages(2);
    const small = await BrowserPeer.create(server, { peers: 1 });
    await joinIn(small);
    const missing = await small.evaluate(async (own) => {
      const room = own.rooms.get('den') as Room;
      const all = () => [...room.edges.values()].filter(({ state }: RoomEdge) => state === 'missing');
      while (all().length === 0) await new Promise((resolve) => room.once('edge', resolve));
      return all().map(({ reason }) => reason);
    });
    expect(missing).toEqual(['too_many_peers']);
    const [first] = members as [BrowserPeer];
    expect((await broadcast(first, 'hello')).sent).toBeGreaterThan(0);
  });

  it('a star connects each page with its leader only; what one says of itself reaches the others', async () => {
    const { members } = await pages(3, { topology: 'star' });
    const [host, ...guests] = members as [BrowserPeer, ...BrowserPeer[]];
    await whole(host, 2);
    await Promise.all(guests.map((guest) => whole(guest, 1)));
    expect(await guests[0]?.evaluate((own: Peer) => own.connections.size)).toBe(1);
    const updated = host.evaluate(
      (own) => new Promise((resolve) => (own.rooms.get('den') as Room).once('updated', resolve)),
    );
    await guests[1]?.evaluate((own) => (own.rooms.get('den') as Room).updateMetadata({ name: 'Bob' }));
    expect(await updated).toEqual({ id: guests[1]?.id, metadata: { name: 'Bob' } });
  });

  it('a token goes along beside the subprotocol', async () => {
    const { server } = await startTestServer({ jwtSecret: SECRET });
    const page = await BrowserPeer.create(server, { token: await signWithSecret({ sub: 'ann' }) });
    expect(page.id).toBe('ann');
  });
});

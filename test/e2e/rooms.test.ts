/** Games in a real browser: `WebRTCManager` and the official socket.io-client in Chromium's pages, and agents. */
import { describe, expect, it } from '@jest/globals';
import { Agent } from '../support/peers/room-agents.ts';
import { joinInPage, openRoomPage, type PagePlayer } from '../support/peers/room-pages.ts';
import { pairlane } from '../support/servers/cli-process.ts';
import { playerPairings } from '../support/servers/player-pairings.ts';
import { startTestServer } from '../support/servers/test-server.ts';

async function startRooms() {
  const { server } = await startTestServer({ rooms: true });
  return { server, url: `http://127.0.0.1:${server.port}` };
}

async function connectBoth(one: PagePlayer, other: PagePlayer): Promise<void> {
  await one.connect(other.id);
  await other.connect(one.id);
  await Promise.all([one.ready(other.id), other.ready(one.id)]);
}

describe('two pages', () => {
  it('play with each other, one with its player as a number, one as text', async () => {
    const { server } = await startRooms();
    const one = await joinInPage(await openRoomPage(server), 'g', 9);
    const two = await joinInPage(await openRoomPage(server), 'g', '10');
    await connectBoth(one, two);
    expect(playerPairings({ server })).toMatchObject([{ initiator: '9', offerer: 'initiator' }]);
    await one.say('hello', two);
    await two.say('hello back', one);
    expect([await one.events(), await two.events()]).toEqual([['open 10'], ['open 9']]);
  });

  it('have a channel `game` that is unordered, never sends again, and gives bytes as ArrayBuffer', async () => {
    const { server } = await startRooms();
    const page = await openRoomPage(server);
    // As text: what is in it are names of the browser.
    await page.evaluate(`{
      globalThis.made = [];
      const create = RTCPeerConnection.prototype.createDataChannel;
      RTCPeerConnection.prototype.createDataChannel = function (...args) {
        made.push(create.apply(this, args));
        return made.at(-1);
      };
    }`);
    const one = await joinInPage(page, 'g', 1);
    const two = await joinInPage(await openRoomPage(server), 'g', 2);
    await connectBoth(one, two);
    const channels = await page.evaluate(
      'made.map(({ label, ordered, maxRetransmits, binaryType }) => ({ label, ordered, maxRetransmits, binaryType }))',
    );
    expect(channels).toEqual([
      { label: 'game', ordered: false, maxRetransmits: 0, binaryType: 'arraybuffer' },
    ]);
  });

  it('connect again after one was reloaded in the middle of the game', async () => {
    const { server } = await startRooms();
    const page = await openRoomPage(server);
    const one = await joinInPage(await openRoomPage(server), 'g', 1);
    await connectBoth(one, await joinInPage(page, 'g', 2));
    await page.reload();
    const again = await joinInPage(page, 'g', 2);
    await connectBoth(one, again);
    await one.say('welcome back', again);
    expect(await one.events()).toEqual(['open 2', 'close 2', 'open 2']);
  });
});

describe('a page', () => {
  it('plays with `pairlane agent --echo`, which says as JSON what happens', async () => {
    const { server, url } = await startRooms();
    const args = ['agent', '--url', url, '--game', 'g', '--player', '2', '--echo', '--json', '--no-ice'];
    const agent = pairlane([...args, '--ice-host-address', '127.0.0.1']);
    await agent.printed(/"event":"joined"/);
    const one = await joinInPage(await openRoomPage(server), 'g', 1);
    await one.connect(2);
    await one.ready('2');
    await one.say('ping', {
      ...one,
      id: 2,
      messages: async () => (await one.messages()).map((m) => ({ ...m, from: 1 })),
    });
    expect(await one.messages()).toContainEqual({ from: 2, text: 'ping' });
    await agent.printed(/"event":"message","player":1,"text":"ping"/);
    agent.child.kill('SIGTERM');
    expect(await agent.exited()).toBe(0);
    await one.page.waitForFunction(
      () =>
        (globalThis as unknown as { players: { 1: { events: string[] } } }).players[1].events.length === 2,
    );
    expect(await one.events()).toEqual(['open 2', 'close 2']);
  });

  it('plays with a werift player whose id is lower, and who offers', async () => {
    const { server, url } = await startRooms();
    const agent = await Agent.join(url, 'g', 1);
    const page = await joinInPage(await openRoomPage(server), 'g', 2);
    agent.manager.connectToPeer(2);
    await page.ready(1);
    await agent.until(() => agent.manager.isReady(2), 'the channel');
    expect(playerPairings({ server })).toMatchObject([{ offerer: 'initiator', initiator: '1' }]);
  });
});

describe('eight players in pages', () => {
  it('are a full mesh when all want to connect to all at once', async () => {
    const { server } = await startRooms();
    const pages = [await openRoomPage(server), await openRoomPage(server)];
    const players: PagePlayer[] = [];
    for (let id = 1; id <= 8; id += 1) players.push(await joinInPage(pages[id % 2] as never, 'mesh', id));
    for (const one of players) for (const other of players) await one.connect(other.id);
    for (const one of players) for (const other of players) if (one !== other) await one.ready(other.id);
    expect(server.parts.pairings.size).toBe(28);
    for (const one of players)
      for (const other of players) if (one !== other) await one.say(`${one.id}`, other);
  });
});

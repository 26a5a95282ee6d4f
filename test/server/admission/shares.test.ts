/** What one address may have of what there may be in all: the others find room, however much it takes. */
import { describe, expect, it } from '@jest/globals';
import { JsonClient } from '../../support/clients/json-client.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { RoomClient } from '../../support/clients/room-client.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const [GREEDY, OTHER] = ['203.0.113.1', '198.51.100.1'];
const behindProxy = { trustProxy: ['127.0.0.1'], maxMessagesPerSecond: 0 };

async function joined(client: RawClient, room: string): Promise<string> {
  client.send({ type: 'join_room', room, create: {} });
  await client.until(() => client.inbox.length > 0, 'an answer');
  const [answer] = client.inbox.splice(0);
  return String(answer?.code ?? answer?.type);
}

describe('one address', () => {
  it('makes half of the rooms that there may be, and more once some of them have ended', async () => {
    const { server, clock } = await startTestServer({ ...behindProxy, maxRooms: 160, maxRoomsPerClient: 0 });
    const greedy = await RawClient.connect(server.url, { address: GREEDY });
    for (let n = 0; n < 80; n += 1) expect(await joined(greedy, `${n}`)).toBe('room_joined');
    expect(await joined(greedy, 'one more')).toBe('too_many_rooms');
    const other = await RawClient.connect(server.url, { address: OTHER });
    expect(await joined(other, 'mine')).toBe('room_joined');
    expect(await joined(greedy, 'mine')).toBe('room_joined');
    greedy.send({ type: 'leave_room', room: '0' });
    await greedy.settled();
    greedy.inbox.length = 0;
    clock.advance(10_000);
    expect(await joined(greedy, 'one more')).toBe('room_joined');
    expect(await joined(greedy, 'two more')).toBe('too_many_rooms');
  });

  it('has half of the subscriptions that there may be, and more once it has given some up', async () => {
    const { server } = await startTestServer({
      ...{ ...behindProxy, topics: true, maxSubscriptions: 160, maxTopicsPerClient: 0 },
    });
    const url = `${server.url}y-webrtc`;
    const open = async (address: string, count: number) => {
      const client = await JsonClient.open(url, { address });
      client.send({ type: 'subscribe', topics: Array.from({ length: count }, (_, n) => `${address} ${n}`) });
      client.send({ type: 'ping' });
      await Promise.race([client.take(1).catch(() => {}), client.whenClosed()]);
      return client.closed?.code ?? 'open';
    };
    expect(await open(GREEDY, 80)).toBe('open');
    expect(await open(GREEDY, 1)).toBe(1008);
    expect(await open(OTHER, 80)).toBe('open');
  });

  it('begins half of the games that there may be, and more once some of them have ended', async () => {
    const { server } = await startTestServer({ ...behindProxy, rooms: true, maxRooms: 140 });
    const url = `http://127.0.0.1:${server.port}`;
    const open = (address: string) =>
      RoomClient.connect(url, { extraHeaders: { 'x-forwarded-for': address } });
    const greedy = await Promise.all(Array.from({ length: 71 }, () => open(GREEDY)));
    const answers = [];
    for (const [n, player] of greedy.entries()) answers.push((await player.join(`game ${n}`, 1)).code);
    expect(answers).toEqual([...new Array(70).fill(undefined), 'too_many_games']);
    expect(await (await open(OTHER)).join('mine', 1)).toEqual({ players: [1] });
    await greedy[0]?.ask('leave_game');
    expect(await greedy[70]?.join('one more', 1)).toEqual({ players: [1] });
  });

  it('is told apart from nobody where there are few', async () => {
    const { server } = await startTestServer({ ...behindProxy, maxRooms: 3 });
    const greedy = await RawClient.connect(server.url, { address: GREEDY });
    const answers = [];
    for (let n = 0; n < 4; n += 1) answers.push(await joined(greedy, `${n}`));
    expect(answers).toEqual(['room_joined', 'room_joined', 'room_joined', 'too_many_rooms']);
  });
});

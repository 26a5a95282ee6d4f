/** Players that ask for a token keep their place in a game while their socket is lost, over real Socket.IO. */
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { RoomClient } from '../../../support/clients/room-client.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const start = (options = {}) => startTestServer({ rooms: true, ...options });
const connect = ({ server }: TestServer, options?: Parameters<typeof RoomClient.connect>[1]) =>
  RoomClient.connect(`http://127.0.0.1:${server.port}`, options);
const enter = (client: RoomClient, player: unknown, more: object) =>
  client.ask('join_game', { game_id: 'g', player_id: player, ...more });

/** Player 1, and player 2 with a token. */
async function game(test: TestServer) {
  const [one, two] = [await connect(test), await connect(test)];
  await one.join('g', 1);
  const { token } = await enter(two, 2, { resume: true });
  await one.next('player_joined');
  return { one, two, token: token as string };
}

const playerOf = ({ server }: TestServer, id: string) =>
  server.parts.features.started.rooms?.games.all.get('g')?.players.get(id);

/** Its socket is gone without a goodbye, and the server knows. */
async function vanish(test: TestServer, client: RoomClient, id: string): Promise<void> {
  const player = playerOf(test, id);
  client.socket.io.engine.close();
  await until(() => !player?.isOnline);
}

describe('a player that asked for a token', () => {
  it('is given one, and no other player is', async () => {
    const test = await start();
    const { one, two, token } = await game(test);
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(await enter(two, 2, { resume: true })).toEqual({ players: [1, 2], token });
    expect(await one.join('g', 1)).toEqual({ players: [1, 2] });
  });

  it('keeps its place when its socket is lost: nobody is told, and what is signaled to it meanwhile is there when it is back', async () => {
    const test = await start();
    const { one, two, token } = await game(test);
    one.signal('g', 2, 'offer', 'an offer');
    await two.next('webrtc_signal');
    await vanish(test, two, '2');
    one.signal('g', 2, 'ice-candidate', 'a candidate');
    await one.settled();
    const back = await connect(test);
    expect(await enter(back, 2, { token })).toEqual({ players: [1, 2], token });
    expect(await back.next('webrtc_signal')).toMatchObject({ from_player_id: 1, payload: 'a candidate' });
    // The negotiation of before goes on.
    back.signal('g', 1, 'answer', 'an answer');
    expect(await one.next('webrtc_signal')).toMatchObject({ from_player_id: 2, payload: 'an answer' });
    expect(one.inbox).toEqual([]);
    expect(test.server.parts.features.started.rooms?.games.connections).toBe(2);
  });

  it('may come back again and again, also before the server has missed its socket, which is then closed', async () => {
    const test = await start();
    const { one, two, token } = await game(test);
    const [again, last] = [await connect(test), await connect(test)];
    expect(await enter(again, 2, { token })).toMatchObject({ players: [1, 2] });
    expect(await enter(last, 2, { token })).toMatchObject({ players: [1, 2] });
    for (const before of [two, again]) await before.until(() => !before.socket.connected, 'its end');
    // They had said something.
    expect(test.server.parts.metrics.refused.get('first_message')).toBeUndefined();
    one.signal('g', 2, 'offer', 'sdp');
    expect(await last.next('webrtc_signal')).toMatchObject({ payload: 'sdp' });
    expect(one.inbox).toEqual([]);
  });

  it('has left at once when it says goodbye', async () => {
    const test = await start();
    const { one, two, token } = await game(test);
    two.socket.disconnect();
    expect(await one.next('player_left')).toMatchObject({ player_id: 2, reason: 'disconnected' });
    const back = await connect(test);
    const { token: newer } = await enter(back, 2, { token });
    expect(newer).not.toBe(token);
    expect(await one.next('player_joined')).toMatchObject({ player_id: 2 });
  });

  it('has left when it is not back within --resume-grace-ms, and its session is over', async () => {
    const test = await start({ resumeGraceMs: 5_000 });
    const { one, two } = await game(test);
    await vanish(test, two, '2');
    test.clock.advance(4_000);
    await one.settled();
    expect([one.inbox, test.server.parts.sessions.size]).toEqual([[], 2]);
    test.clock.advance(1_100);
    expect(await one.next('player_left')).toMatchObject({ player_id: 2, reason: 'disconnected' });
    expect(test.server.parts.sessions.size).toBe(1);
  });

  it('has left when it leaves its game: its token is worth nothing any longer', async () => {
    const test = await start();
    const { one, two, token } = await game(test);
    await two.ask('leave_game');
    expect(await one.next('player_left')).toMatchObject({ player_id: 2, reason: 'left' });
    expect(test.server.parts.sessions.size).toBe(1);
    const other = await connect(test);
    await other.join('g', 2);
    const back = await connect(test);
    expect(await enter(back, 2, { token })).toMatchObject({ code: 'player_taken' });
  });

  it('stays while it only waits: it answers pings', async () => {
    const test = await start({ pingIntervalMs: 1_000, pingTimeoutMs: 5_000 });
    const { one } = await game(test);
    const session = playerOf(test, '2')?.session;
    for (let n = 0; n < 3; n += 1) {
      test.clock.advance(1_000);
      await until(() => !session?.isPinged);
    }
    await one.settled();
    expect([one.inbox, session?.isDone]).toEqual([[], false]);
  });
});

describe('when the server goes', () => {
  /** What Socket.IO's client comes back from by itself; from `io server disconnect` it does not. */
  const LOST = 'transport close';

  it.each([
    [
      'stops',
      {},
      ({ server }: TestServer): void => {
        void server.stop();
      },
    ],
    [
      'drains',
      { drainMs: 4_000 },
      ({ server, clock }: TestServer): void => {
        void server.drain();
        for (let ms = 0; ms < 4_000; ms += 100) clock.advance(100);
      },
    ],
  ])(
    'as it %s, players lose their sockets, come back by themselves, and are told of nobody who left',
    async (_what, options, go) => {
      const test = await start(options);
      const { one, two } = await game(test);
      one.signal('g', 2, 'offer', 'an offer');
      await two.next('webrtc_signal');
      const reasons: string[] = [];
      for (const { socket } of [one, two]) socket.on('disconnect', (reason) => reasons.push(reason));
      go(test);
      for (const client of [one, two]) await client.until(() => !client.socket.connected, 'its end');
      expect([reasons, one.inbox, two.inbox]).toEqual([[LOST, LOST], [], []]);
    },
  );

  it('drains, the first player to go is not said to have left by those who are there still', async () => {
    const test = await start({ drainMs: 10_000 });
    const { one, two } = await game(test);
    void test.server.drain();
    test.clock.advance(100);
    await one.until(() => !one.socket.connected, 'its end');
    await two.settled();
    expect([two.socket.connected, two.inbox]).toEqual([true, []]);
  });
});

it('players whose sessions somebody ends leave their game: the others are told, and they do not come back by themselves', async () => {
  const test = await start();
  const { one, two } = await game(test);
  const reasons: string[] = [];
  two.socket.on('disconnect', (reason) => reasons.push(reason));
  test.server.end(playerOf(test, '2')?.session?.id as string);
  expect(await one.next('player_left')).toMatchObject({ player_id: 2, reason: 'disconnected' });
  await two.until(() => !two.socket.connected, 'its end');
  expect(reasons).toEqual(['io server disconnect']);
});

describe('the place of a player that is away', () => {
  it.each([
    ['nobody without its token', undefined],
    ['nobody with another token', 'x'.repeat(32)],
  ])('is taken by %s', async (_who, token) => {
    const test = await start();
    const { two } = await game(test);
    await vanish(test, two, '2');
    const stranger = await connect(test);
    expect(await enter(stranger, 2, token === undefined ? {} : { token })).toMatchObject({
      code: 'player_taken',
    });
  });

  it('is not taken with the token of another player', async () => {
    const test = await start();
    const { two } = await game(test);
    const three = await connect(test);
    const { token } = await enter(three, 3, { resume: true });
    await vanish(test, two, '2');
    const stranger = await connect(test);
    expect(await enter(stranger, 2, { token })).toMatchObject({ code: 'player_taken' });
  });

  it('keeps 64 KiB with --max-unsent-bytes 65536, each time anew: who signals more is told peer_slow', async () => {
    const test = await start({ maxUnsentBytes: 65_536 });
    const { one, two, token } = await game(test);
    let last = two;
    for (const _time of ['first', 'second']) {
      await vanish(test, last, '2');
      for (let n = 0; n < 4; n += 1) one.signal('g', 2, 'ice-candidate', `${n} ${'x'.repeat(20_000)}`);
      expect(await one.next('signal_error')).toMatchObject({ code: 'peer_slow' });
      last = await connect(test);
      const back = last;
      await enter(back, 2, { token });
      await back.until(() => back.inbox.length === 3, 'what was kept');
      expect(back.inbox.map(({ payload }) => String(payload)[0])).toEqual(['0', '1', '2']);
    }
  });

  it('is given nothing of what a player signaled who has left meanwhile', async () => {
    const test = await start();
    const { one, two, token } = await game(test);
    const three = await connect(test);
    await three.join('g', 3);
    await vanish(test, two, '2');
    for (const client of [one, three]) {
      client.signal('g', 2, 'offer', 'sdp');
      await client.settled();
    }
    await one.ask('leave_game');
    const back = await connect(test);
    await enter(back, 2, { token });
    expect(await back.next('webrtc_signal')).toMatchObject({ from_player_id: 3, payload: 'sdp' });
  });

  it('counts as a connection of its address while it is waited for', async () => {
    const test = await start({ maxConnectionsPerAddress: 2, resumeGraceMs: 5_000 });
    const { one, two } = await game(test);
    await vanish(test, two, '2');
    await expect(connect(test)).rejects.toThrow();
    test.clock.advance(5_100);
    await one.next('player_left');
    expect((await connect(test)).socket.connected).toBe(true);
  });

  it('comes back to a full server though strangers of other addresses keep saying that they come back', async () => {
    const test = await start({ maxConnections: 3, trustProxy: ['127.0.0.1'] });
    const { two, token } = await game(test);
    await vanish(test, two, '2');
    const from = (address: string) => ({
      ...{ query: { resume: 'back' }, extraHeaders: { 'x-forwarded-for': address } },
    });
    // One that goes no further than the connection below Socket.IO's, and one that does.
    const silent = new WebSocket(
      `ws://127.0.0.1:${test.server.port}/socket.io/?EIO=4&transport=websocket&resume=back`,
      { headers: { 'x-forwarded-for': '10.0.0.1' } },
    );
    await once(silent, 'open');
    const stranger = await connect(test, from('10.0.0.2'));
    await expect(connect(test, from('10.0.0.3'))).rejects.toThrow();
    expect(stranger.socket.connected).toBe(true);
    const isGone = once(silent, 'close');
    const again = await connect(test, { query: { resume: 'back' } });
    expect(await enter(again, 2, { token })).toEqual({ players: [1, 2], token });
    await isGone;
    await vanish(test, again, '2');
    const another = await connect(test, from('10.0.0.4'));
    const last = await connect(test, { query: { resume: 'back' } });
    expect(await enter(last, 2, { token })).toEqual({ players: [1, 2], token });
    await stranger.until(() => !stranger.socket.connected, 'the end of the oldest stranger');
    expect(another.socket.connected).toBe(true);
    expect(test.server.parts.admission.connections).toBe(3);
  });

  describe.each([['maxConnections'], ['maxConnectionsPerAddress']])(
    'on a server that is full by %s',
    (option) => {
      const back = { query: { resume: 'back' } };
      const full = async () => {
        const test = await start({ [option]: 2 });
        const players = await game(test);
        await vanish(test, players.two, '2');
        return { test, ...players };
      };

      it.each(['websocket', 'polling'])('has the place that is kept for it, over %s', async (transport) => {
        const { test, one, token } = await full();
        await expect(connect(test)).rejects.toThrow();
        const again = await connect(test, { ...back, transports: [transport] });
        expect(await enter(again, 2, { token })).toEqual({ players: [1, 2], token });
        again.signal('g', 1, 'offer', 'an offer');
        expect(await one.next('webrtc_signal')).toMatchObject({ from_player_id: 2 });
        await expect(connect(test, back)).rejects.toThrow();
        test.clock.advance(5_100);
        await again.settled();
      });

      it.each([
        ['another token', 'g', 2, 'x'.repeat(32)],
        ['no token', 'g', 2, undefined],
        ['another player', 'g', 3, undefined],
        ['another game', 'other', 1, undefined],
      ])(
        'is kept from others who say that they come back, with %s',
        async (_what, game_id, player_id, wrong) => {
          const { test, token } = await full();
          const other = await connect(test, back);
          other.socket.emit('join_game', { game_id, player_id, resume: true, token: wrong });
          await other.until(() => !other.socket.connected, 'its end');
          expect(test.server.parts.metrics.refused.get('connections')).toBe(1);
          expect(test.server.parts.sessions.size).toBe(2);
          const again = await connect(test, back);
          expect(await enter(again, 2, { token })).toMatchObject({ players: [1, 2] });
        },
      );

      it('lets it go from game to game once it is back, also while others say that they come back', async () => {
        const test = await start({ [option]: 3 });
        const { two, token } = await game(test);
        const three = await connect(test);
        await enter(three, 3, { resume: true });
        await vanish(test, two, '2');
        const again = await connect(test, back);
        await enter(again, 2, { token });
        await vanish(test, three, '3');
        const other = await connect(test, back);
        expect(await again.ask('leave_game', { game_id: 'g' })).toEqual({});
        expect(await again.join('next', 2)).toEqual({ players: [2] });
        test.clock.advance(5_100);
        await other.until(() => !other.socket.connected, 'its end');
        await again.settled();
      });

      it('is kept from others who say that they come back, and then nothing: for 5 s', async () => {
        const { test, token } = await full();
        const other = await connect(test, back);
        test.clock.advance(4_900);
        await other.settled();
        test.clock.advance(200);
        await other.until(() => !other.socket.connected, 'its end');
        const again = await connect(test, back);
        expect(await enter(again, 2, { token })).toMatchObject({ players: [1, 2] });
      });
    },
  );

  it('is one in the list of sessions, by the name of its player; its token is in no log', async () => {
    const test = await start();
    const { two, token } = await game(test);
    await vanish(test, two, '2');
    const session = playerOf(test, '2')?.session;
    expect([session?.client.dialect, session?.client.knownAs]).toEqual(['socket-io', '2']);
    expect(JSON.stringify(test.log)).not.toContain(token);
  });
});

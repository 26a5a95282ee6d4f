/** Game rooms, over real Socket.IO: who is in a game, what reaches whom, and what is refused. */
import { describe, expect, it, jest } from '@jest/globals';
import { RoomClient } from '../../../support/clients/room-client.ts';
import { TcpProxy } from '../../../support/network/tcp-proxy.ts';
import { playerPairings } from '../../../support/servers/player-pairings.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const start = (options = {}) => startTestServer({ rooms: true, ...options });
const connect = ({ server }: TestServer) => RoomClient.connect(`http://127.0.0.1:${server.port}`);

/** What Jest's fake timers leave as it is, so that only `setTimeout` stands still. */
const ALL_BUT_TIMEOUTS = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
  ...(['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const),
] as const;

/** Two players in game g: each knows of the other, and both inboxes are empty. */
async function twoPlayers(server: TestServer, ids: readonly [unknown, unknown] = [1, 2]) {
  const [one, two] = [await connect(server), await connect(server)];
  await one.join('g', ids[0]);
  await two.join('g', ids[1]);
  await one.next('player_joined');
  return [one, two] as const;
}

describe('joining a game', () => {
  it('is acknowledged with all its players, in the order in which they came, and told to the others', async () => {
    const server = await start();
    const [one, two] = [await connect(server), await connect(server)];
    expect(await one.join('g', 'anna')).toEqual({ players: ['anna'] });
    expect(await two.join('g', 7)).toEqual({ players: ['anna', 7] });
    expect(await one.next('player_joined')).toEqual({ name: 'player_joined', game_id: 'g', player_id: 7 });
    expect(two.inbox).toEqual([]);
  });

  it('names the STUN servers that the server is told of, for those who ask', async () => {
    const server = await start({ stunUrl: ['stun:stun.example:3478'] });
    const one = await connect(server);
    expect(await one.join('g', 1)).toEqual({
      players: [1],
      ice_servers: [{ urls: ['stun:stun.example:3478'] }],
    });
  });

  it('is answered again, and told to nobody again, for a player that asks twice', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    expect(await two.join('g', '2')).toEqual({ players: [1, 2] });
    await one.settled();
    expect(one.inbox).toEqual([]);
  });

  it('keeps games apart', async () => {
    const server = await start();
    const [one, two] = [await connect(server), await connect(server)];
    await one.join('g', 1);
    expect(await two.join('h', 1)).toEqual({ players: [1] });
    await one.settled();
    expect(one.inbox).toEqual([]);
  });

  it.each([
    ['a second game', ['h', 1], 'already_in_game'],
    ['the same game as another player', ['g', 3], 'already_in_game'],
  ])('refuses %s to a socket that is in one', async (_what, [game, player], code) => {
    const server = await start();
    const [one] = await twoPlayers(server);
    expect(await one.join(game, player)).toMatchObject({ error: expect.any(String), code });
  });

  it('refuses a player that is there already, also when the number comes as text', async () => {
    const server = await start();
    const one = await connect(server);
    const two = await connect(server);
    await one.join(5, 1);
    expect(await two.join('5', '1')).toMatchObject({ code: 'player_taken' });
    expect(await two.join('5', '2')).toEqual({ players: [1, '2'] });
    expect(await one.next('player_joined')).toMatchObject({ game_id: 5, player_id: '2' });
  });

  it('refuses a third player in a game of --max-players-per-room 2, and takes it once another left', async () => {
    const server = await start({ maxPlayersPerRoom: 2 });
    const [one] = await twoPlayers(server);
    const three = await connect(server);
    expect(await three.join('g', 3)).toMatchObject({ code: 'game_full' });
    await one.ask('leave_game');
    expect(await three.join('g', 3)).toEqual({ players: [2, 3] });
  });

  it('with --max-players-per-room 0 and --max-rooms 0 has no limit of either', async () => {
    const server = await start({ maxPlayersPerRoom: 0, maxRooms: 0 });
    const [one, two, three] = [await connect(server), await connect(server), await connect(server)];
    expect(await one.join('g', 1)).toEqual({ players: [1] });
    expect(await two.join('g', 2)).toEqual({ players: [1, 2] });
    expect(await three.join('h', 3)).toEqual({ players: [3] });
  });

  it('refuses a second game with --max-rooms 1, and takes it once the first is empty', async () => {
    const server = await start({ maxRooms: 1 });
    const [one, two] = [await connect(server), await connect(server)];
    await one.join('g', 1);
    expect(await two.join('h', 1)).toMatchObject({ code: 'too_many_games' });
    await one.ask('leave_game');
    expect(await two.join('h', 1)).toEqual({ players: [1] });
  });

  it.each([
    ['no ids', {}, '`game_id` should be a string'],
    ['an empty id', { game_id: '', player_id: 1 }, '`game_id` should be'],
    ['half a player', { game_id: 'g', player_id: 1.5 }, '`player_id` should be'],
    ['a list', { game_id: 'g', player_id: [1] }, '`player_id` should be'],
    [
      'an id that would clear a terminal',
      { game_id: 'g', player_id: '\u001b[2J' },
      '`player_id` should be of printable',
    ],
    ['text', 'g', 'The message should be an object'],
    ['null', null, '`game_id` should be'],
  ])('refuses %s, and says which field is wrong', async (_what, fields, message) => {
    const server = await start();
    const one = await connect(server);
    const answer = await one.ask('join_game', fields);
    expect(answer).toMatchObject({ code: 'invalid_message', error: expect.stringContaining(message) });
  });
});

describe('leaving a game', () => {
  it('is told to the others, with the reason', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    expect(await two.ask('leave_game', { game_id: 'g' })).toEqual({});
    expect(await one.next('player_left')).toEqual({
      name: 'player_left',
      game_id: 'g',
      player_id: 2,
      reason: 'left',
    });
    expect(await two.ask('leave_game')).toMatchObject({ code: 'not_in_game' });
  });

  it('is refused for a game that the player is not in', async () => {
    const server = await start();
    const [one] = await twoPlayers(server);
    expect(await one.ask('leave_game', { game_id: 'h' })).toMatchObject({ code: 'not_in_game' });
  });

  it('happens with a lost socket, too; and the player may come back', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    two.socket.disconnect();
    expect(await one.next('player_left')).toMatchObject({ player_id: 2, reason: 'disconnected' });
    const again = await connect(server);
    expect(await again.join('g', 2)).toEqual({ players: [1, 2] });
    expect(await one.next('player_joined')).toMatchObject({ player_id: 2 });
    one.signal('g', 2, 'offer', 'sdp');
    expect(await again.next('webrtc_signal')).toMatchObject({ from_player_id: 1, payload: 'sdp' });
  });

  it('with a lost socket ends the player: it is no longer counted in any state', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    const joined = async () => {
      const metrics = await fetch(`http://127.0.0.1:${server.server.port}/metrics`);
      return /pairlane_players\{state="joined"\} (\d+)/.exec(await metrics.text())?.[1];
    };
    const sessions = [...server.server.parts.sessions.values()];
    two.socket.disconnect();
    await one.next('player_left');
    expect(await joined()).toBe('1');
    expect(sessions.map(({ isDone }) => isDone)).toEqual([false, true]);
  });

  it('leaves nothing behind once all are gone', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    one.signal('g', 2, 'offer', 'sdp');
    await two.next('webrtc_signal');
    expect(server.server.parts.pairings.size).toBe(1);
    await one.ask('leave_game');
    await two.ask('leave_game');
    const { features, pairings, sessions } = server.server.parts;
    expect([features.started.rooms?.games.all.size, pairings.size, sessions.size]).toEqual([0, 0, 0]);
  });
});

describe('a signal', () => {
  it('reaches its target with its payload untouched, and the sender by the id that it joined with', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server, [1, '2']);
    const payload = { type: 'offer', sdp: 'v=0\r\n', extra: [null, { ä: '\u2028' }, 1.5, true] };
    one.signal('g', 2, 'offer', payload);
    expect(await two.next('webrtc_signal')).toEqual({
      name: 'webrtc_signal',
      type: 'offer',
      from_player_id: 1,
      game_id: 'g',
      payload,
    });
    two.signal('g', '1', 'answer', 'just text');
    expect(await one.next('webrtc_signal')).toMatchObject({ from_player_id: '2', payload: 'just text' });
    one.signal('g', 2, 'ice-candidate', null);
    expect(await two.next('webrtc_signal')).toMatchObject({ type: 'ice-candidate', payload: null });
  });

  it('is relayed whoever begins: a candidate before any offer', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    two.signal('g', 1, 'ice-candidate', { candidate: 'c' });
    expect(await one.next('webrtc_signal')).toMatchObject({ from_player_id: 2, payload: { candidate: 'c' } });
  });

  it('comes from the player that the socket joined as, whatever it claims', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    one.socket.emit('webrtc_signal', {
      game_id: 'g',
      target_player_id: 2,
      type: 'offer',
      payload: 'sdp',
      from_player_id: 99,
      player_id: 99,
    });
    expect((await two.next('webrtc_signal')).from_player_id).toBe(1);
  });

  it.each([
    ['for an unknown game', 'h', 2, 'game_not_found'],
    ['for an unknown player', 'g', 9, 'player_not_found'],
    ['for oneself', 'g', 1, 'self_signal'],
    ['for a game of others', 'other', 5, 'not_in_game'],
  ])('%s is delivered to nobody, and its sender and the log are told', async (_what, game, target, code) => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    const stranger = await connect(server);
    await stranger.join('other', 5);
    one.signal(game, target, 'offer', 'secret sdp');
    expect(await one.next('signal_error')).toMatchObject({ code, message: expect.any(String) });
    // Player 1's own mark would be a warning, too.
    await Promise.all([two.settled(), stranger.settled()]);
    expect([...two.inbox, ...stranger.inbox]).toEqual([]);
    const warnings = server.log.filter(
      ({ level, msg }) => level === 40 && msg.startsWith('Refused player 1'),
    );
    expect(warnings).toMatchObject([{ id: '1', code }]);
    expect(JSON.stringify(server.log)).not.toContain('secret');
  });

  it('of one who joined no game is refused, and the game does not hear it', async () => {
    const server = await start();
    const [, two] = await twoPlayers(server);
    const stranger = await connect(server);
    stranger.signal('g', 2, 'offer', 'sdp');
    expect(await stranger.next('signal_error')).toMatchObject({ code: 'not_in_game' });
    stranger.signal('no such game', 2, 'offer', 'sdp');
    expect(await stranger.next('signal_error')).toMatchObject({ code: 'game_not_found' });
    await two.settled();
    expect(two.inbox).toEqual([]);
  });

  it('is logged at debug when it is relayed, by ids only', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    one.signal('g', 2, 'offer', 'secret sdp');
    await two.next('webrtc_signal');
    const relays = server.log.filter(({ msg }) => msg.startsWith('Relaying'));
    const [id, peerId] = server.log
      .filter(({ event }) => event === 'player_joined')
      .map(({ session }) => session);
    expect(relays).toMatchObject([{ level: 20, id, peerId }]);
    expect(JSON.stringify(server.log)).not.toContain('secret');
  });
});

/** More than a client of our own wire may leave unacked; this one acks nothing. */
it.each([
  ['that asked for a token', { resume: true }],
  ['that asked for none', {}],
])(
  'a player %s may be signaled to for as long as it reads: 600 candidates all arrive',
  async (_who, more) => {
    const server = await start({ maxMessagesPerSecond: 0, maxBytesPerSecond: 0 });
    const [one, two] = [await connect(server), await connect(server)];
    await one.join('g', 1);
    await two.ask('join_game', { game_id: 'g', player_id: 2, ...more });
    await one.next('player_joined');
    for (let n = 0; n < 600; n += 1) one.signal('g', 2, 'ice-candidate', n);
    await two.until(() => two.inbox.length === 600, 'the candidates');
    expect([two.inbox.at(-1)?.payload, one.inbox]).toEqual([599, []]);
  },
);

it('a signal that is refused is answered by its acknowledgement, whoever refuses it, and by an event without one', async () => {
  const server = await start();
  const [one] = await twoPlayers(server);
  const signal = { game_id: 'g', target_player_id: 2, type: 'answer', payload: 'sdp' };
  expect(await one.ask('webrtc_signal', signal)).toMatchObject({ code: 'no_offer' });
  expect(await one.ask('webrtc_signal', { ...signal, target_player_id: 3 })).toMatchObject({
    code: 'player_not_found',
  });
  one.socket.emit('webrtc_signal', signal);
  expect(await one.next('signal_error')).toMatchObject({ code: 'no_offer' });
});

describe('the order of a negotiation', () => {
  it('refuses an answer without an offer', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    one.signal('g', 2, 'answer', 'sdp');
    expect(await one.next('signal_error')).toMatchObject({ code: 'no_offer' });
    await two.settled();
    expect(two.inbox).toEqual([]);
  });

  it("lets the lower player's offer stand when both offer at once", async () => {
    const server = await start();
    const [nine, ten] = await twoPlayers(server, [9, 10]);
    nine.signal('g', 10, 'offer', 'of 9');
    await ten.next('webrtc_signal');
    ten.signal('g', 9, 'offer', 'of 10');
    expect(await ten.next('signal_error')).toMatchObject({ code: 'offer_collision' });
    ten.signal('g', 9, 'answer', 'of 10');
    expect(await nine.next('webrtc_signal')).toMatchObject({ type: 'answer', payload: 'of 10' });
  });

  it("lets the lower player's offer pass over the higher one's", async () => {
    const server = await start();
    const [nine, ten] = await twoPlayers(server, [9, 10]);
    ten.signal('g', 9, 'offer', 'of 10');
    await nine.next('webrtc_signal');
    nine.signal('g', 10, 'offer', 'of 9');
    expect(await ten.next('webrtc_signal')).toMatchObject({ type: 'offer', payload: 'of 9' });
    nine.signal('g', 10, 'answer', 'too late');
    expect(await nine.next('signal_error')).toMatchObject({ code: 'no_offer' });
  });

  it('is a machine for each two players that signal, with its game; it starts anew when one comes back', async () => {
    const server = await start();
    const [one, two] = await twoPlayers(server);
    const three = await connect(server);
    await three.join('g', 3);
    one.signal('g', 2, 'offer', 'sdp');
    three.signal('g', 1, 'ice-candidate', null);
    await three.settled();
    const seen = () =>
      playerPairings(server).map(({ game, initiator, responder, value }) => [
        game,
        initiator,
        responder,
        value,
      ]);
    expect(seen()).toEqual([
      ['g', '1', '2', { negotiating: 'offered' }],
      ['g', '1', '3', 'paired'],
    ]);
    await two.ask('leave_game');
    expect(seen()).toEqual([['g', '1', '3', 'paired']]);
    await two.join('g', 2);
    two.inbox.length = 0;
    two.signal('g', 1, 'answer', 'to the offer of before');
    expect(await two.next('signal_error')).toMatchObject({ code: 'no_offer' });
  });
});

describe('a player whose place somebody wants', () => {
  it('keeps it while it is alive, whatever it says or does not say', async () => {
    const server = await start();
    const [one, again] = [await connect(server), await connect(server)];
    await one.join('g', 'ada');
    for (let i = 0; i < 3; i += 1) {
      expect(await again.join('g', 'ada')).toMatchObject({ code: 'player_taken' });
    }
    expect(one.socket.connected).toBe(true);
    expect(await one.join('g', 'ada')).toEqual({ players: ['ada'] });
  });

  it.each([['websocket'], ['polling']])(
    'gives way to the one that asks, with its first request, when it does not answer over %s',
    async (transport) => {
      const server = await start();
      const proxy = await TcpProxy.start(`http://127.0.0.1:${server.server.port}`);
      const lost = await RoomClient.connect(proxy.url.replace(/^ws/, 'http'), {
        transports: [transport],
      } as never);
      const [other, again] = [await connect(server), await connect(server)];
      await lost.join('g', 'ada');
      await other.join('g', 'bob');
      proxy.stall();
      expect(await again.join('g', 'ada')).toEqual({ players: ['bob', 'ada'] });
      expect(await other.next('player_left')).toMatchObject({ player_id: 'ada', reason: 'disconnected' });
      await proxy.close();
    },
  );

  it('gives way at once when its connection ends while it is asked, and not only when the time to answer is over', async () => {
    const server = await start();
    const proxy = await TcpProxy.start(`http://127.0.0.1:${server.server.port}`);
    const lost = await RoomClient.connect(proxy.url.replace(/^ws/, 'http'));
    const again = await connect(server);
    await lost.join('g', 'ada');
    proxy.stall();
    // The time to answer never ends.
    jest.useFakeTimers({ doNotFake: [...ALL_BUT_TIMEOUTS] });
    try {
      const answer = again.join('g', 'ada');
      const { received } = server.server.parts.metrics;
      await until(() => received.get('join_game') === 2, 'the request');
      await proxy.close();
      let answered: unknown;
      void answer.then((one) => {
        answered = one;
      });
      await until(() => answered !== undefined, 'the answer');
      expect(answered).toEqual({ players: ['ada'] });
    } finally {
      jest.useRealTimers();
    }
  });
});

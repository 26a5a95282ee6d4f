/** A player while its socket is there, lost, and there again: what waits for it, to the byte. Its socket is the test's own. */
import { describe, expect, it } from '@jest/globals';
import { asSignal } from '../../../../src/server/dialects/socket-io/as-signal.ts';
import { type Game, Player } from '../../../../src/server/dialects/socket-io/player.ts';
import type { RoomSocket } from '../../../../src/server/dialects/socket-io/socket-server.ts';
import { KEPT_FRAME_BYTES } from '../../../../src/server/signaling/waiting-bytes.ts';
import { RoomClient } from '../../../support/clients/room-client.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const MAX_UNSENT = 2_000;

function playing({ maxUnsentBytes = MAX_UNSENT, isResumable = true } = {}) {
  const said: unknown[] = [];
  const alive = { is: true };
  const socketAt = (address: string) =>
    ({
      address,
      hasRoomFor: (bytes: number) => bytes <= 10,
      isAlive: async () => alive.is,
      emit: (_name: string, event: object) => said.push(event),
      close: () => said.push('closed'),
      drop: () => said.push('dropped'),
    }) as unknown as RoomSocket;
  const player = new Player(
    socketAt('first'),
    { id: 'g' } as Game,
    { id: '7', shownId: 7, shownGameId: 'G' },
    {
      ...{ isResumable, maxUnsentBytes },
      added: (bytes) => said.push(`${bytes} wait`),
      places: {
        waits: (address) => said.push(`+${address}`),
        waitsNoLonger: (address) => said.push(`-${address}`),
      },
      heard: (session) => said.push(['heard', session]),
      refused: (_player, { code }) => said.push(code),
    },
  );
  const signal = (payload: string, size: number) =>
    asSignal({ type: 'offer', from_player_id: 1, payload } as never, size);
  const told = (payload: string) => ({ type: 'offer', from_player_id: 1, game_id: 'G', payload });
  const relay = (payload: string, size: number, epoch = 1) =>
    player.relay(signal(payload, size), epoch, { onAcked: () => said.push(`${payload} acked`) });
  return { player, said, alive, socketAt, relay, told };
}

describe('a player', () => {
  it('has one token for its place, where places are kept', () => {
    const { player } = playing();
    expect(player.isToken('')).toBe(false);
    player.keepPlace();
    const token = player.token as string;
    player.keepPlace();
    expect([player.token, player.isToken(token), player.isToken(`${token}x`)]).toEqual([token, true, false]);
    const other = playing({ isResumable: false }).player;
    other.keepPlace();
    expect(other.token).toBeUndefined();
  });

  it('is sent signals as they come, in which its game has the name that it gave it', () => {
    const { player, said, relay, told } = playing();
    relay('hi', 100);
    expect(said).toEqual([told('hi'), 'hi acked']);
    expect([player.hasRoomFor(10), player.hasRoomFor(11)]).toEqual([true, false]);
  });

  it('is sent no signal of another dialect, which counts as acked', () => {
    const { player, said } = playing();
    player.relay({ message: { type: 'offer' } } as never, 1, { onAcked: () => said.push('acked') });
    expect(said).toEqual(['acked']);
  });

  it('that is away has its place kept once and signals kept in order, up to the limit, and is sent them when it is back', () => {
    const { player, said, relay, told, socketAt } = playing();
    player.waits();
    player.waits();
    expect([said.splice(0), player.isOnline]).toEqual([['+first'], false]);
    expect(player.hasRoomFor(10 * MAX_UNSENT)).toBe(true);
    player.tell('player_left', { player_id: 1 } as never);
    relay('one', 100);
    relay('two', 200, 2);
    const waiting = 300 + 2 * KEPT_FRAME_BYTES;
    expect(said.splice(0)).toEqual([`${100 + KEPT_FRAME_BYTES} wait`, `${200 + KEPT_FRAME_BYTES} wait`]);
    expect(player.waitingBytes).toBe(waiting);
    const left = MAX_UNSENT - waiting;
    expect([player.hasRoomFor(left), player.hasRoomFor(left + 1)]).toEqual([true, false]);
    const before = player.socket;
    expect(player.attach(socketAt('second'))).toBe(before);
    expect([player.address, player.isOnline, said.splice(0)]).toEqual(['second', true, ['-first']]);
    player.flush();
    expect(said.splice(0)).toEqual([told('one'), 'one acked', told('two'), 'two acked']);
    player.flush();
    expect([player.waitingBytes, said]).toEqual([0, []]);
    player.tell('player_left', { player_id: 1 } as never);
    expect(said).toEqual([{ player_id: 1 }]);
  });

  it('that is away may have anything waiting where there is no limit', () => {
    const { player, relay } = playing({ maxUnsentBytes: 0 });
    player.waits();
    relay('one', 100);
    expect(player.hasRoomFor(2 ** 40)).toBe(true);
  });

  it('that is away is not sent what is of a pairing that ends, or what is dropped, or anything once it is over', () => {
    const { player, said, relay, told } = playing();
    player.waits();
    for (const epoch of [1, 2, 3]) relay(`${epoch}`, 1, epoch);
    player.notify({ type: 'peer_disconnected', peerId: 'x', epoch: 2, reason: 'unpaired' });
    player.dropWaiting((epoch) => epoch === 1);
    said.length = 0;
    player.flush();
    expect(said.splice(0)).toEqual([told('3'), '3 acked']);
    for (const drop of [() => player.cutUnread(), () => player.discard()]) {
      relay('late', 1);
      drop();
      expect(player.waitingBytes).toBe(0);
    }
    said.length = 0;
    player.flush();
    player.discard();
    expect(said).toEqual([]);
  });

  it('leaves its place when it is over', () => {
    const { player, said } = playing();
    player.discard();
    player.waits();
    player.discard();
    expect(said).toEqual(['+first', '-first']);
  });

  it('is told of refusals, and is heard when it answers a ping, unless its session is over by then', async () => {
    const { player, said, alive } = playing();
    player.notify({ type: 'refused', code: 'not_paired' });
    player.notify({ type: 'peer_away', peerId: 'x', epoch: 1 });
    expect(said.splice(0)).toEqual(['not_paired']);
    const session = { isDone: false } as { isDone: boolean };
    const ping = async () => {
      player.notify({ type: 'ping' });
      await new Promise((resolve) => setImmediate(resolve));
      return said.splice(0);
    };
    expect(await ping()).toEqual([]);
    player.session = session as never;
    expect(await ping()).toEqual([['heard', session]]);
    alive.is = false;
    expect(await ping()).toEqual([]);
    alive.is = true;
    session.isDone = true;
    expect(await ping()).toEqual([]);
  });

  it.each([
    [1001, 'dropped', true],
    [1012, 'dropped', true],
    [4409, 'closed', false],
  ] as const)('closed with %i is %s, and told to come back: %j', (code, how, isSentAway) => {
    const { player, said } = playing();
    player.close(code, 'why');
    expect([said, player.isOnline, player.isSentAway]).toEqual([[how], false, isSentAway]);
  });
});

it('a player whose request makes us fail is closed and logged, and no other is', async () => {
  const test = await startTestServer({ rooms: true });
  const url = `http://127.0.0.1:${test.server.port}`;
  const [one, two] = [await RoomClient.connect(url), await RoomClient.connect(url)];
  await one.join('g', 1);
  const games = test.server.parts.features.started.rooms?.games;
  if (!games) throw new Error('no rooms');
  const handle = games.handle.bind(games);
  games.handle = () => {
    games.handle = handle;
    throw new Error('on purpose');
  };
  two.socket.emit('join_game', { game_id: 'g', player_id: 2 });
  await until(() => !two.socket.connected, 'its end');
  expect(test.log.filter(({ level }) => level === 50)).toMatchObject([{ event: 'player_failed' }]);
  expect(await one.join('g', 1)).toEqual({ players: [1] });
});

it('players are counted by whether they are in a game, and are logged when they join and leave one', async () => {
  const test = await startTestServer({ rooms: true });
  const url = `http://127.0.0.1:${test.server.port}`;
  const states = () =>
    [...(test.server.parts.features.started.rooms?.games.states() ?? [])].map(({ value }) => value);
  const [one] = [await RoomClient.connect(url), await RoomClient.connect(url)];
  expect(states()).toEqual(['outside', 'outside']);
  await one.join('g', 1);
  expect(states()).toEqual(['joined', 'outside']);
  await one.ask('leave_game', { game_id: 'g' });
  expect(states()).toEqual(['outside', 'outside']);
  const lines = test.log.filter(({ event }) => String(event).startsWith('player_'));
  expect(lines).toMatchObject([
    { event: 'player_joined', id: '1', game: 'g', msg: 'Player 1 joined game g' },
    { event: 'player_left', id: '1', game: 'g', reason: 'left', msg: 'Player 1 left game g' },
  ]);
});

/** What the server of a game may have a manager do and keep: a bounded amount, and then it is not listened to. */
import { describe, expect, it } from '@jest/globals';
import { readPlayer } from '../../../src/client/rooms/game-socket.ts';
import { SDP } from '../../support/peers/fake-rtc.ts';
import { playedManager } from '../../support/peers/played-manager.ts';
import { settled } from '../../support/peers/played-peer.ts';

const signal = (from: unknown, type: string, payload: unknown) => ({
  ...{ game_id: 'g', from_player_id: from, type, payload },
});
const offer = (from: unknown, n: number) => signal(from, 'offer', `${SDP}a=fingerprint:sha-256 ${n}\r\n`);
const candidate = { candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };

describe('the server of a game that sends without end', () => {
  it.each<[string, string, string, (n: number) => unknown]>([
    ['offers', 'too many offers', 'webrtc_signal', (n) => offer(1, n)],
    ['players', 'too many offers', 'webrtc_signal', (n) => offer(n + 1, n)],
    ['candidates', 'messages without end', 'webrtc_signal', () => signal(1, 'ice-candidate', candidate)],
    ['nonsense', 'signals that nobody can take', 'webrtc_signal', () => signal(1, 'ice-candidate', 5)],
    ['errors', 'too many errors', 'signal_error', () => ({ code: 'x'.repeat(1_000) })],
    ['goodbyes', 'messages without end', 'player_left', (n) => ({ game_id: 'g', player_id: n })],
    ['megabytes', 'messages without end', 'webrtc_signal', () => signal(1, 'offer', 'x'.repeat(1_000_000))],
  ])('%s is not listened to any more, and says so once', async (_what, detail, event, data) => {
    const { flood, told, lines, manager, isListenedTo } = playedManager();
    flood(event, data);
    expect(isListenedTo()).toBe(false);
    await settled();
    const said = lines.filter((line) => line.startsWith('[WebRTC] The signaling server sent more'));
    expect(said).toEqual([expect.stringContaining(detail)]);
    expect(lines.length).toBeLessThan(8_000);
    expect(manager.peers).toEqual([]);
    told.length = 0;
    manager.connectToPeer(7);
    await settled();
    expect(told).toEqual([['failed', 7, 'server_flooding']]);
  });

  it('has it know 256 players at most, of whom those are forgotten whom nothing connects', async () => {
    const { server, manager, engines } = playedManager();
    for (let n = 1; n <= 2_000; n += 1) server.emit('webrtc_signal', signal(n, 'ice-candidate', candidate));
    expect(manager.peers.length).toBe(256);
    expect(manager.peers.at(-1)?.id).toBe(2_000);
    expect(engines.length).toBe(0);
  });

  it('does not have it open more than 256 connections: the newest players are not answered', async () => {
    const { server, manager } = playedManager();
    for (let n = 1; n <= 400; n += 1) server.emit('webrtc_signal', offer(n, n));
    expect(manager.peers.length).toBe(256);
    expect(manager.peers.at(-1)?.id).toBe(256);
  });

  it('has the game open no more than 256 connections by the players that it names, until one has left', async () => {
    const { server, manager, engines, told } = playedManager();
    for (let n = 1; n <= 258; n += 1) manager.connectToPeer(n);
    await settled();
    expect([manager.peers.length, engines.length]).toEqual([256, 256]);
    expect(told).toEqual([
      ['failed', 257, 'too_many_peers'],
      ['failed', 258, 'too_many_peers'],
    ]);
    server.emit('player_left', { game_id: 'g', player_id: 1, reason: 'left' });
    manager.connectToPeer(257);
    await settled();
    expect([manager.peers.length, manager.peers.at(-1)?.id]).toEqual([256, 257]);
    expect(told.filter(([, id]) => id === 257)).toHaveLength(1);
  });

  it('is not listened to any more when it names a new player again and again', async () => {
    const { server, manager, told, isListenedTo, engines } = playedManager();
    for (let n = 1; n <= 2_000; n += 1) {
      manager.connectToPeer(n);
      server.emit('player_left', { game_id: 'g', player_id: n, reason: 'left' });
    }
    await settled();
    expect([isListenedTo(), manager.peers]).toEqual([false, []]);
    expect(engines.length).toBeLessThanOrEqual(1_256);
    expect(told.at(-1)).toEqual(['failed', 2_000, 'server_flooding']);
  });

  it('has it keep 64 candidates of a player who has not offered', async () => {
    const { server, engines } = playedManager();
    for (let n = 0; n < 100; n += 1) {
      const payload = { ...candidate, candidate: `candidate:${n} 1 udp 1 127.0.0.1 9 typ host` };
      server.emit('webrtc_signal', signal(1, 'ice-candidate', payload));
    }
    server.emit('webrtc_signal', offer(1, 1));
    await settled();
    while (engines[0]?.isBusy) await engines[0].proceed();
    expect(engines[0]?.calls.filter((call) => call.startsWith('add('))).toHaveLength(64);
  });

  it('has it take 1,256 offers or errors at once, as of 64 peers, and 100 and one more per peer in a second', () => {
    for (const [event, data] of [
      ['signal_error', () => ({ code: 'x' })],
      ['webrtc_signal', (n: number) => offer(1, n)],
    ] as const) {
      const { flood, clock, isListenedTo, server } = playedManager();
      expect([flood(event, data, 1_256), isListenedTo()]).toEqual([1_256, true]);
      clock.advance(1_000);
      expect([flood(event, data, 164), isListenedTo()]).toEqual([164, true]);
      server.emit(event, data(0));
      expect(isListenedTo()).toBe(false);
    }
  });

  it('leaves open the channels that are: they need no server', async () => {
    const { flood, manager, engines, told, socket, sent } = playedManager();
    manager.connectToPeer(1);
    await settled();
    engines[0]?.channels[0]?.open();
    manager.connectToPeer(2);
    flood('signal_error', () => ({ code: 'x' }));
    await settled();
    expect(manager.peers.map(({ id, isOpen }) => [id, isOpen])).toEqual([[1, true]]);
    manager.connectToPeer(1);
    await settled();
    expect(told).toEqual([
      ['open', 1],
      ['failed', 2, 'server_flooding'],
    ]);
    expect([socket.connected, manager.send('still here', 1), sent]).toEqual([true, true, []]);
    engines[0]?.channels[0]?.close();
    await settled();
    expect(manager.peers).toEqual([{ id: 1, state: 'signaling', isOpen: false }]);
  });

  it('fails whoever waits for a connection, and the game learns it once for each', async () => {
    const { flood, manager, told } = playedManager();
    manager.connectToPeer(1);
    manager.connectToPeer(2);
    flood('signal_error', () => ({ code: 'x' }));
    await settled();
    expect(told).toEqual([
      ['failed', 1, 'server_flooding'],
      ['failed', 2, 'server_flooding'],
    ]);
  });
});

it.each([
  ['no object', 7],
  ['no game', { player_id: 1 }],
  ['no player', { game_id: 'g' }],
  ['a player that is no id', { game_id: 'g', player_id: { toString: 'x' } }],
  ['a game that is no id', { game_id: ['g'], player_id: 1 }],
  ['a player whose id is longer than any', { game_id: 'g', player_id: 'x'.repeat(129) }],
])('what a server says of a player with %s is about nobody', (_what, data) => {
  expect(readPlayer(data)).toBeUndefined();
  expect(readPlayer({ game_id: 'g', player_id: 1, reason: 'left' })).toMatchObject({ game: 'g', player: 1 });
});

describe('the server of a large game', () => {
  it('is listened to: 64 players who each send an offer and 100 candidates at once', async () => {
    const { server, isListenedTo, engines } = playedManager();
    for (let n = 1; n <= 64; n += 1) {
      server.emit('webrtc_signal', offer(n, n));
      for (let more = 0; more < 100; more += 1)
        server.emit('webrtc_signal', signal(n, 'ice-candidate', candidate));
    }
    await settled();
    expect([isListenedTo(), engines.length]).toEqual([true, 64]);
  });
});

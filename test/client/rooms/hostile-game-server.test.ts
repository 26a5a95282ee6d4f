/** What the server of a game may have a manager do and keep: a bounded amount, and then it is not listened to. */
import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readPlayer } from '../../../src/client/rooms/game-socket.ts';
import { BaseWebRTCManager } from '../../../src/client/rooms/manager.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { FakePeerConnection, SDP } from '../../support/peers/fake-rtc.ts';
import { settled } from '../../support/peers/played-peer.ts';

const managers: BaseWebRTCManager[] = [];

afterEach(async () => {
  await Promise.all(managers.splice(0).map((manager) => manager.close()));
});

/** A manager of player 0 in game g, whose socket and engine the test plays. */
function playedManager() {
  const socket = Object.assign(new EventEmitter(), { connected: true });
  const clock = new ManualClock();
  const engines: FakePeerConnection[] = [];
  const lines: string[] = [];
  const failed: [id: unknown, code: string][] = [];
  const platform = {
    openSocket: () => {
      throw new Error('the socket is the game’s');
    },
    createConnection: () => {
      const engine = new FakePeerConnection();
      engines.push(engine);
      return engine;
    },
    clock,
    random: () => 0.5,
  };
  const log = (line: string) => lines.push(line);
  const manager = new BaseWebRTCManager(platform, socket, 'g', 0, {
    logger: { log, warn: log },
    onConnectionFailed: (id, { code }) => failed.push([id, code]),
  });
  managers.push(manager);
  const isListenedTo = () => socket.listenerCount('webrtc_signal') > 0;
  return {
    ...{ manager, socket, engines, lines, failed, clock, isListenedTo },
    /** @returns how many events were sent until nobody listened any more; at most `most` */
    flood(event: string, data: (n: number) => unknown, most = 200_000) {
      let sent = 0;
      while (isListenedTo() && sent < most) socket.emit(event, data(sent++));
      return sent;
    },
  };
}

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
    const { flood, failed, lines, manager, isListenedTo } = playedManager();
    flood(event, data);
    expect(isListenedTo()).toBe(false);
    await settled();
    const told = lines.filter((line) => line.startsWith('[WebRTC] The signaling server sent more'));
    expect(told).toEqual([expect.stringContaining(detail)]);
    expect(lines.length).toBeLessThan(8_000);
    failed.length = 0;
    manager.connectToPeer(7);
    await settled();
    expect(failed).toEqual([[7, 'server_flooding']]);
  });

  it('has it know 256 players at most, of whom those are forgotten whom nothing connects', async () => {
    const { socket, manager, engines } = playedManager();
    for (let n = 1; n <= 2_000; n += 1) socket.emit('webrtc_signal', signal(n, 'ice-candidate', candidate));
    expect(manager.peers.length).toBe(256);
    expect(manager.peers.at(-1)?.id).toBe(2_000);
    expect(engines.length).toBe(0);
  });

  it('does not have it open more than 256 connections: the newest players are not answered', async () => {
    const { socket, manager } = playedManager();
    for (let n = 1; n <= 400; n += 1) socket.emit('webrtc_signal', offer(n, n));
    expect(manager.peers.length).toBe(256);
    expect(manager.peers.at(-1)?.id).toBe(256);
  });

  it('has it keep 64 candidates of a player who has not offered', async () => {
    const { socket, engines } = playedManager();
    for (let n = 0; n < 100; n += 1) {
      const payload = { ...candidate, candidate: `candidate:${n} 1 udp 1 127.0.0.1 9 typ host` };
      socket.emit('webrtc_signal', signal(1, 'ice-candidate', payload));
    }
    socket.emit('webrtc_signal', offer(1, 1));
    await settled();
    while (engines[0]?.isBusy) await engines[0].proceed();
    expect(engines[0]?.calls.filter((call) => call.startsWith('add('))).toHaveLength(64);
  });

  it('fails whoever waits for a connection, and the game learns it once for each', async () => {
    const { flood, manager, failed } = playedManager();
    manager.connectToPeer(1);
    manager.connectToPeer(2);
    flood('signal_error', () => ({ code: 'x' }));
    await settled();
    expect(failed).toEqual([
      [1, 'server_flooding'],
      [2, 'server_flooding'],
    ]);
  });
});

it.each([
  ['no object', 7],
  ['no game', { player_id: 1 }],
  ['no player', { game_id: 'g' }],
  ['a player that is no id', { game_id: 'g', player_id: { toString: 'x' } }],
  ['a game that is no id', { game_id: ['g'], player_id: 1 }],
])('what a server says of a player with %s is about nobody', (_what, data) => {
  expect(readPlayer(data)).toBeUndefined();
  expect(readPlayer({ game_id: 'g', player_id: 1, reason: 'left' })).toMatchObject({ game: 'g', player: 1 });
});

describe('the server of a large game', () => {
  it('is listened to: 64 players who each send an offer and 100 candidates at once', async () => {
    const { socket, isListenedTo, engines } = playedManager();
    for (let n = 1; n <= 64; n += 1) {
      socket.emit('webrtc_signal', offer(n, n));
      for (let more = 0; more < 100; more += 1)
        socket.emit('webrtc_signal', signal(n, 'ice-candidate', candidate));
    }
    await settled();
    expect([isListenedTo(), engines.length]).toEqual([true, 64]);
  });
});

/** What `WebRTCManager` promises, over a real server and werift. */
import { EventEmitter, once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { io } from 'socket.io-client';
import { nodePlatform } from '../../../src/client/index.ts';
import type { PairlaneError } from '../../../src/client/peer/errors.ts';
import { BaseWebRTCManager, type GameSocket } from '../../../src/client/rooms/manager.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { RoomClient } from '../../support/clients/room-client.ts';
import { UdpProxy } from '../../support/network/udp-proxy.ts';
import { FakeDataChannel, FakePeerConnection } from '../../support/peers/fake-rtc.ts';
import { settled } from '../../support/peers/played-peer.ts';
import { Agent, connectAll } from '../../support/peers/room-agents.ts';
import { playerPairings } from '../../support/servers/player-pairings.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

async function startRooms() {
  const server = await startTestServer({ rooms: true });
  return { ...server, url: `http://127.0.0.1:${server.server.port}` };
}

/** A player that keeps its place, whose packets go through the proxy; it joins whenever its socket is connected. */
function playerOver(udp: UdpProxy, url: string, id: number) {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
  const told: unknown[] = [];
  const overProxy: GameSocket = {
    get connected() {
      return socket.connected;
    },
    on: (event, listener) => socket.on(event, listener),
    off: (event, listener) => socket.off(event, listener),
    emit: async (event, data) =>
      socket.emit(event, JSON.parse(await udp.redirect(JSON.stringify(data), String(id)))),
  };
  const manager = new BaseWebRTCManager(udp.platform(String(id)), overProxy, 'g', id, {
    ...{ iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'], logger: false },
    timeouts: { silenceMs: 400 },
    onDataChannelOpen: () => told.push('open'),
    onDataChannelMessage: (data) => told.push(data),
    onDataChannelClose: () => told.push('close'),
    onConnectionFailed: (_, { code }) => told.push(code),
  });
  let token: string | undefined;
  const player = { manager, socket, told, joins: 0 };
  socket.on('connect', async () => {
    ({ token } = await socket.emitWithAck('join_game', { game_id: 'g', player_id: id, resume: true, token }));
    player.joins += 1;
  });
  ends.push(async () => {
    await manager.close({ signal: AbortSignal.abort() });
    socket.disconnect();
  });
  return player;
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

describe('two players', () => {
  it('connect when both want to; the lower id offers; text and bytes arrive as they are', async () => {
    const { url, server } = await startRooms();
    const two = await Agent.join(url, 'g', 2);
    const ten = await Agent.join(url, 'g', 10);
    expect(two.manager.isReady()).toBe(false);
    expect(two.manager.send('too early')).toBe(false);
    await connectAll([ten, two]);
    expect(playerPairings({ server })).toMatchObject([
      { offerer: 'initiator', initiator: '2', responder: '10' },
    ]);
    await two.say('hello', ten);
    expect(ten.manager.send(new Uint8Array([1, 2, 3]))).toBe(true);
    await two.until(() => two.messages.length > 0, 'the bytes');
    const { data } = two.messages[0] as { data: ArrayBuffer };
    expect([data instanceof ArrayBuffer, [...new Uint8Array(data)]]).toEqual([true, [1, 2, 3]]);
    expect([two.opened, ten.opened]).toEqual([[10], [2]]);
    expect(two.lines.every((line) => line.startsWith('[WebRTC]'))).toBe(true);
    expect(two.lines.join()).not.toMatch(/candidate|fingerprint|127\.0/);
  });

  it('are told what can be sent to nobody, whether or not anybody is there, and get nothing of it', async () => {
    const { url } = await startRooms();
    const [one, two] = [await Agent.join(url, 'g', 1), await Agent.join(url, 'g', 2)];
    const codeOf = (data: unknown) => {
      try {
        return one.manager.send(data as never);
      } catch (error) {
        return (error as PairlaneError).code;
      }
    };
    const wrong = [{ x: 1 }, [1, 2, 3], 1_000, undefined, null, 'x'.repeat(65_537)];
    const codes = [...Array(5).fill('send_failed'), 'too_large_to_send'];
    expect(wrong.map(codeOf)).toEqual(codes);
    await connectAll([one, two]);
    expect(wrong.map(codeOf)).toEqual(codes);
    expect(codeOf(new Uint8Array([7]).buffer)).toBe(true);
    await one.say('after', two);
    const got = two.messages.map(({ data }) => (typeof data === 'string' ? data : [...new Uint8Array(data)]));
    expect(got.filter((data) => data !== 'after')).toEqual([[7]]);
  });

  it('connect when only the lower one asks: the first offer is enough for the other', async () => {
    const { url } = await startRooms();
    const [one, two] = [await Agent.join(url, 'g', 1), await Agent.join(url, 'g', 2)];
    one.manager.connectToPeer(2);
    await Promise.all([one.ready(two), two.ready(one)]);
    await two.say('heard you', one);
    expect([one.opened, two.opened]).toEqual([[2], [1]]);
  });

  it('connect when one writes its number as text', async () => {
    const { url } = await startRooms();
    const [one, two] = [await Agent.join(url, 5, '1'), await Agent.join(url, '5', 2)];
    one.manager.connectToPeer('2');
    two.manager.connectToPeer(1);
    await one.until(() => one.manager.isReady(2), 'a channel');
    expect(one.manager.isReady('2')).toBe(true);
  });

  it('stay connected when the link to the server is lost, and do not connect twice', async () => {
    const { url } = await startRooms();
    const [one, two] = [await Agent.join(url, 'g', 1), await Agent.join(url, 'g', 2)];
    await connectAll([one, two]);
    const left = once(one.socket as never, 'player_left');
    two.socket.disconnect();
    expect(await left).toMatchObject([{ player_id: 2, reason: 'disconnected' }]);
    await one.say('still here', two);
    two.socket.connect();
    await two.rejoin('g');
    expect([one.closed, two.closed]).toEqual([[], []]);
    await two.say('me too', one);
    expect([one.opened, two.opened]).toEqual([[2], [1]]);
  });

  it('restore their connection after it was lost together with the socket of one, who comes back to its place', async () => {
    const { url } = await startRooms();
    const udp = new UdpProxy();
    const players = [1, 2].map((id) => playerOver(udp, url, id));
    const [one, two] = players as [ReturnType<typeof playerOver>, ReturnType<typeof playerOver>];
    await until(() => players.every(({ joins }) => joins === 1));
    one.manager.connectToPeer(2);
    await until(() => one.manager.isReady(2) && two.manager.isReady(1));
    udp.cut();
    two.socket.io.engine.close();
    await until(() => players.every(({ manager }) => manager.peers[0]?.state === 'restarting'));
    two.socket.connect();
    await until(() => two.joins === 2);
    udp.heal();
    await until(() => players.every(({ manager }) => manager.peers[0]?.state === 'connected'));
    await until(() => one.manager.send('still there', 2) && two.told.includes('still there'));
    expect([one.told, new Set(two.told)]).toEqual([['open'], new Set(['open', 'still there'])]);
  });

  it('connect again after one left and came back as a new client', async () => {
    const { url } = await startRooms();
    const [one, two] = [await Agent.join(url, 'g', 1), await Agent.join(url, 'g', 2)];
    await connectAll([one, two]);
    await two.stop();
    await one.until(() => one.closed.length === 1, 'the end of the channel');
    expect(one.manager.isReady()).toBe(false);
    const again = await Agent.join(url, 'g', 2);
    await connectAll([one, again]);
    await one.say('welcome back', again);
    expect(one.failed).toEqual([]);
  });

  it('connect again when one replaces its manager on the same socket', async () => {
    const { url } = await startRooms();
    const [one, two] = [await Agent.join(url, 'g', 1), await Agent.join(url, 'g', 2)];
    await connectAll([one, two]);
    await one.manager.close();
    await two.until(() => two.closed.length === 1, 'the end of the channel');
    const { WebRTCManager } = await import('../../../src/client/rooms/index.ts');
    const next = new WebRTCManager(one.socket, 'g', 1, {
      iceServers: [],
      iceAdditionalHostAddresses: ['127.0.0.1'],
      logger: false,
    });
    const nextIsReady = new Promise((resolve) => {
      next.onDataChannelOpen = resolve;
    });
    next.connectToPeer(2);
    await two.until(() => two.opened.length === 2, 'the second channel');
    await nextIsReady;
    expect([two.opened, two.closed, next.isReady(2)]).toEqual([[1, 1], [1], true]);
    await next.close();
  });
});

describe('a manager', () => {
  it('takes all of its listeners off the socket when it is closed, and is silent from then on', async () => {
    const { url } = await startRooms();
    const [one, two] = [await Agent.join(url, 'g', 1), await Agent.join(url, 'g', 2)];
    const events = ['webrtc_signal', 'player_left', 'signal_error'];
    expect(events.map((event) => one.socket.listeners(event).length)).toEqual([1, 1, 1]);
    await connectAll([one, two]);
    await one.manager.close();
    expect(events.map((event) => one.socket.listeners(event).length)).toEqual([0, 0, 0]);
    expect([one.manager.isReady(), one.manager.send('x'), one.closed]).toEqual([false, false, []]);
    one.manager.connectToPeer(2);
    expect(one.manager.peers).toEqual([]);
  });

  it('closes once what was sent has arrived, or at once when its signal is aborted', async () => {
    const engine = new FakePeerConnection();
    const socket = Object.assign(new EventEmitter(), { connected: true });
    // Its deadline of a second does not come: the clock stands still.
    const platform = { ...nodePlatform, createConnection: () => engine, clock: new ManualClock() };
    const manager = new BaseWebRTCManager(platform, socket, 'g', 1, { logger: false });
    manager.connectToPeer(2);
    await settled();
    engine.channels[0]?.open();
    expect(manager.send('never arrives', 2)).toBe(true);
    const abort = new AbortController();
    let isClosed = false;
    const closing = manager.close({ signal: abort.signal }).then(() => {
      isClosed = true;
    });
    await settled();
    expect([isClosed, engine.calls.includes('close')]).toEqual([false, false]);
    abort.abort();
    await closing;
    expect(engine.calls).toContain('close');
  });

  /** A manager whose WebRTC is the test's. @param failures of its first connections */
  function connecting(...failures: Error[]) {
    const engine = new FakePeerConnection();
    const socket = Object.assign(new EventEmitter(), { connected: true });
    const platform = { ...nodePlatform, clock: new ManualClock() };
    const createConnection = (): FakePeerConnection => {
      if (failures.length > 0) throw failures.shift();
      return engine;
    };
    const manager = new BaseWebRTCManager({ ...platform, createConnection }, socket, 'g', 1, {
      logger: false,
    });
    const [closed, failed]: [unknown[], unknown[]] = [[], []];
    manager.onDataChannelClose = (id) => closed.push(id);
    manager.onConnectionFailed = (id, { code }) => failed.push([id, code]);
    return { engine, manager, closed, failed };
  }

  it('tells that no connection came up when our own WebRTC fails, and can try again', async () => {
    const { engine, manager, failed } = connecting(new Error('no memory'));
    manager.connectToPeer(2);
    await settled();
    expect(failed).toEqual([[2, 'internal']]);
    manager.connectToPeer(2);
    await settled();
    engine.channels[0]?.open();
    expect(manager.isReady(2)).toBe(true);
    await manager.close({ signal: AbortSignal.abort() });
  });

  it('keeps a connection on which the other one opens a channel that nobody agreed on', async () => {
    const { engine, manager, closed, failed } = connecting();
    manager.connectToPeer(2);
    await settled();
    engine.channels[0]?.open();
    engine.ondatachannel?.({ channel: new FakeDataChannel('another') });
    await settled();
    expect([manager.isReady(2), closed, failed]).toEqual([true, [], []]);
    await manager.close({ signal: AbortSignal.abort() });
  });

  it('hands on the bytes of a message and no others, wherever they stand in memory', async () => {
    const { engine, manager } = connecting();
    const got: number[][] = [];
    manager.onDataChannelMessage = (data) => got.push([...new Uint8Array(data as ArrayBuffer)]);
    manager.connectToPeer(2);
    await settled();
    const [channel] = engine.channels;
    channel?.open();
    const memory = new Uint8Array([1, 2, 3, 4]);
    for (const data of [memory.subarray(0, 2), memory.subarray(2), memory.subarray(1, 3), memory])
      channel?.onmessage?.({ data });
    expect(got).toEqual([
      [1, 2],
      [3, 4],
      [2, 3],
      [1, 2, 3, 4],
    ]);
    await manager.close({ signal: AbortSignal.abort() });
  });

  it('tells that no connection came up when the other one leaves before it answers', async () => {
    const { url } = await startRooms();
    const one = await Agent.join(url, 'g', 1);
    const mute = await RoomClient.connect(url);
    await mute.join('g', 2);
    one.manager.connectToPeer(2);
    expect(await mute.next('webrtc_signal')).toMatchObject({ type: 'offer', from_player_id: 1 });
    mute.socket.disconnect();
    await one.until(() => one.failed.length === 1, 'the failure');
    expect(one.failed).toMatchObject([{ id: 2, error: { code: 'peer_gone' } }]);
  });

  it('tells that no connection came up when nobody offers in time', async () => {
    const { url } = await startRooms();
    const two = await Agent.join(url, 'g', 2, { timeouts: { offerMs: 50 } });
    two.manager.connectToPeer(1);
    await two.until(() => two.failed.length === 1, 'the failure');
    expect(two.failed).toMatchObject([{ id: 1, error: { code: 'offer_timeout' } }]);
  });

  it('passes over what is not for it: itself, other games, and signals that are none', async () => {
    const { url } = await startRooms();
    const one = await Agent.join(url, 'g', 1);
    one.manager.connectToPeer('1');
    const listener = one.socket.listeners('webrtc_signal')[0] as (data: unknown) => void;
    for (const data of [
      { type: 'offer', from_player_id: 1, game_id: 'g', payload: 'sdp' },
      { type: 'offer', from_player_id: 2, game_id: 'h', payload: 'sdp' },
      { type: 'hangup', from_player_id: 2, game_id: 'g', payload: 'sdp' },
      { type: 'offer', from_player_id: {}, game_id: 'g' },
      null,
      'offer',
    ]) {
      listener(data);
    }
    expect(one.manager.peers).toEqual([]);
  });

  it('survives payloads of every wrong kind from a player, who may then connect as if nothing was', async () => {
    const { url } = await startRooms();
    const one = await Agent.join(url, 'g', 1);
    const rogue = await RoomClient.connect(url);
    await rogue.join('g', 2);
    for (const payload of [null, 7, [], {}, { sdp: 7 }, 'no sdp', { candidate: {} }]) {
      for (const type of ['ice-candidate', 'offer', 'answer']) rogue.signal('g', 1, type, payload);
    }
    await rogue.settled();
    rogue.socket.disconnect();
    const two = await Agent.join(url, 'g', 2);
    await connectAll([one, two]);
    await two.say('hello', one);
  });

  it('takes candidates that come before their offer', async () => {
    const { url } = await startRooms();
    const [one, two] = [await Agent.join(url, 'g', 1), await RoomClient.connect(url)];
    await two.join('g', 2);
    two.signal('g', 1, 'ice-candidate', {
      candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host',
      sdpMid: '0',
    });
    await two.settled();
    expect(one.manager.peers).toMatchObject([{ id: 2, state: 'unpaired' }]);
    expect(one.failed).toEqual([]);
  });
});

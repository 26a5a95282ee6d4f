/** What a manager says to the other players and tells its game, where server and engine do what the test says. */
import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { nodePlatform } from '../../../src/client/index.ts';
import { BaseWebRTCManager, type WebRTCManagerOptions } from '../../../src/client/rooms/manager.ts';
import type { RtcConnectionState } from '../../../src/client/rtc/types.ts';
import { SDP } from '../../support/peers/fake-rtc.ts';
import { playedManager } from '../../support/peers/played-manager.ts';
import { settled } from '../../support/peers/played-peer.ts';
import { thrownLater } from '../../support/thrown-later.ts';

const candidate = { candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };
const signal = (from: unknown, type: string, payload: unknown) => ({
  ...{ game_id: 'g', from_player_id: from, type, payload },
});
/** A description of the player's connection, which it names by its fingerprint. */
const described = (connection = 'first') => `${SDP}a=fingerprint:sha-256 ${connection}\r\n`;
const to = (player: unknown, type: string, payload: unknown) => [
  'webrtc_signal',
  { game_id: 'g', target_player_id: player, type, payload },
];

/** A manager with an open channel to each of the players, whose ids are above its own. */
async function managerWith(players: readonly unknown[], options: WebRTCManagerOptions = {}) {
  const played = playedManager(options);
  const { manager, server, engines } = played;
  for (const [at, player] of players.entries()) {
    manager.connectToPeer(player as number);
    await played.proceed();
    server.emit('webrtc_signal', signal(player, 'answer', described()));
    await played.proceed();
    const engine = engines[at];
    if (!engine) throw new Error('no connection was made');
    engine.connectionState = 'connected';
    engine.onconnectionstatechange?.();
    engine.channels[0]?.open();
  }
  return played;
}

describe('a player with a higher id', () => {
  it('is sent our offer and candidates, in the game and by name, and the game learns what comes of it', async () => {
    const { engines, sent, told, lines, warnings, manager } = await managerWith([1]);
    expect(sent).toEqual([to(1, 'offer', { type: 'offer', sdp: SDP })]);
    engines[0]?.onicecandidate?.({ candidate });
    engines[0]?.onicecandidate?.({ candidate: null });
    expect(sent.slice(1)).toEqual([to(1, 'ice-candidate', candidate)]);
    engines[0]?.channels[0]?.onmessage?.({ data: 'hello' });
    expect(manager.peers).toEqual([{ id: 1, state: 'connected', isOpen: true }]);
    engines[0]?.close();
    engines[0]?.channels[0]?.close();
    expect(told).toEqual([
      ['open', 1],
      ['message', 1, 'hello'],
      ['close', 1],
    ]);
    expect(lines.slice(0, 4)).toEqual(
      ['unpaired', 'offering', 'checking', 'connected'].map((state) => `[WebRTC] player 1: ${state}`),
    );
    expect(warnings).toEqual([]);
  });

  it('gets an unordered channel that sends nothing again: only the latest state of a game matters', async () => {
    const played = playedManager();
    const made: unknown[] = [];
    played.onEngine = (engine) => {
      const { createDataChannel } = engine;
      engine.createDataChannel = (...channel: unknown[]) => {
        made.push(channel);
        return createDataChannel.call(engine, channel[0] as string);
      };
    };
    played.manager.connectToPeer(1);
    await settled();
    expect(made).toEqual([['game', expect.objectContaining({ ordered: false, maxRetransmits: 0 })]]);
  });

  it('is sent what is for it, and all are sent what is for all', async () => {
    const { manager, engines } = await managerWith([1, 'two']);
    const heard = () => engines.map(({ channels }) => channels[0]?.queued);
    expect([manager.send('for one', 1), manager.send('for two', 'two'), manager.send('for 3', 3)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(heard()).toEqual([['for one'], ['for two']]);
    expect(manager.send('for all')).toBe(true);
    expect(heard()).toEqual([
      ['for one', 'for all'],
      ['for two', 'for all'],
    ]);
    engines[1]?.channels[0]?.close();
    expect([manager.send('for one more'), manager.isReady(), manager.isReady('two')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('that starts again, with another fingerprint, gets a new connection; one that restarts ICE keeps it', async () => {
    const { server, engines, told, proceed } = await managerWith([1]);
    server.emit('webrtc_signal', signal(1, 'offer', described()));
    await proceed();
    expect([engines.length, told]).toEqual([1, [['open', 1]]]);
    server.emit('webrtc_signal', signal(1, 'offer', described('second')));
    await proceed();
    expect([engines.length, engines[0]?.calls.at(-1), told]).toEqual([
      2,
      'close',
      [
        ['open', 1],
        ['close', 1],
      ],
    ]);
  });

  it.each([
    ['leaves', { game_id: 'g', player_id: 1, reason: 'left' }, [['close', 1]]],
    ['loses its socket', { game_id: 'g', player_id: 1, reason: 'disconnected' }, []],
    ['leaves another game', { game_id: 'h', player_id: 1, reason: 'left' }, []],
    ['is not who left', { game_id: 'g', player_id: 2, reason: 'left' }, []],
    ['is not named', { game_id: 'g', reason: 'left' }, []],
  ])('that %s is disconnected only if it left on purpose', async (_what, left, end) => {
    const { server, told } = await managerWith([1]);
    server.emit('player_left', left);
    await settled();
    expect(told.slice(1)).toEqual(end);
  });

  it('is not offered to while the socket is lost, for as long as that may take, and then is', async () => {
    const { manager, socket, server, sent, told, clock, proceed } = playedManager();
    socket.connected = false;
    manager.connectToPeer(1);
    clock.advance(3_600_000);
    await proceed();
    expect([sent, told, manager.peers]).toEqual([[], [], [{ id: 1, state: 'signaling', isOpen: false }]]);
    socket.connected = true;
    server.emit('connect');
    await proceed();
    expect(sent).toEqual([to(1, 'offer', { type: 'offer', sdp: SDP })]);
  });

  it('is sent nothing while the socket is lost, and is wanted again once it is back', async () => {
    const { manager, socket, server, sent, engines, proceed } = playedManager();
    manager.connectToPeer(1);
    await settled();
    socket.connected = false;
    server.emit('disconnect');
    await proceed();
    engines[0]?.onicecandidate?.({ candidate });
    manager.connectToPeer(2);
    await proceed();
    expect(sent).toEqual([]);
    socket.connected = true;
    server.emit('connect');
    await proceed();
    expect(sent).toContainEqual(to(2, 'offer', { type: 'offer', sdp: SDP }));
  });

  it('that was known when the socket was lost is wanted, and offered to once the socket is back', async () => {
    const { manager, socket, server, sent, proceed } = playedManager();
    server.emit('webrtc_signal', signal(1, 'ice-candidate', candidate));
    socket.connected = false;
    server.emit('disconnect');
    manager.connectToPeer(1);
    await proceed();
    expect(sent).toEqual([]);
    socket.connected = true;
    server.emit('connect');
    await proceed();
    expect(sent).toEqual([to(1, 'offer', { type: 'offer', sdp: SDP })]);
  });

  it('that comes back and offers at the same moment as we yields to our offer, as at the first time', async () => {
    const { manager, server, engines, proceed } = await managerWith([1]);
    server.emit('player_left', { game_id: 'g', player_id: 1, reason: 'left' });
    await proceed();
    manager.connectToPeer(1);
    await proceed();
    server.emit('webrtc_signal', signal(1, 'offer', described('second')));
    await proceed();
    expect(engines.length).toBe(2);
    server.emit('webrtc_signal', signal(1, 'answer', described('second')));
    await proceed();
    expect(engines.map(({ calls }) => calls.includes('setRemote(offer)'))).toEqual([false, false]);
    expect(engines[1]?.calls).toContain('setRemote(answer)');
  });

  it.each([
    [
      0,
      [
        ['open', 1],
        ['close', 1],
        ['failed', 1, 'connection_failed'],
      ],
      1,
    ],
    [undefined, [['open', 1]], 2],
  ])(
    'whose connection fails is offered a restart, unless maxRestarts is %p',
    async (maxRestarts, end, offers) => {
      const { engines, told, sent, proceed } = await managerWith([1], {
        maxRestarts,
      } as WebRTCManagerOptions);
      const [engine] = engines;
      if (engine) engine.connectionState = 'failed';
      engine?.onconnectionstatechange?.();
      await proceed();
      expect(told).toEqual(end);
      expect(sent.length).toBe(offers);
    },
  );

  describe('whose connection fails', () => {
    /** With other ICE credentials than those in force. */
    const anew = `${SDP}a=ice-ufrag:anew\r\n`;
    const restart = to(1, 'offer', { type: 'offer', sdp: anew });

    /** A player whose connection works; what was sent for it is forgotten. */
    async function connected() {
      const played = await managerWith([1]);
      const { socket, server, engines, sent, proceed } = played;
      sent.length = 0;
      if (engines[0]) engines[0].describedAs = anew;
      const becomes = (state: RtcConnectionState) => {
        const [engine] = engines;
        if (engine) engine.connectionState = state;
        engine?.onconnectionstatechange?.();
        return proceed();
      };
      return {
        ...played,
        becomes,
        fails: () => becomes('failed'),
        loses: () => {
          socket.connected = false;
          server.emit('disconnect');
          return proceed();
        },
        returns: () => {
          socket.connected = true;
          server.emit('connect');
          return proceed();
        },
      };
    }

    it('once our socket was lost and is back is offered a restart, and keeps its channel', async () => {
      const { loses, returns, fails, told, sent } = await connected();
      await loses();
      await returns();
      await fails();
      expect([sent, told]).toEqual([[restart], [['open', 1]]]);
    });

    it('while our socket is lost is offered a restart once it is back, when the game has joined again', async () => {
      const { loses, returns, fails, server, engines, told, sent } = await connected();
      await loses();
      await fails();
      engines[0]?.onicecandidate?.({ candidate });
      expect(sent).toEqual([]);
      // A listener of the game's that comes after the manager's.
      server.on('connect', () => sent.push('join_game'));
      await returns();
      expect([sent, told]).toEqual([
        ['join_game', restart, to(1, 'ice-candidate', candidate)],
        [['open', 1]],
      ]);
    });

    it('is offered the same restart again if our socket is lost before the answer, and not after it', async () => {
      const { loses, returns, fails, server, engines, told, sent, proceed } = await connected();
      await fails();
      engines[0]?.onicecandidate?.({ candidate });
      await loses();
      await returns();
      const [offer, found] = [restart, to(1, 'ice-candidate', candidate)];
      expect(sent).toEqual([offer, found, offer, found]);
      server.emit('webrtc_signal', signal(1, 'answer', described()));
      await proceed();
      engines[0]?.onicecandidate?.({ candidate });
      await loses();
      await returns();
      expect([sent.slice(4), told]).toEqual([[found], [['open', 1]]]);
    });

    it('is offered the restart again when the game asks to connect: the first may have come before it joined', async () => {
      const { loses, returns, fails, manager, sent } = await connected();
      await loses();
      await fails();
      await returns();
      manager.connectToPeer(1);
      expect(sent).toEqual([restart, restart]);
    });

    it('is answered again, which may be lost as well, until the connection is back', async () => {
      const { loses, returns, becomes, server, sent, told } = await connected();
      await becomes('connecting');
      server.emit('webrtc_signal', signal(1, 'offer', described()));
      await loses();
      expect(sent).toEqual([]);
      await returns();
      const answer = to(1, 'answer', { type: 'answer', sdp: anew });
      expect(sent).toEqual([answer]);
      await becomes('connected');
      await loses();
      await returns();
      expect([sent, told]).toEqual([[answer], [['open', 1]]]);
    });
  });

  it('that we were not connected to when our socket was lost is given up once it is back', async () => {
    const { manager, socket, server, sent, told, proceed } = playedManager();
    manager.connectToPeer(1);
    await proceed();
    socket.connected = false;
    server.emit('disconnect');
    socket.connected = true;
    server.emit('connect');
    await proceed();
    expect([told, sent.length]).toEqual([[['failed', 1, 'signaling_lost']], 1]);
  });

  it('gets what was sent before its connection is closed', async () => {
    const { manager, engines } = await managerWith([1]);
    manager.send('the end', 1);
    let isClosed = false;
    const closing = manager.close().then(() => {
      isClosed = true;
    });
    await settled();
    expect([isClosed, engines[0]?.calls.includes('close')]).toEqual([false, false]);
    engines[0]?.channels[0]?.drain();
    await closing;
    expect(engines[0]?.channels[0]?.sent).toContain('the end');
  });

  it('is left when our own WebRTC fails, which the log tells, and the game once', async () => {
    const played = playedManager();
    played.onEngine = () => {
      throw new Error('no memory');
    };
    played.manager.connectToPeer(1);
    await played.proceed();
    expect(played.manager.peers).toEqual([{ id: 1, state: 'unpaired', isOpen: false }]);
    expect(played.told).toEqual([['failed', 1, 'internal']]);
    played.onEngine = undefined;
    played.manager.connectToPeer(1);
    await played.proceed();
    expect(played.sent).toEqual([to(1, 'offer', { type: 'offer', sdp: SDP })]);
    expect(played.warnings[0]).toMatch(/player 1: .*no memory/);
  });
});

describe('a player with a lower id', () => {
  it('is waited for, and is sent our answer to its offer, with the candidates that came before it', async () => {
    const { manager, server, sent, engines, proceed } = playedManager();
    manager.connectToPeer(-1);
    await proceed();
    expect([sent, manager.peers]).toEqual([[], [{ id: -1, state: 'paired', isOpen: false }]]);
    server.emit('webrtc_signal', signal(-2, 'ice-candidate', candidate));
    server.emit('webrtc_signal', signal(-2, 'answer', described()));
    server.emit('webrtc_signal', signal(-2, 'offer', described()));
    await proceed();
    expect(sent).toEqual([to(-2, 'answer', { type: 'answer', sdp: SDP })]);
    expect(engines.at(-1)?.calls).toContain(`add(${candidate.candidate})`);
  });

  it('that left before it offered has its candidates forgotten', async () => {
    const { server, engines, proceed } = playedManager();
    server.emit('webrtc_signal', signal(-1, 'ice-candidate', candidate));
    server.emit('player_left', { game_id: 'g', player_id: -1, reason: 'left' });
    server.emit('webrtc_signal', signal(-1, 'offer', described()));
    await proceed();
    expect(engines[0]?.calls.filter((call) => call.startsWith('add('))).toEqual([]);
  });
});

describe('a manager', () => {
  it.each<[string, WebRTCManagerOptions, object]>([
    ['iceServers', { iceServers: [{ urls: 'stun:a' }] }, { iceServers: [{ urls: 'stun:a' }] }],
    ['no iceServers', { iceServers: [] }, { iceServers: [] }],
    ['iceTransportPolicy', { iceTransportPolicy: 'relay' }, { iceTransportPolicy: 'relay' }],
    ['its default', {}, { iceTransportPolicy: 'all' }],
    [
      'iceAdditionalHostAddresses',
      { iceAdditionalHostAddresses: ['127.0.0.1'] },
      { iceAdditionalHostAddresses: ['127.0.0.1'] },
    ],
  ])('makes its connections with %s', async (_what, options, config) => {
    const { manager, engines } = playedManager(options);
    manager.connectToPeer(1);
    await settled();
    expect(engines[0]?.config).toMatchObject(config);
  });

  it.each<[string, object, string]>([
    ['is misspelt', { iceServer: [] }, '`iceServer`: no such option; did you mean `iceServers`?'],
    ['of a callback is misspelt', { onDataChannelOpened() {} }, '; did you mean `onDataChannelOpen`?'],
    ['is of a peer only', { reconnect: false }, '`reconnect`: no such option'],
    ['is no callback', { onDataChannelOpen: 1 }, '`onDataChannelOpen`: should be a function'],
    ['is no logger', { logger: { log() {} } }, '`logger`: should be false, or an object with log, warn'],
    ['is within another one', { timeouts: { offersMs: 1 } }, '`timeouts.offersMs`: no such option'],
    ['is no object', { timeouts: 5 }, '`timeouts`: should be an object'],
    ['is too high', { maxRestarts: 1_001 }, '`maxRestarts`: should be a whole number'],
    ['is null', { iceServers: null }, '`iceServers`: should be a list'],
    ['is not in an object', [], '`options`: should be an object'],
  ])('refuses an option that %s, and listens to nothing', (_what, options, why) => {
    const server = new EventEmitter();
    const made = () =>
      new BaseWebRTCManager({ ...nodePlatform }, server as never, 'g', 0, options as WebRTCManagerOptions);
    expect(made).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(why) }),
    );
    expect(server.eventNames()).toEqual([]);
  });

  it('takes options that are left out, as undefined too', () => {
    const nothing = {
      iceServers: undefined,
      timeouts: undefined,
      onDataChannelOpen: undefined,
      logger: undefined,
    };
    expect(() => playedManager(nothing as never)).not.toThrow();
  });

  it('gives a connection up at the deadline of `timeouts`, and says so to the game and in its log', async () => {
    const { manager, clock, told, warnings } = playedManager({ timeouts: { offerMs: 5_000 } });
    manager.connectToPeer(-1);
    clock.advance(4_900);
    expect(told).toEqual([]);
    clock.advance(200);
    expect(told).toEqual([['failed', -1, 'offer_timeout']]);
    expect(warnings).toEqual([expect.stringMatching(/^\[WebRTC\] player -1: .+/)]);
  });

  it('has its steps observed', () => {
    const steps: unknown[] = [];
    const { manager } = playedManager({ observer: ({ from, to }) => steps.push([from, to]) });
    manager.connectToPeer(1);
    expect(steps.length).toBeGreaterThan(0);
  });

  it('logs what the server refuses by its code, cut short; and what a player sent wrongly', () => {
    const { server, warnings } = playedManager();
    for (const data of [{ code: 'not_in_game' }, { code: 'x'.repeat(41) }, { code: 5 }, undefined])
      server.emit('signal_error', data);
    server.emit('webrtc_signal', signal(1, 'offer', 5));
    expect(warnings).toEqual([
      '[WebRTC] the server: not_in_game',
      `[WebRTC] the server: ${'x'.repeat(40)}`,
      '[WebRTC] the server: an error',
      '[WebRTC] the server: an error',
      expect.stringMatching(/^\[WebRTC\] player 1: offer: /),
    ]);
  });

  it('is not interrupted by a callback that throws, which is thrown once the step is over', async () => {
    const oops = new Error('of the game');
    let played: Awaited<ReturnType<typeof managerWith>> | undefined;
    const thrown = await thrownLater(async () => {
      played = await managerWith([1], {
        onDataChannelOpen: () => {
          throw oops;
        },
      });
    });
    expect([thrown, played?.manager.isReady(1)]).toEqual([[oops], true]);
  });

  it('runs a clock from its first player to its end, so that it keeps no process alive', async () => {
    const { manager, clock, isListenedTo } = playedManager();
    expect([clock.nextAt, isListenedTo()]).toEqual([Number.POSITIVE_INFINITY, true]);
    manager.connectToPeer(1);
    expect(clock.nextAt).toBeLessThan(1_000);
    await manager.close();
    expect([clock.nextAt, isListenedTo(), manager.peers]).toEqual([Number.POSITIVE_INFINITY, false, []]);
  });
});

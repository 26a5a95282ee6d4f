/** One connection as its user sees it: what it tells, and what it does when the user's own code fails. */
import { describe, expect, it } from '@jest/globals';
import type { Connection, Peer } from '../../../src/client/index.ts';
import type { FakeDataChannel } from '../../support/peers/fake-rtc.ts';
import {
  connect,
  connectionOf,
  gone,
  initiated,
  offer,
  paired,
  playedConnection,
  withPeers,
} from '../../support/peers/played-pairings.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';
import { errorOf } from '../../support/peers/werift-peers.ts';
import { thrownLater } from '../../support/thrown-later.ts';

const TRACEPARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

const answer = { ...offer(1), type: 'answer' };

const events = ['open', 'message', 'signal', 'away', 'back', 'peer_away', 'peer_back'] as const;

/** Notes what the two tell. */
function noting(peer: Peer, connection: Connection): unknown[] {
  const told: unknown[] = [];
  for (const [who, emitter] of [
    ['connection', connection],
    ['peer', peer],
  ] as const)
    for (const event of events)
      (emitter as Peer).on(event as 'open', (...args) => told.push([who, event, ...args]));
  return told;
}

describe('a connection', () => {
  it('tells what happens on it, and then its peer tells with whom', async () => {
    const { peer, server } = await withPeers(1, 2);
    const told = noting(peer, connectionOf(peer, 2));
    const away = { type: 'peer_away', peer_id: 'peer 2' };
    const back = { type: 'peer_back', peer_id: 'peer 2' };
    server.say({ type: 'signal', data: ['a', 1], from_peer: true, epoch: 2 }, away, back);
    expect(told).toEqual([
      ['connection', 'signal', ['a', 1]],
      ['peer', 'signal', ['a', 1], 'peer 2'],
      ['connection', 'away'],
      ['peer', 'peer_away', { peerId: 'peer 2' }],
      ['connection', 'back'],
      ['peer', 'peer_back', { peerId: 'peer 2' }],
    ]);
  });

  it('tells of its channels and what arrives on them, and then its peer does', async () => {
    const { peer, server, engines } = await playedPeer({ channels: [{ label: 'moves' }] });
    server.say(initiated(1));
    await settled();
    const told = noting(peer, connectionOf(peer, 1));
    const [chat, moves] = (engines[0]?.channels ?? []) as [FakeDataChannel, FakeDataChannel];
    chat.open();
    moves.open();
    moves.onmessage?.({ data: 'e4' });
    expect(told).toEqual([
      ['connection', 'open', 'chat'],
      ['peer', 'open', 'chat'],
      ['connection', 'open', 'moves'],
      ['peer', 'open', 'moves'],
      ['connection', 'message', 'e4', 'moves'],
      ['peer', 'message', 'e4', 'moves'],
    ]);
  });

  it('has what the server said of its pairing', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    server.say(paired(1, { room: 'den', traceparent: TRACEPARENT, metadata: 7 }), initiated(2));
    expect(connectionOf(peer, 1)).toMatchObject({
      ...{ peerId: 'peer 1', initiator: false, epoch: 1 },
      ...{ room: 'den', traceparent: TRACEPARENT, metadata: 7 },
    });
    expect(connectionOf(peer, 2)).toMatchObject({ peerId: 'peer 2', initiator: true, epoch: 2 });
    expect(connectionOf(peer, 2).room ?? connectionOf(peer, 2).traceparent).toBeUndefined();
  });

  it('signals with its epoch, and without one where the server gives none', async () => {
    const { peer, server } = await withPeers(1, 7);
    connectionOf(peer, 7).signal({ a: 1 });
    expect(server.of('signal')).toEqual([{ type: 'signal', data: { a: 1 }, epoch: 7 }]);
    const old = await playedPeer();
    old.server.say(paired(1, { epoch: undefined }));
    old.peer.signal('x');
    expect(old.server.of('signal')).toEqual([{ type: 'signal', data: 'x' }]);
  });

  it('asks the ICE servers that the server names to all, if its pairing names none', async () => {
    const { server, clock, engines } = await playedPeer({ peers: 2 }, 2);
    const [ofAll, ofOne] = [[{ urls: ['stun:of.all'] }], [{ urls: ['stun:of.one'] }]];
    Object.assign(server.greeting, { ice_servers: ofAll });
    server.cut();
    await settled();
    clock.advance(1_000);
    await settled();
    server.resume();
    server.say(paired(1), paired(2, { ice_servers: ofOne }));
    expect(engines.map(({ config }) => config?.iceServers)).toEqual([ofAll, ofOne]);
  });

  it('is told of an error of the server that names its pairing, and its peer of every one', async () => {
    const { peer, server, of } = await withPeers(1, 2);
    const told: unknown[] = [];
    peer.on('error', ({ message }) => told.push(['peer', message]));
    of(2).on('error', ({ message }) => told.push(['connection', message]));
    const refused = { type: 'error', code: 'rate_limited' };
    server.say({ ...refused, message: 'of 2', epoch: 2 }, { ...refused, message: 'of 3', epoch: 3 });
    server.say({ ...refused, message: 'of none' });
    expect(told).toEqual([
      ['peer', 'of 2'],
      ['connection', 'of 2'],
      ['peer', 'of 3'],
      ['peer', 'of none'],
    ]);
  });

  it('reports on itself for as long as the server wants to know', async () => {
    const { peer, server, clock, engines } = await withPeers(1, 2);
    for (const engine of engines) Object.assign(engine, { getStats: async () => new Map() });
    server.say(offer(1), offer(2));
    server.say({ type: 'evidence', epoch: 2, seconds: 6 });
    for (let n = 0; n < 4; n += 1) {
      await settled();
      clock.advance(5_000);
    }
    expect(server.of('evidence').map(({ epoch }) => epoch)).toEqual([2, 2]);
    expect(peer.connections.size).toBe(2);
  });
});

describe('the statistics of a connection', () => {
  const report = new Map([['p', { id: 'p', type: 'candidate-pair', selected: true, bytesSent: 7 }]]);

  /** A peer that is being connected with another one, and how often its engine was asked. */
  async function counted() {
    const played = await playedConnection();
    const { engine } = played;
    let reads = 0;
    Object.assign(engine, {
      getStats: async () => {
        reads += 1;
        return report;
      },
    });
    return { ...played, reads: () => reads };
  }

  it.each(['connection', 'peer'] as const)('are told every 5 s to who listens at the %s', async (who) => {
    const played = await counted();
    const { peer, connection, engine, server, clock, reads } = played;
    const told: unknown[][] = [];
    (played[who] as Peer).on('stats', (...args) => told.push(args));
    clock.advance(10_000);
    await settled();
    expect(reads()).toBe(0);
    server.say(answer);
    await settled();
    await connect(engine);
    await settled();
    const stats = expect.objectContaining({ bytesSent: 7 });
    const once = who === 'peer' ? [stats, 'peer 1'] : [stats];
    expect([connection.state, told]).toEqual(['connected', [once]]);
    clock.advance(4_950);
    await settled();
    expect(told).toHaveLength(1);
    clock.advance(50);
    await settled();
    expect(told).toEqual([once, once]);
    // Not while it looks for a new path, nor after its end.
    engine.describedAs += 'a=ice-ufrag:another\r\n';
    peer.networkChanged();
    clock.advance(10_000);
    await settled();
    expect([connection.state, reads()]).toEqual(['restarting', 2]);
    while (engine.isBusy) await engine.proceed();
    server.say(answer);
    await settled();
    await connect(engine);
    await settled();
    expect([connection.state, told]).toEqual(['connected', [once, once, once]]);
    // Nor if it ends while they are read.
    clock.advance(5_000);
    server.say(gone(1));
    await settled();
    expect([reads(), told.length]).toEqual([4, 3]);
    clock.advance(10_000);
    await settled();
    expect(reads()).toBe(4);
  });

  it('are not read while nobody listens', async () => {
    const { engine, server, clock, reads } = await counted();
    server.say(answer);
    await settled();
    await connect(engine);
    clock.advance(60_000);
    await settled();
    expect(reads()).toBe(0);
  });

  it('are those of the only connection, if a peer is asked; there are none without one', async () => {
    const { peer, server, engines } = await playedPeer({ peers: 2 }, 2);
    expect(await peer.stats()).toBeUndefined();
    server.say(initiated(1));
    for (const engine of engines) Object.assign(engine, { getStats: async () => report });
    expect(await peer.stats()).toMatchObject({ bytesSent: 7 });
    server.say(initiated(2));
    expect(await errorOf(peer.stats())).toMatchObject({ code: 'several_connections' });
  });
});

describe('a wait for a channel', () => {
  it('is over once that channel is open', async () => {
    const { peer, server, engines } = await playedPeer({ channels: [{ label: 'moves' }] });
    server.say(initiated(1));
    await settled();
    const opened: string[] = [];
    for (const label of ['chat', 'moves'])
      void connectionOf(peer, 1)
        .opened(label)
        .then(() => opened.push(label));
    for (const channel of engines[0]?.channels ?? []) {
      channel.open();
      await settled();
      expect(opened.at(-1)).toBe(channel.label);
    }
    expect(opened).toEqual(['chat', 'moves']);
  });

  it('fails once that channel is closed, and no other; its connection goes on', async () => {
    const { peer, connection, engine } = await playedConnection({}, { channels: [{ label: 'moves' }] });
    const errors: string[] = [];
    connection.on('error', ({ code, message }) => errors.push(`${code} ${message.includes('moves')}`));
    const moves = errorOf(connection.opened('moves'));
    engine.channels[1]?.close();
    expect(await moves).toMatchObject({ code: 'channel_closed' });
    expect([errors, peer.connections.size]).toEqual([['channel_closed true'], 1]);
  });

  it('fails 30 s after the connection came about, and not before', async () => {
    const { connection, engine, server, clock } = await playedConnection(
      {},
      { channels: [{ label: 'moves' }] },
    );
    server.say(answer);
    await settled();
    let outcome = 'waits';
    connection.opened('moves').catch(({ code }) => {
      outcome = code;
    });
    await connect(engine);
    clock.advance(29_900);
    await settled();
    expect([connection.state, outcome]).toEqual(['connected', 'waits']);
    clock.advance(200);
    await settled();
    expect([connection.state, outcome]).toEqual(['connected', 'channel_timeout']);
  });
});

describe('a listener that throws', () => {
  const cause = new Error('of the application');

  /** Has a listener throw at what the other peer signals. */
  async function throwing(prepare: (peer: Peer, connection: Connection) => void): Promise<unknown[]> {
    const { peer, server, of } = await withPeers(1);
    prepare(peer, of(1));
    of(1).on('signal', () => {
      throw cause;
    });
    return thrownLater(() => {
      server.say({ type: 'signal', data: 1, from_peer: true, epoch: 1 });
      expect([peer.connections.size, server.of('unpair').length]).toEqual([0, 1]);
    });
  }

  it.each<[string, unknown[], (peer: Peer, connection: Connection) => void]>([
    ['nobody listens for errors', [cause], () => {}],
    ['its connection has a listener for errors', [], (_, connection) => connection.on('error', () => {})],
    ['its peer has a listener for errors', [], (peer) => peer.on('error', () => {})],
  ])('ends its connection; if %s, what comes later is %j', async (_, later, prepare) => {
    expect(await throwing(prepare)).toEqual(later);
  });

  it('at an error, too, is called once, and what it threw last comes later', async () => {
    const second = new Error('again');
    let calls = 0;
    const later = await throwing((_, connection) =>
      connection.on('error', () => {
        calls += 1;
        throw second;
      }),
    );
    expect([calls, later]).toEqual([1, [second]]);
  });
});

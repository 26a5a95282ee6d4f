/** Several connections of one peer: each has its own pairing, and what happens in one is no matter of the others. */
import { describe, expect, it } from '@jest/globals';
import type { Connection, ConnectionState, PairlaneError } from '../../../src/client/index.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import {
  closings,
  connect,
  connectionOf,
  gone,
  initiated,
  joined,
  offer,
  paired,
  playedConnection,
  withPeers,
} from '../../support/peers/played-pairings.ts';
import { type PlayedPeer, playedPeer, settled } from '../../support/peers/played-peer.ts';
import { errorOf } from '../../support/peers/werift-peers.ts';

describe('a peer with `peers`', () => {
  it.each([
    [{ peers: 3 }, '3'],
    [{ accept: () => true }, '1'],
    [{}, null],
  ])('tells the server so in its URL, and one without says nothing: %o', async (options, said) => {
    const { server } = await playedPeer(options);
    expect(server.urls.map(({ searchParams }) => searchParams.get('peers'))).toEqual([said]);
  });

  it('tells of each connection once, before anything can come over it, with what its initiator said', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const told: unknown[] = [];
    peer.on('connection', ({ peerId, epoch, initiator, metadata, state }) =>
      told.push({ peerId, epoch, initiator, metadata, state }),
    );
    server.say(paired(1, { metadata: { name: 'Ann' } }), offer(1), paired(2));
    expect(told).toEqual([
      { peerId: 'peer 1', epoch: 1, initiator: false, metadata: { name: 'Ann' }, state: 'paired' },
      { peerId: 'peer 2', epoch: 2, initiator: false, metadata: undefined, state: 'paired' },
    ]);
    expect([...peer.connections.keys()]).toEqual(['peer 1', 'peer 2']);
  });

  it('hands each signal to the connection of its epoch, and drops those of none', async () => {
    const { server, of, engines } = await withPeers(1, 2);
    server.say(offer(2), offer(3), offer());
    expect([of(1).state, of(2).state]).toEqual(['paired', 'answering']);
    await settled();
    expect(engines.map(({ calls }) => calls)).toEqual([[], ['setRemote(offer)']]);
  });

  it('hands the only connection what is of its epoch, or of none, as an old server sends it', async () => {
    const { peer, server, of } = await withPeers(1);
    server.say(offer(2), gone(2));
    expect([of(1).state, of(1).epoch]).toEqual(['paired', 1]);
    server.say(offer());
    expect(of(1).state).toBe('answering');
    server.say({ ...gone(1), epoch: undefined });
    expect(peer.connections.size).toBe(0);
  });

  it('says with every signal which pairing it is of', async () => {
    const { server, engines } = await withPeers(1, 2);
    server.say(offer(1), offer(2));
    await settled();
    for (const engine of engines) while (engine.isBusy) await engine.proceed();
    expect(server.of('answer').map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  it('is `connected` only when all of its connections are, and tells each change once', async () => {
    const { peer, server, of, engines } = await withPeers(1, 2);
    const states: string[] = [];
    peer.on('state', (state) => states.push(state));
    server.say(offer(1), offer(2));
    await settled();
    for (const [at, engine] of engines.entries()) {
      await connect(engine);
      expect(of(at + 1).state).toBe('connected');
    }
    // Of the first that is not connected.
    expect(states).toEqual(['answering', 'checking', 'answering', 'checking', 'connected']);
    expect(peer.state).toBe('connected');
  });

  it.each(['send', 'opened'] as const)('does not guess whom %s() is for', async (call) => {
    const { peer } = await withPeers(1, 2);
    expect(await errorOf(peer[call]('x'.slice(1) || 'chat'))).toMatchObject({
      code: 'several_connections',
      message: expect.stringContaining('`connections`'),
    });
  });

  it('has no more connections than the server allows, whatever it then says', async () => {
    const { peer, server } = await playedPeer({ peers: 4 }, 2);
    server.say(paired(1), paired(2), paired(3));
    expect([...peer.connections.keys()]).toEqual(['peer 2', 'peer 3']);
  });

  it.each([
    ['that the server says nothing of several', { peers: 4 }, undefined],
    ['that has not asked for several', {}, 4],
  ])('%s has one at a time: the newest', async (_, options, maxPeers) => {
    const { peer, server } = await playedPeer(options, maxPeers);
    server.say(paired(1), paired(2));
    expect([...peer.connections.keys()]).toEqual(['peer 2']);
  });

  it('has one connection with each other peer: a new pairing takes the place of the old one', async () => {
    const { peer, server, of } = await withPeers(1, 2);
    const ended = closings(of(1));
    server.say(paired(7, { peer_id: 'peer 1' }));
    expect(ended).toEqual([{ reason: 'disconnected' }]);
    expect([peer.connections.size, of(1).epoch]).toEqual([2, 7]);
  });
});

describe('the end of one connection', () => {
  it('that the other one left is told once, with the reason, and leaves the others as they are', async () => {
    const { peer, server, of } = await withPeers(1, 2, 3);
    const connection = of(2);
    const ended = closings(connection);
    const states: ConnectionState[] = [];
    connection.on('state', (state) => states.push(state));
    const told: unknown[] = [];
    peer.on('peer_disconnected', (who) => told.push(who));
    const opened = errorOf(connection.opened());
    server.say(gone(2, 'timed_out'));
    expect(ended).toEqual([{ reason: 'timed_out' }]);
    expect(told).toEqual([{ peerId: 'peer 2', reason: 'timed_out' }]);
    expect(states).toEqual(['disconnected']);
    expect(await opened).toMatchObject({ code: 'peer_gone' });
    expect(await errorOf(connection.opened())).toMatchObject({ code: 'peer_gone' });
    expect(await errorOf(connection.send('x'))).toMatchObject({ code: 'not_open' });
    expect([...peer.connections.keys()]).toEqual(['peer 1', 'peer 3']);
    expect([of(1).state, of(3).state, peer.signaling]).toEqual(['paired', 'paired', 'online']);
  });

  it('by its close() is said to the server with its epoch; what still comes for it is dropped', async () => {
    const { peer, server, of, engines } = await withPeers(1, 2);
    const connection = of(1);
    const ended = closings(connection);
    await connection.close();
    await connection.close();
    expect(server.of('unpair')).toEqual([{ type: 'unpair', epoch: 1 }]);
    expect(ended).toEqual([{ reason: 'unpaired' }]);
    expect(engines.map(({ calls }) => calls)).toEqual([['close'], []]);
    server.say(offer(1), gone(1));
    expect([...peer.connections.keys()]).toEqual(['peer 2']);
  });

  it('by a negotiation that failed is an error of that one, and of the peer', async () => {
    const { peer, server, of } = await withPeers(1, 2);
    const errors: [string, string][] = [];
    peer.on('error', ({ code }) => errors.push(['peer', code]));
    for (const epoch of [1, 2]) of(epoch).on('error', ({ code }) => errors.push([`${epoch}`, code]));
    const ended = closings(of(1));
    server.say({ ...offer(1), sdp: 'this is no SDP' });
    await settled();
    expect(errors).toEqual([
      ['peer', 'description_refused'],
      ['1', 'description_refused'],
    ]);
    expect(ended).toMatchObject([{ reason: 'failed', error: { code: 'description_refused' } }]);
    expect([...peer.connections.keys()]).toEqual(['peer 2']);
  });

  it('by a listener that throws is an error with its cause; the others are not touched', async () => {
    const { peer, server, of } = await withPeers(1, 2);
    const errors: PairlaneError[] = [];
    peer.on('error', (error) => errors.push(error));
    const cause = new Error('of the application');
    of(1).on('state', () => {
      throw cause;
    });
    const ended = closings(of(1));
    server.say(offer(1), offer(2));
    // Its listener is told of the end, too, and throws again.
    expect(errors).toMatchObject([1, 2].map(() => ({ code: 'listener_failed', cause })));
    expect(ended).toMatchObject([{ reason: 'failed', error: { code: 'listener_failed' } }]);
    expect(server.of('unpair')).toEqual([{ type: 'unpair', epoch: 1 }]);
    expect([[...peer.connections.keys()], of(2).state]).toEqual([['peer 2'], 'answering']);
  });

  it('by a listener of `connection` that throws is one of that connection only', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const errors: string[] = [];
    peer.on('error', ({ code }) => errors.push(code));
    peer.on('connection', ({ epoch }) => {
      if (epoch === 1) throw new Error('of the application');
    });
    server.say(paired(1), paired(2));
    expect([errors, [...peer.connections.keys()]]).toEqual([['listener_failed'], ['peer 2']]);
  });

  it('is that of all when the peer is closed, and the link goes last', async () => {
    const { peer, of } = await withPeers(1, 2);
    const ended = [closings(of(1)), closings(of(2))];
    const states: string[] = [];
    peer.on('state', (state) => states.push(state));
    await peer.close();
    expect(ended).toEqual([[{ reason: 'closed' }], [{ reason: 'closed' }]]);
    expect([states, peer.connections.size]).toEqual([['disconnected'], 0]);
  });

  it('is awaited by a peer that is closed: what it sent arrives, or a second has passed', async () => {
    for (const arrives of [true, false]) {
      const { peer, server, channel, clock } = await playedConnection();
      const links: unknown[] = [];
      peer.on('signaling', (state, id) => links.push([state, id]));
      void peer.send('last word');
      let isClosed = false;
      void peer.close().then(() => {
        isClosed = true;
      });
      await settled();
      expect([peer.state, peer.signaling, links]).toEqual(['draining', 'online', []]);
      if (arrives) channel.drain();
      else clock.advance(1_050);
      await settled();
      expect([isClosed, peer.signaling, links]).toEqual([true, 'closed', [['closed', 'me']]]);
      expect([channel.sent, server.of('unpair')]).toEqual([arrives ? ['last word'] : [], []]);
    }
  });

  it('comes after the goodbye to the server, if the peer is closed at once', async () => {
    const { peer, engines } = await withPeers(1, 2);
    const order: string[] = [];
    peer.on('signaling', (state) => order.push(state));
    for (const engine of engines) engine.close = () => void order.push('connection');
    await peer.close({ atOnce: true });
    expect(order).toEqual(['closed', 'connection', 'connection']);
  });

  it('is that of the peer, too: who waits for the next one, and its rooms', async () => {
    const { peer, server } = await playedPeer();
    const joining = peer.join('den');
    await settled();
    server.say(joined('den'));
    const ends: unknown[] = [];
    (await joining).on('close', (end) => ends.push(end));
    const opened = peer.opened().catch(({ code }) => ends.push(code));
    await peer.close();
    await settled();
    expect(ends).toEqual([{ reason: 'closed' }, 'closed']);
    await opened;
  });

  it('forgets what was heard of it, so that what others have said is known however many come and go', async () => {
    const { peer, server, clock } = await withPeers(1);
    const heard: unknown[] = [];
    peer.on('signal', (data) => heard.push(data));
    const signal = { type: 'signal', data: 'once', from_peer: true };
    server.relay({ ...signal, epoch: 1 }, 1);
    for (let epoch = 2; epoch <= 1_100; epoch += 1) {
      // No faster than a client takes it.
      clock.advance(10);
      server.say(paired(epoch));
      server.relay({ ...signal, data: epoch, epoch }, 1);
      server.say(gone(epoch));
    }
    expect(heard).toHaveLength(1_100);
    server.relay({ ...signal, epoch: 1 }, 1);
    expect(heard).toHaveLength(1_100);
  });

  it('is over for a peer that is closed once its sockets are released', async () => {
    const { peer, engines, of, clock } = await withPeers(1, 2);
    const released: (() => void)[] = [];
    for (const engine of engines)
      engine.close = () => new Promise<void>((resolve) => released.push(resolve)) as never;
    const done: string[] = [];
    void of(1)
      .close()
      .then(() => done.push('connection'));
    await settled();
    void peer.close().then(() => done.push('peer'));
    await settled();
    expect([released.length, done]).toEqual([2, []]);
    released[0]?.();
    await settled();
    expect(done).toEqual(['connection']);
    released[1]?.();
    await settled();
    expect(done).toEqual(['connection', 'peer']);
    // Nothing keeps its process alive any more.
    expect(clock.nextAt).toBe(Number.POSITIVE_INFINITY);
  });

  it('releases all that the peer held of it: 50 come and go, and no trace of any is left', async () => {
    const { peer, server, clock, engines } = await playedPeer({ peers: 2 }, 2);
    const connections: WeakRef<Connection>[] = [];
    peer.on('connection', (connection) => connections.push(new WeakRef(connection)));
    for (let epoch = 1; epoch <= 50; epoch += 1) {
      server.say(paired(epoch), offer(epoch));
      await settled();
      while (engines[0]?.isBusy) await engines[0].proceed();
      if (epoch % 2 === 0) server.say(gone(epoch));
      else await connectionOf(peer, epoch).close();
      engines.length = 0;
    }
    clock.advance(60_000);
    await settled();
    collectGarbage();
    await settled();
    collectGarbage();
    expect(connections).toHaveLength(50);
    expect(connections.filter((connection) => connection.deref() !== undefined)).toEqual([]);
  });
});

describe('connect()', () => {
  it('asks for one after another, with its metadata, and gives each the connection that it asked for', async () => {
    const { peer, server } = await playedPeer({ peers: 3 }, 3);
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    const first = peer.connect({ id: 'peer 1', metadata: { seat: 4 }, traceparent });
    const second = peer.connect({ key: 'AAAA' });
    expect(server.of('pair_request')).toEqual([
      { type: 'pair_request', target_id: 'peer 1', metadata: { seat: 4 }, traceparent },
    ]);
    server.say(initiated(1));
    expect(await first).toBe(connectionOf(peer, 1));
    expect(connectionOf(peer, 1).metadata).toEqual({ seat: 4 });
    await settled();
    expect(server.of('pair_request')[1]).toEqual({ type: 'pair_request', key: 'AAAA' });
    server.say(initiated(2));
    expect(await second).toBe(connectionOf(peer, 2));
    expect(connectionOf(peer, 2).metadata).toBe(undefined);
  });

  it('waits 10 s for its own answer, whenever the one before was answered', async () => {
    const { peer, server, clock } = await playedPeer({ peers: 3 }, 3);
    const first = peer.connect({ id: 'peer 1' });
    clock.advance(6_000);
    server.say(initiated(1));
    await first;
    const ended: string[] = [];
    const second = peer.connect({ id: 'peer 2' }).catch(({ code }) => ended.push(code));
    await settled();
    clock.advance(9_900);
    await settled();
    expect(ended).toEqual([]);
    clock.advance(200);
    await second;
    expect(ended).toEqual(['timeout']);
  });

  it('is answered by the peer that it names: not by one whom the server pairs with us meanwhile, or who comes too late', async () => {
    const { peer, server, clock } = await playedPeer({ peers: 4 }, 4);
    const late = errorOf(peer.connect({ id: 'peer 1', metadata: 'for 1' }));
    clock.advance(10_050);
    expect(await late).toMatchObject({ code: 'timeout' });
    const answers: string[] = [];
    const asked = peer.connect({ id: 'peer 3', metadata: 'for 3' });
    asked.then(({ peerId }) => answers.push(peerId));
    server.say(initiated(1), initiated(2));
    await settled();
    expect(answers).toEqual([]);
    expect([connectionOf(peer, 1), connectionOf(peer, 2)].map(({ metadata }) => metadata)).toEqual([
      undefined,
      undefined,
    ]);
    server.say(initiated(3));
    expect((await asked).peerId).toBe('peer 3');
    expect((await asked).metadata).toBe('for 3');
  });

  it('whose answer names it, and comes after its time, is left: neither it nor the next one is answered by that', async () => {
    const { peer, server, clock } = await playedPeer({ peers: 4 }, 4);
    const late = errorOf(peer.connect({ id: 'peer 1' }));
    clock.advance(10_050);
    expect(await late).toMatchObject({ code: 'timeout' });
    server.say({ ...initiated(1), request: 1 });
    expect(server.of('unpair')).toEqual([{ type: 'unpair', epoch: 1 }]);
    const next = errorOf(peer.pair({ id: 'peer 1' }));
    clock.advance(10_050);
    expect(await next).toMatchObject({ code: 'timeout' });
    const abort = new AbortController();
    const last = errorOf(peer.pair({ id: 'peer 1' }, { signal: abort.signal }));
    abort.abort();
    expect(await last).toMatchObject({ code: 'aborted' });
    // That of the one before: the last one keeps its place until it is answered itself.
    server.say({ ...initiated(2), peer_id: 'peer 1', request: 3 });
    expect(await errorOf(peer.pair({ id: 'peer 3' }))).toMatchObject({ code: 'request_pending' });
    server.say({ ...initiated(3), peer_id: 'peer 1', request: 4 });
    expect(server.of('unpair').map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(peer.connections.size).toBe(0);
  });

  it('whose refusal names it, and comes after its time, is no matter of the next one, nor of anybody', async () => {
    const { peer, server, clock } = await playedPeer({ peers: 4 }, 4);
    const errors: unknown[] = [];
    peer.on('error', (error) => errors.push(error));
    const late = errorOf(peer.connect({ id: 'peer 1' }));
    clock.advance(10_050);
    expect(await late).toMatchObject({ code: 'timeout' });
    const asked = peer.connect({ id: 'peer 2' });
    const refusal = { type: 'error', code: 'unavailable', message: 'No', for: 'pair_request' };
    server.say({ ...refusal, request: 1 }, initiated(2));
    expect((await asked).peerId).toBe('peer 2');
    const refused = errorOf(peer.connect({ id: 'peer 3' }));
    await settled();
    server.say({ ...refusal, request: 3 });
    expect(await refused).toMatchObject({ code: 'unavailable' });
    expect(errors).toEqual([]);
  });

  it('that is refused, or has no answer in time, is no matter of the next one', async () => {
    const { peer, server, clock } = await playedPeer({ peers: 3 }, 3);
    const asked = ['a', 'b', 'peer 3'].map((id) => peer.connect({ id }));
    const errors = asked.slice(0, 2).map(errorOf);
    server.say({ type: 'error', code: 'target_not_found', message: 'No', for: 'pair_request' });
    expect(await errors[0]).toMatchObject({ code: 'target_not_found' });
    await settled();
    clock.advance(10_050);
    expect(await errors[1]).toMatchObject({ code: 'timeout' });
    await settled();
    server.say(initiated(3));
    expect((await asked[2])?.peerId).toBe('peer 3');
  });

  it('may be given up by a signal: while it waits for its turn nothing is ever asked', async () => {
    const { peer, server } = await playedPeer({ peers: 3 }, 3);
    const first = peer.connect({ id: 'peer 1' });
    const abort = new AbortController();
    const second = errorOf(peer.connect({ id: 'peer 2', signal: abort.signal }));
    abort.abort(new Error('changed my mind'));
    expect(await second).toMatchObject({ code: 'aborted', cause: { message: 'changed my mind' } });
    expect(await errorOf(peer.connect({ id: 'x', signal: abort.signal }))).toMatchObject({ code: 'aborted' });
    server.say(initiated(1));
    await first;
    await settled();
    expect(server.of('pair_request')).toHaveLength(1);
  });

  it('that was given up when it was asked already leaves the pairing that still comes, untold', async () => {
    const { peer, server } = await playedPeer({ peers: 3 }, 3);
    const abort = new AbortController();
    const first = errorOf(peer.connect({ id: 'peer 1', signal: abort.signal }));
    const second = peer.connect({ id: 'peer 2' });
    abort.abort();
    expect(await first).toMatchObject({ code: 'aborted' });
    await settled();
    expect(server.of('pair_request')).toHaveLength(1);
    const told: Connection[] = [];
    peer.on('connection', (connection) => told.push(connection));
    server.say(initiated(1));
    expect(server.of('unpair')).toEqual([{ type: 'unpair', epoch: 1 }]);
    await settled();
    server.say(initiated(2));
    expect(told).toEqual([await second]);
  });

  it('is not answered by somebody whom a room pairs with us meanwhile', async () => {
    const { peer, server } = await playedPeer({ peers: 3 }, 3);
    const asked = peer.connect({ id: 'peer 2', metadata: 'mine' });
    server.say({ ...initiated(1), room: 'lobby' }, initiated(2));
    expect(await asked).toBe(connectionOf(peer, 2));
    expect([connectionOf(peer, 1).metadata, connectionOf(peer, 2).metadata]).toEqual([undefined, 'mine']);
  });

  it.each([
    ['too large', 'x'.repeat(2_047)],
    ['no JSON', () => {}],
    ['in a circle', circle()],
  ])('refuses metadata that is %s, before anything is asked', async (_, metadata) => {
    const { peer, server } = await playedPeer({ peers: 3 }, 3);
    expect(await errorOf(peer.connect({ id: 'a', metadata }))).toMatchObject({ code: 'metadata_too_large' });
    expect(server.of('pair_request')).toEqual([]);
  });

  it('without a server says so', async () => {
    const { peer, server } = await playedPeer({ peers: 3 }, 3);
    server.cut();
    await settled();
    expect(await errorOf(peer.connect({ id: 'a' }))).toMatchObject({ code: 'not_online' });
  });
});

function circle(): object {
  const self: { self?: object } = {};
  self.self = self;
  return self;
}

describe('a link that is cut', () => {
  async function cut(played: PlayedPeer): Promise<void> {
    played.server.cut();
    await settled();
    played.clock.advance(30_000);
    await settled();
  }

  it('comes back with all pairings, also those that wait to be accepted, and keeps them', async () => {
    const accept = ({ peerId }: { peerId: string }) =>
      peerId === 'peer 3' ? new Promise<boolean>(() => {}) : true;
    const played = await playedPeer({ peers: 3, accept, timeouts: { acceptMs: 0, offerMs: 0 } }, 3);
    const { peer, server } = played;
    server.say(paired(1), paired(2), paired(3));
    await settled();
    await cut(played);
    expect(server.urls[1]?.search).toBe('?peers=3&resume=back&evidence=2');
    const claim = (epoch: number) => ({ peer_id: `peer ${epoch}`, epoch, initiator: false });
    expect(server.of('resume')).toMatchObject([{ pairings: [claim(1), claim(2), claim(3)] }]);
    expect(server.of('resume')[0]).not.toHaveProperty('pairing');
    server.resume(true);
    server.say(offer(2));
    expect([connectionOf(peer, 1).state, connectionOf(peer, 2).state]).toEqual(['paired', 'answering']);
  });

  it('of a peer without `peers` comes back with its pairing as ever', async () => {
    const played = await playedPeer({ timeouts: { offerMs: 0 } });
    played.server.say(paired(1));
    await cut(played);
    const [resume] = played.server.of('resume');
    expect(resume).toMatchObject({ pairing: { peer_id: 'peer 1', epoch: 1, initiator: false } });
    expect(resume).not.toHaveProperty('pairings');
  });

  it('and a server that has forgotten us end what is not connected, and nothing that is', async () => {
    const played = await withPeers(1, 2);
    const { server, engines, peer } = played;
    server.say(offer(1));
    await settled();
    for (const engine of engines.slice(0, 1)) await connect(engine);
    const ended = closings(connectionOf(peer, 2));
    await cut(played);
    server.say({ ...server.greeting, id: 'somebody new' });
    expect(ended).toMatchObject([{ reason: 'failed', error: { code: 'signaling_lost' } }]);
    expect([[...peer.connections.keys()], peer.state]).toEqual([['peer 1'], 'connected']);
  });
});

describe('a link that is lost for good', () => {
  const end = async ({ server }: PlayedPeer) => {
    server.end(1008, 'no more');
    await settled();
  };

  it('ends what is not connected, and nothing that is', async () => {
    const played = await withPeers(1, 2);
    const { peer, server, engines, of } = played;
    server.say(offer(1));
    await settled();
    for (const engine of engines.slice(0, 1)) await connect(engine);
    const [ended, errors] = [closings(of(2)), [] as string[]];
    peer.on('error', ({ code }) => errors.push(code));
    await end(played);
    expect(ended).toMatchObject([{ reason: 'failed', error: { code: 'signaling_lost' } }]);
    expect([[...peer.connections.keys()], peer.state]).toEqual([['peer 1'], 'connected']);
    expect(errors).toEqual(['ended', 'signaling_lost']);
  });

  it('fails whoever waits for the next peer, and who asks for one later', async () => {
    const played = await playedPeer();
    const { peer } = played;
    const outcomes: string[] = [];
    const wait = () =>
      peer.opened().then(
        () => outcomes.push('opened'),
        ({ code }) => outcomes.push(code),
      );
    void wait();
    await end(played);
    void wait();
    await settled();
    expect([outcomes, peer.state]).toEqual([['ended', 'signaling_failed'], 'disconnected']);
  });

  it('is the end of rooms, with its reason', async () => {
    const played = await playedPeer();
    const joining = played.peer.join('den');
    await settled();
    played.server.say(joined('den'));
    const ends: unknown[] = [];
    (await joining).on('close', (reason) => ends.push(reason));
    await end(played);
    expect(ends).toMatchObject([{ reason: 'failed', error: { code: 'ended' } }]);
    expect(played.peer.rooms.size).toBe(0);
  });
});

describe('a peer', () => {
  it('tells of each pairing, who asked for it, and hears its members in a room', async () => {
    const { peer, server, engines } = await playedPeer({ peers: 2 }, 2);
    const told: unknown[] = [];
    peer.on('paired', (pairing) => told.push(pairing));
    const joining = peer.join('den');
    await settled();
    server.say({ ...joined('den'), topology: 'mesh', peers: [{ id: 'peer 1' }] });
    const heard: unknown[] = [];
    (await joining).on('message', (...args) => heard.push(args));
    server.say(initiated(1, { room: 'den' }), paired(2));
    await settled();
    engines[0]?.channels[0]?.open();
    engines[0]?.channels[0]?.onmessage?.({ data: 'hello' });
    expect(heard).toEqual([['hello', 'peer 1', 'chat']]);
    expect(told).toEqual([
      { peerId: 'peer 1', initiator: true },
      { peerId: 'peer 2', initiator: false },
    ]);
  });

  it('leaves all of its pairings, and stays with its server', async () => {
    const { peer, server } = await withPeers(1, 2);
    peer.unpair();
    expect(server.of('unpair').map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect([peer.connections.size, peer.signaling, peer.state]).toEqual([0, 'online', 'unpaired']);
  });

  it('signals to its only peer, and says why it cannot', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const codeOf = (call: () => void) => {
      try {
        call();
      } catch (error) {
        return (error as PairlaneError).code;
      }
      return undefined;
    };
    const codes = [0, 1, 2].map((count) => {
      if (count > 0) server.say(paired(count));
      return codeOf(() => peer.signal(count));
    });
    expect(codes).toEqual(['not_paired', undefined, 'several_connections']);
    expect(server.of('signal')).toEqual([{ type: 'signal', data: 1, epoch: 1 }]);
  });

  it('lists rooms, and says whether there are more', async () => {
    const { peer, server } = await playedPeer();
    for (const more of [undefined, true]) {
      const listing = peer.listRooms();
      await settled();
      server.say({ type: 'rooms', rooms: [], ...(more && { more }) });
      expect(await listing).toEqual({ rooms: [], more: more === true });
    }
  });

  it('joins its rooms again at a server that has lost them, and only there', async () => {
    const { peer, server, clock } = await playedPeer({ reconnect: { baseMs: 0, capMs: 0 } });
    const joining = peer.join('den');
    await settled();
    server.say(joined('den'));
    await joining;
    const asked: number[] = [];
    for (const isRestarted of [false, true]) {
      server.cut();
      await settled();
      clock.advance(100);
      await settled();
      server.resume(isRestarted);
      await settled();
      asked.push(server.of('join_room').length);
    }
    expect(asked).toEqual([1, 2]);
  });

  it('keeps the waits for its first peer that were not given up', async () => {
    const { peer, server, engines } = await playedPeer();
    const abort = new AbortController();
    const outcomes: string[] = [];
    for (const signal of [undefined, abort.signal, undefined])
      peer.opened(undefined, { signal }).then(
        () => outcomes.push('opened'),
        ({ code }) => outcomes.push(code),
      );
    abort.abort();
    await settled();
    server.say(initiated(1));
    await settled();
    engines[0]?.channels[0]?.open();
    await settled();
    expect(outcomes).toEqual(['aborted', 'opened', 'opened']);
  });
});

describe('a key', () => {
  it('for as long as we stay connected and for any number of uses is asked for with 0, and has no end', async () => {
    const { peer, server } = await playedPeer();
    const key = peer.createKey({ ttlS: 0, uses: 0 });
    expect(server.of('create_key')).toEqual([{ type: 'create_key', ttl_s: 0, uses: 0 }]);
    server.say({ type: 'key', key: 'AAAA-AAAA-AAAA' });
    expect(await key).toEqual({ key: 'AAAA-AAAA-AAAA', expiresAt: undefined });
  });

  it('whose time is over is told', async () => {
    const { peer, server } = await playedPeer();
    const expired: unknown[] = [];
    peer.on('key_expired', (told) => expired.push(told));
    server.say({ type: 'key_expired', key: 'AAAA-AAAA-AAAA' });
    expect(expired).toEqual([{ key: 'AAAA-AAAA-AAAA' }]);
  });
});

/** Pairings that others ask for wait until the user has accepted them. */
import { describe, expect, it } from '@jest/globals';
import type { Connection, ConnectRequest, PairlaneError } from '../../../src/client/index.ts';
import {
  closings,
  connectionOf,
  gone,
  initiated,
  offer,
  paired,
  playedConnection,
} from '../../support/peers/played-pairings.ts';
import { type PlayedPeer, playedPeer, settled } from '../../support/peers/played-peer.ts';
import { errorOf } from '../../support/peers/werift-peers.ts';

/** A peer that is asked by each of these, and whose user answers when the test says so. */
async function askedBy(...epochs: number[]) {
  const answers = new Map<string, (answer: boolean) => void>();
  const accept = ({ peerId }: ConnectRequest) =>
    new Promise<boolean>((resolve) => answers.set(peerId, resolve));
  const played = await playedPeer(
    { peers: 4, accept, reconnect: { baseMs: 0, capMs: 0 }, timeouts: { offerMs: 0 } },
    4,
  );
  const errors: string[] = [];
  played.peer.on('error', ({ code }) => errors.push(code));
  for (const epoch of epochs) played.server.say(paired(epoch));
  const answer = async (...given: boolean[]) => {
    given.forEach((one, n) => {
      answers.get(`peer ${epochs[n]}`)?.(one);
    });
    await settled();
  };
  return { ...played, errors, answer };
}

describe('accept', () => {
  it.each([
    ['true', () => true],
    ['a promise of true', async () => true],
  ])('that says %s lets the negotiation begin, with what was signaled meanwhile', async (_, accept) => {
    const { peer, server } = await playedPeer({ peers: 2, accept }, 2);
    server.say(paired(1), offer(1), { type: 'candidate', candidate: null, from_peer: true, epoch: 1 });
    expect(peer.connections.size).toBe(0);
    await settled();
    expect(connectionOf(peer, 1).state).toBe('answering');
  });

  it.each([
    ['false', () => false, {}],
    ['a promise of false', async () => false, {}],
    ['why not', () => 'full', { reason: 'full' }],
    ['nothing', () => undefined as never, {}],
  ])('that says %s rejects, and there is never a connection', async (_, accept, reason) => {
    const { peer, server } = await playedPeer({ peers: 2, accept }, 2);
    const told: Connection[] = [];
    peer.on('connection', (connection) => told.push(connection));
    server.say(paired(1), offer(1));
    await settled();
    expect(server.of('reject')).toEqual([{ type: 'reject', epoch: 1, ...reason }]);
    expect(told).toEqual([]);
  });

  it('is asked with who it is and what they said', async () => {
    const asked: unknown[] = [];
    const accept = (request: unknown) => asked.push(request) > 0;
    const { server } = await playedPeer({ peers: 2, accept }, 2);
    server.say(paired(1, { metadata: ['a', 1] }));
    await settled();
    expect(asked).toEqual([{ peerId: 'peer 1', metadata: ['a', 1] }]);
  });

  it('that throws rejects, and is an error with its cause', async () => {
    const cause = new Error('of the application');
    const accept = () => {
      throw cause;
    };
    const { peer, server } = await playedPeer({ peers: 2, accept }, 2);
    const errors: PairlaneError[] = [];
    peer.on('error', (error) => errors.push(error));
    server.say(paired(1));
    await settled();
    expect(server.of('reject')).toEqual([{ type: 'reject', epoch: 1 }]);
    expect(errors).toMatchObject([{ code: 'accept_failed', cause }]);
  });

  it('that does not answer within 10 s rejects, and is an error; a late answer changes nothing', async () => {
    let answer = (_: boolean) => {};
    const accept = () => new Promise<boolean>((resolve) => (answer = resolve));
    const { peer, server, clock } = await playedPeer({ peers: 2, accept }, 2);
    const errors: PairlaneError[] = [];
    peer.on('error', (error) => errors.push(error));
    server.say(paired(1));
    clock.advance(10_050);
    expect(server.of('reject')).toMatchObject([{ epoch: 1, reason: 'no answer in time' }]);
    expect(errors).toMatchObject([{ code: 'accept_timeout' }]);
    answer(true);
    await settled();
    expect([peer.connections.size, server.of('reject').length]).toEqual([0, 1]);
  });

  it('that comes too late, for somebody who has left, is no connection', async () => {
    const { peer, server } = await playedPeer({ peers: 2, accept: async () => true }, 2);
    server.say(paired(1), gone(1));
    await settled();
    expect([peer.connections.size, server.of('reject')]).toEqual([0, []]);
  });

  it('that has answered in time is no error later', async () => {
    const { peer, clock, errors, answer } = await askedBy(1, 2);
    clock.advance(9_950);
    await answer(true, false);
    clock.advance(60_000);
    expect([errors, [...peer.connections.keys()]]).toEqual([[], ['peer 1']]);
  });

  it('is asked for at most as many at once as the peer may have: one more is rejected unasked', async () => {
    const { server } = await askedBy(1, 2, 3, 4);
    expect(server.of('reject')).toEqual([]);
    server.say(paired(5));
    expect(server.of('reject')).toEqual([{ type: 'reject', epoch: 5, reason: 'too many others wait' }]);
  });

  it('of one that has left is forgotten, and of no other', async () => {
    const { peer, server, answer } = await askedBy(1, 2, 3);
    server.say(gone(2));
    await answer(true, true, true);
    expect([...peer.connections.keys()]).toEqual(['peer 1', 'peer 3']);
  });

  it.each<[string, string[], (played: PlayedPeer) => void]>([
    ['knows us still', ['peer 1'], ({ server }) => server.resume()],
    ['has forgotten us', [], ({ server }) => server.say({ ...server.greeting, id: 'somebody new' })],
  ])('that comes after the link was cut, and by a server that %s, is for %j', async (_, ids, greet) => {
    const played = await askedBy(1);
    const { peer, server, clock, answer } = played;
    server.cut();
    await settled();
    clock.advance(100);
    await settled();
    greet(played);
    await answer(true);
    expect([...peer.connections.keys()]).toEqual(ids);
  });

  it('that comes when the link is lost for good is no connection', async () => {
    const { peer, server, answer } = await askedBy(1);
    server.end(1008);
    await settled();
    expect(peer.signaling).toBe('lost');
    await answer(true);
    expect([peer.connections.size, server.of('reject')]).toEqual([0, []]);
  });

  it('and new pairings are no matter of a peer that is closing', async () => {
    const accept = () => new Promise<boolean>((resolve) => (answer = resolve));
    let answer = (_: boolean) => {};
    const { peer, server } = await playedConnection({}, { accept });
    server.say(paired(2));
    void peer.send('still on its way');
    void peer.close();
    server.say(initiated(3));
    answer(true);
    await settled();
    expect([[...peer.connections.keys()], server.of('unpair'), server.of('reject')]).toEqual([
      ['peer 1'],
      [],
      [],
    ]);
  });

  it('is for whom the signals are that come without an epoch, and not for who is there already', async () => {
    const asked: string[] = [];
    const accept = ({ peerId }: ConnectRequest) => asked.push(peerId) === 1 || new Promise<boolean>(() => {});
    const { peer, server } = await playedPeer({ accept, timeouts: { offerMs: 0 } });
    server.say(paired(1, { epoch: undefined }));
    await settled();
    server.say(paired(2, { epoch: undefined }), offer());
    expect([asked, connectionOf(peer, 1).state]).toEqual([['peer 1', 'peer 2'], 'paired']);
  });

  it('holds no more than 128 signals of one: who sends more is rejected', async () => {
    const { server } = await playedPeer({ peers: 2, accept: () => new Promise(() => {}) }, 2);
    server.say(paired(1), ...Array.from({ length: 128 }, () => offer(1)));
    expect(server.of('reject')).toEqual([]);
    server.say(offer(1));
    expect(server.of('reject')).toEqual([{ type: 'reject', epoch: 1, reason: 'too many signals' }]);
  });

  it('unpairs at a server that knows no `reject`', async () => {
    const { server } = await playedPeer({ accept: () => false });
    server.say(paired(1));
    await settled();
    expect([server.of('unpair'), server.of('reject')]).toEqual([[{ type: 'unpair', epoch: 1 }], []]);
  });

  it('of the other side tells who asked that it was rejected, and why', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const asked = peer.connect({ id: 'peer 1' });
    server.say(initiated(1));
    const connection = await asked;
    const ended = closings(connection);
    const opened = errorOf(connection.opened());
    server.say({ ...gone(1, 'rejected'), message: 'full' });
    expect(await opened).toMatchObject({
      code: 'rejected',
      message: 'The peer did not want this connection: full',
    });
    expect(ended).toEqual([{ reason: 'rejected', message: 'full' }]);
  });
});

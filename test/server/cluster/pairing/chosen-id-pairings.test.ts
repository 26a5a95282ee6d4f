/**
 * Pairings of clients that chose their ids, at one node. The server and its clients are real; what the other nodes say
 * is the test's, which hears what this node tells them.
 */
import { describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import type { NodeMessage, NodeMessageOf } from '../../../../src/protocol/cluster/index.ts';
import { LocalBusHub } from '../../../../src/server/cluster/bus/local-bus.ts';
import type { Cluster } from '../../../../src/server/cluster/cluster.ts';
import type { StartOptions } from '../../../../src/server/index.ts';
import { NAMED_BY_TOKEN } from '../../../../src/server/signaling/chosen-ids.ts';
import { JsonClient } from '../../../support/clients/json-client.ts';
import { saidBy } from '../../../support/network/recorded-links.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../../support/servers/token-issuer.ts';
import { until } from '../../../support/until.ts';

type Named = NonNullable<NodeMessageOf<'said'>['pairing']>;

/** The sessions of a client at nodes 2 and 3. */
const [there, later] = [`chess/${nobodyOn(2)}`, `chess/${nobodyOn(3)}`];
const candidate = (dst: string, n: number) => ({ type: 'CANDIDATE', dst, payload: { n } });
const from = (src: string, message: object) => ({ ...message, src });
const leave = (dst: string) => ({ type: 'LEAVE', dst });

/** A node whose clients and those of the others are all of the app `chess`: their ids, as nodes know them, say so. */
async function nodeOne(options: StartOptions = {}) {
  const test = await startTestServer(
    { node: 1, peerjs: true, jwtSecret: SECRET, ...options },
    { bus: new LocalBusHub().bus(1) },
  );
  const { server } = test;
  const { pairings, remotePairings, features, sessions } = server.parts;
  const cluster = server.parts.cluster as Cluster;
  const sent = saidBy(cluster);
  const open = async (id: string, claims: JWTPayload = {}) => {
    const token = await signWithSecret({ sub: id, app: 'chess', ...claims });
    const query = new URLSearchParams({ key: 'peerjs', id, token });
    const client = await JsonClient.open(`${server.url}peerjs?${query}`);
    expect(await client.takeOne()).toEqual({ type: 'OPEN' });
    sent.length = 0;
    return client;
  };
  return {
    ...{ ...test, cluster, open, remotePairings },
    sessionOf: (id: string) => features.started.peerjs?.realm.find(`chess/${id}`)?.session as string,
    sessions,
    epochs: () => [...pairings].map(({ epoch }) => epoch),
    told: () => sent.splice(0).map(({ node, message }) => ({ node, message })),
    /** What is said next, of pairings. */
    async next(): Promise<{ node: number; message: NodeMessage }> {
      await until(() => sent.length > 0, 'a word to another node');
      return sent.shift() as (typeof sent)[0];
    },
    /** The client `far` is at that node. */
    arrives: (node: number, session: string, version = 1, id = 'far') =>
      cluster.received(node, {
        type: 'ids_taken',
        holders: [{ id: `chess/${id}`, proof: NAMED_BY_TOKEN, session, online: true, version }],
      }),
    /** A frame of the client `far` for the client `a`. */
    says: (node: number, pairing: Named, frame: object) =>
      cluster.received(node, {
        ...{ type: 'said', to: 'chess/a', from: 'chess/far', pairing },
        text: JSON.stringify(from('far', frame)),
      }),
  };
}

/** How the two know each other: by ids within their app, which all nodes know in full. */
const chosen = { theirs: 'chess/far', ours: 'chess/a', knownAs: 'far' };
const ended = (node: number, epoch: number, from: string, to: string) => ({
  ...{ node, message: { type: 'ended', epoch, from, to, reason: 'disconnected' } },
});
const said = (node: number, frame: object, pairing: Named) => ({
  node,
  message: {
    ...{ type: 'said', to: 'chess/far', from: 'chess/a', pairing },
    text: JSON.stringify(from('a', frame)),
  },
});

describe('the first frame to a client of another node', () => {
  it('forms a pairing, of which that node is told once', async () => {
    const { open, arrives, sessionOf, epochs, next } = await nodeOne();
    const a = await open('a');
    arrives(2, there);
    a.send(candidate('far', 1));
    const first = await next();
    const [epoch] = epochs() as [number];
    const pairing = { epoch, from: sessionOf('a'), to: there, is_new: true };
    expect(first).toEqual(said(2, candidate('far', 1), pairing));
    a.send(candidate('far', 2));
    expect(await next()).toEqual(said(2, candidate('far', 2), { ...pairing, is_new: false }));
    a.send(leave('far'));
    expect(await next()).toEqual(said(2, leave('far'), { ...pairing, is_new: false }));
  });
});

it('a client hears of its frame that found nobody at the other node, as of one that expired here', async () => {
  const { open, cluster } = await nodeOne();
  const a = await open('a');
  cluster.received(2, { type: 'not_said', to: 'chess/far', from: 'chess/a' });
  expect(await a.takeOne()).toEqual({ type: 'EXPIRE', src: 'far', dst: 'a' });
});

describe('a frame from a client of another node', () => {
  it('forms the pairing that it names, of which its node knows', async () => {
    const { open, arrives, sessionOf, epochs, next, says, told, remotePairings, server } = await nodeOne();
    const a = await open('a');
    arrives(2, there);
    const offer = { type: 'OFFER', dst: 'a', payload: { sdp: { sdp: 'an offer' } } };
    const pairing = { epoch: 70, from: there, to: sessionOf('a'), is_new: true };
    says(2, pairing, offer);
    says(2, { ...pairing, is_new: false }, candidate('a', 2));
    expect(await a.take(2)).toEqual([offer, candidate('a', 2)].map((frame) => from('far', frame)));
    expect([epochs(), told()]).toEqual([[70], []]);
    expect([...server.parts.pairings].map(({ value }) => value)).toEqual([{ negotiating: 'unordered' }]);
    expect(remotePairings.of(there)).toMatchObject([{ node: 2, isResumable: true, chosen }]);
    a.send(candidate('far', 3));
    expect(await next()).toEqual(
      said(2, candidate('far', 3), { epoch: 70, from: sessionOf('a'), to: there, is_new: false }),
    );
  });

  it('is of one that cannot come back where no client is waited for', async () => {
    const { open, arrives, sessionOf, says, remotePairings } = await nodeOne({ resumeGraceMs: 0 });
    await open('a');
    arrives(2, there);
    says(2, { epoch: 70, from: there, to: sessionOf('a'), is_new: true }, candidate('a', 1));
    expect(remotePairings.of(there)).toMatchObject([{ isResumable: false }]);
  });

  it.each([
    ['is over', false, undefined],
    ['is with its session of before', true, `chess/${nobodyOn(1)}`],
  ])('of a pairing that %s is passed on, and its node is told', async (_what, is_new, to) => {
    const { open, arrives, sessionOf, epochs, says, told } = await nodeOne();
    const a = await open('a');
    arrives(2, there);
    const own = to ?? sessionOf('a');
    says(2, { epoch: 70, from: there, to: own, is_new }, candidate('a', 1));
    expect(await a.takeOne()).toEqual(from('far', candidate('a', 1)));
    expect([told(), epochs()]).toEqual([[ended(2, 70, own, there)], []]);
  });

  it('forms no pairing with one that is away, and its node is told; a pairing that there is goes on', async () => {
    const { open, arrives, sessionOf, sessions, epochs, says, told } = await nodeOne();
    const a = await open('a');
    arrives(2, there);
    const to = sessionOf('a');
    const pairing = { epoch: 70, from: there, to, is_new: true };
    says(2, pairing, candidate('a', 1));
    a.socket.terminate();
    await until(() => sessions.get(to)?.isMissed === true, 'the loss');
    told();
    const notSaid = { node: 2, message: { type: 'not_said', to: 'chess/a', from: 'chess/far' } };
    says(2, { ...pairing, is_new: false }, candidate('a', 2));
    expect(told()).toEqual([notSaid]);
    says(2, { ...pairing, epoch: 71 }, candidate('a', 3));
    expect([told(), epochs()]).toEqual([[ended(2, 71, to, there), notSaid], [70]]);
  });
});

describe('of two pairings that both nodes formed at the same time', () => {
  async function both() {
    const test = await nodeOne();
    const a = await test.open('a');
    test.arrives(2, there);
    a.send(candidate('far', 1));
    await test.next();
    const [ours] = test.epochs() as [number];
    const to = test.sessionOf('a');
    return { ...test, a, ours, to };
  }

  it('the lower one stands', async () => {
    const { a, ours, to, says, told, epochs, next, remotePairings } = await both();
    const pairing = { epoch: ours - 1, from: there, to, is_new: true };
    says(2, pairing, candidate('a', 2));
    expect(await a.takeOne()).toEqual(from('far', candidate('a', 2)));
    expect([told(), epochs()]).toEqual([[ended(2, ours, to, there)], [ours - 1]]);
    expect(remotePairings.of(there)).toHaveLength(1);
    a.send(candidate('far', 3));
    expect((await next()).message).toMatchObject({ pairing: { epoch: ours - 1, is_new: false } });
  });

  it('the higher one is refused, and its frame is one of the other', async () => {
    const { a, ours, to, says, told, epochs } = await both();
    const pairing = { epoch: ours + 1, from: there, to, is_new: true };
    says(2, pairing, candidate('a', 2));
    expect(await a.takeOne()).toEqual(from('far', candidate('a', 2)));
    expect([told(), epochs()]).toEqual([[ended(2, ours + 1, to, there)], [ours]]);
  });
});

describe('a client that takes its id along', () => {
  it('to another node goes on there in a new pairing, of which that node is told, and the old one ends', async () => {
    const { open, arrives, sessionOf, epochs, says, told, next, remotePairings } = await nodeOne();
    const a = await open('a');
    arrives(2, there);
    const own = sessionOf('a');
    says(2, { epoch: 70, from: there, to: own, is_new: true }, candidate('a', 1));
    await a.takeOne();
    arrives(3, later, 2);
    const [epoch] = epochs() as [number];
    const kept = { type: 'pairing_kept', to: 'chess/far', from: 'chess/a' };
    expect(told()).toEqual([
      ended(2, 70, own, there),
      { node: 3, message: { ...kept, pairing: { epoch, from: own, to: later } } },
    ]);
    expect([epoch === 70, remotePairings.all().map(({ id }) => id)]).toEqual([false, [later]]);
    a.send(candidate('far', 2));
    expect(await next()).toEqual(
      said(3, candidate('far', 2), { epoch, from: own, to: later, is_new: false }),
    );
  });

  it('and signals from there before its node is known goes on in the pairing that this formed', async () => {
    const { open, arrives, sessionOf, epochs, says, told, remotePairings } = await nodeOne();
    const a = await open('a');
    arrives(2, there);
    const own = sessionOf('a');
    says(2, { epoch: 70, from: there, to: own, is_new: true }, candidate('a', 1));
    says(3, { epoch: 71, from: later, to: own, is_new: true }, candidate('a', 2));
    expect(await a.take(2)).toHaveLength(2);
    arrives(3, later, 2);
    expect([told(), epochs()]).toEqual([[ended(2, 70, own, there)], [71]]);
    expect(remotePairings.all().map(({ id }) => id)).toEqual([later]);
  });

  it('from this node goes on with its peers here, of which its next node is told', async () => {
    const { open, arrives, sessionOf, epochs, told, next, sessions, remotePairings } = await nodeOne();
    const [a, b] = [await open('a'), await open('far')];
    const [own, gone] = [sessionOf('a'), sessionOf('far')];
    b.send(candidate('a', 1));
    await a.takeOne();
    told();
    arrives(2, there, 9);
    expect(await b.whenClosed()).toMatchObject({ code: 4409 });
    const [epoch] = epochs() as [number];
    const kept = { type: 'pairing_kept', to: 'chess/far', from: 'chess/a' };
    expect(told()).toEqual([{ node: 2, message: { ...kept, pairing: { epoch, from: own, to: there } } }]);
    expect([sessions.has(gone), epochs()]).toEqual([false, [epoch]]);
    expect(remotePairings.all()).toMatchObject([{ id: there, node: 2, chosen }]);
    a.send(candidate('far', 2));
    expect(await next()).toEqual(
      said(2, candidate('far', 2), { epoch, from: own, to: there, is_new: false }),
    );
  });

  it('to this node goes on here with its peer, as the one that answers', async () => {
    const { open, arrives, sessionOf, sessions, epochs, says, remotePairings } = await nodeOne();
    const a = await open('a');
    arrives(2, there);
    const own = sessionOf('a');
    says(2, { epoch: 70, from: there, to: own, is_new: true }, candidate('a', 1));
    await a.takeOne();
    const far = await open('far');
    const [epoch] = epochs() as [number];
    expect([epochs(), epoch === 70, remotePairings.all()]).toEqual([[epoch], false, []]);
    expect(sessions.get(own)?.seats).toMatchObject([{ epoch, side: 'initiator' }]);
    far.send(candidate('a', 2));
    expect(await a.takeOne()).toEqual(from('far', candidate('a', 2)));
    expect(epochs()).toEqual([epoch]);
  });

  it('is paired with its peer again where it comes, when that one’s node says so', async () => {
    const { open, arrives, sessionOf, epochs, cluster, told, next, remotePairings } = await nodeOne();
    const a = await open('a');
    arrives(2, there);
    const own = sessionOf('a');
    const kept = (to: string, session: string, epoch: number) =>
      cluster.received(2, {
        ...{ type: 'pairing_kept', to: `chess/${to}`, from: 'chess/far' },
        pairing: { epoch, from: there, to: session },
      });
    kept('nobody', own, 70);
    expect([told(), epochs()]).toEqual([[ended(2, 70, own, there)], []]);
    kept('a', own, 71);
    expect([told(), epochs()]).toEqual([[], [71]]);
    expect(remotePairings.all()).toMatchObject([{ id: there, node: 2, chosen }]);
    a.send(candidate('far', 1));
    expect(await next()).toEqual(
      said(2, candidate('far', 1), { epoch: 71, from: own, to: there, is_new: false }),
    );
    cluster.received(2, {
      ...{ type: 'said', to: 'chess/a', from: 'chess/far' },
      pairing: { epoch: 71, from: there, to: own, is_new: false },
      text: JSON.stringify(from('far', candidate('a', 2))),
    });
    expect(await a.takeOne()).toEqual(from('far', candidate('a', 2)));
  });
});

/**
 * The side of a pairing at one node: what it tells the other side's node, and what it makes of what that one says. The
 * server and its clients are real; the other nodes are the test's.
 */
import { describe, expect, it } from '@jest/globals';
import type { NodeMessageOf } from '../../../../src/protocol/cluster/index.ts';
import type { Seat } from '../../../../src/server/signaling/seat.ts';
import type { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { says } from '../../../support/network/cluster-assertions.ts';
import { pairingsOfOneNode } from '../../../support/servers/pairings-of-one-node.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';
import { pairUp } from '../../../support/servers/test-server.ts';

const far = nobodyOn(2);
/** How long a client may take to come back. */
const GRACE_MS = 30_000;

/** A client here, which asked for one at node 2. */
async function paired({ isResumable = true } = {}) {
  const test = await pairingsOfOneNode();
  const { remotePairings, server, sessionOf } = test;
  const a = await test.connectResumable();
  const remote = remotePairings.create(far, 2, isResumable);
  server.parts.signaling.pair(sessionOf(a), remote, {}, 7);
  await a.next('paired');
  const about = { epoch: 7, from: far, to: a.id };
  const back = { epoch: 7, from: a.id, to: far };
  return {
    ...{ ...test, a, remote, about },
    /** What node 2 is told. */
    toTwo: (type: string, fields: object = {}) => ({ node: 2, type, ...back, ...fields }),
    /** The client at node 2 says something, or does so again. */
    signals: (message: object, sender_seq?: number, node = 2) =>
      remotePairings.onSignal(node, {
        ...{ type: 'signal', ...about, text: JSON.stringify(message) },
        ...(sender_seq !== undefined && { sender_seq }),
      }),
    away: (node = 2) => remotePairings.onAway(node, { type: 'away', ...about }),
    reclaimed: (more: Partial<NodeMessageOf<'reclaimed'>> = {}) =>
      remotePairings.onReclaimed(2, {
        ...{ type: 'reclaimed', ...about, generation: 0, is_resumable: true, is_away: false },
        ...more,
      }),
  };
}

const candidate = (n: number) => ({ type: 'candidate', candidate: { candidate: `${n}` } });
const text = (n: number) => JSON.stringify(candidate(n));
/** What it keeps because nobody has said that it arrived. */
const keptBy = ({ delivery }: ResumableClient) =>
  delivery.unacked.map(({ message }) => JSON.parse(message)).filter(({ type }) => type === 'candidate');

describe('what a client here says', () => {
  it('goes to the other node with its number, and is kept here and at the client until that one acks it', async () => {
    const { a, about, remote, remotePairings, told, toTwo } = await paired();
    says(a, '1', '2');
    await a.settled();
    const [first, second] = [1, 2].map((n) => toTwo('signal', { text: text(n), sender_seq: n }));
    expect(told()).toEqual([first, second]);
    expect(remote.unacked.map(({ senderSeq }) => senderSeq)).toEqual([1, 2]);
    expect(keptBy(a)).toEqual([candidate(1), candidate(2)]);
    remotePairings.onAcked(3, { type: 'acked', ...about, sender_seq: 1 });
    expect(remote.unacked).toHaveLength(2);
    remotePairings.onAcked(2, { type: 'acked', ...about, sender_seq: 1 });
    expect(remote.unacked.map(({ senderSeq }) => senderSeq)).toEqual([2]);
    await a.settled();
    expect(keptBy(a)).toEqual([candidate(2)]);
    remotePairings.onAcked(2, { type: 'acked', ...about, sender_seq: 2 });
    await a.settled();
    expect([remote.unacked, keptBy(a)]).toEqual([[], []]);
  });

  it('may be refused there: it hears why, and what it was', async () => {
    const { a, about, remotePairings, heard } = await paired();
    const refused = { type: 'refused', ...about, code: 'peer_slow' } as const;
    remotePairings.onRefused(3, refused);
    remotePairings.onRefused(2, { ...refused, for: 'candidate' });
    remotePairings.onRefused(2, refused);
    const error = { type: 'error', code: 'peer_slow', message: expect.any(String) };
    expect(await heard(a)).toEqual([{ ...error, for: 'candidate' }, error]);
  });

  it('is that it does not want the pairing, and why: the other node is told both', async () => {
    for (const why of [{ reason: 'not now' }, {}]) {
      const { a, told, toTwo, heard } = await paired();
      a.send({ type: 'reject', ...why });
      await heard(a);
      const message = 'reason' in why ? { message: 'not now' } : {};
      expect(told()).toEqual([toTwo('ended', { reason: 'rejected', ...message })]);
    }
  });
});

describe('what a client of the other node says', () => {
  it('reaches the one here once, and is acked once this one has it', async () => {
    const { a, signals, told, toTwo } = await paired();
    for (const _ of 'ab') signals(candidate(1), 1);
    expect(await a.next('candidate')).toMatchObject(candidate(1));
    // The mark of `settled` acks what came before it.
    await a.settled();
    expect(told()).toEqual([toTwo('acked', { sender_seq: 1 })]);
    signals(candidate(1), 1);
    expect(told()).toEqual([toTwo('acked', { sender_seq: 1 })]);
    expect(a.inbox).toEqual([]);
  });

  it('that is refused here or is none of a client’s is answered at once', async () => {
    const { a, signals, told, toTwo, heard } = await paired();
    signals({ type: 'answer', sdp: 'to nothing' }, 1);
    const refused = toTwo('refused', { code: 'no_offer', for: 'answer' });
    expect(told()).toEqual([refused, toTwo('acked', { sender_seq: 1 })]);
    signals({ type: 'answer', sdp: 'to nothing' });
    expect(told()).toEqual([refused]);
    signals({ type: 'nonsense' }, 2);
    expect([told(), await heard(a)]).toEqual([[], []]);
  });

  it('comes too early while it is not known to be there, or from another node', async () => {
    const { a, signals, told, about, remotePairings, heard, reclaimed } = await paired();
    signals(candidate(1), 1, 3);
    remotePairings.onMoving(2, { type: 'moving', ...about, node: 2, generation: 0 });
    signals(candidate(1), 1);
    expect([told(), await heard(a)]).toEqual([[], []]);
    reclaimed();
    signals(candidate(1), 1);
    expect(await heard(a)).toMatchObject([candidate(1)]);
  });
});

describe('a client of another node that is away', () => {
  it('is lost after its time, and its node is told; another node does not know', async () => {
    const { a, away, told, toTwo, clock, heard, remotePairings } = await paired();
    away(3);
    expect(await heard(a)).toEqual([]);
    away();
    expect(await heard(a)).toEqual([{ type: 'peer_away', peer_id: far }]);
    remotePairings.reconciler.lost(2);
    clock.advance(GRACE_MS - 1);
    expect([told(), remotePairings.all().length]).toEqual([[], 1]);
    clock.advance(1);
    expect(told()).toEqual([toTwo('ended', { reason: 'disconnected' })]);
    const [end] = (await heard(a)).filter(({ type }) => type === 'peer_disconnected');
    expect([end, remotePairings.all()]).toEqual([
      { type: 'peer_disconnected', peer_id: far, reason: 'timed_out' },
      [],
    ]);
  });

  it('and cannot come back is lost with its node', async () => {
    const { a, heard, remotePairings } = await paired({ isResumable: false });
    remotePairings.reconciler.lost(2);
    expect(await heard(a)).toEqual([{ type: 'peer_disconnected', peer_id: far, reason: 'disconnected' }]);
  });
});

describe('a client that goes to another node', () => {
  it('leaves its side to that one, and the other side’s node is told', async () => {
    for (const [node, named] of [
      [3, 3],
      [undefined, 1],
    ] as const) {
      const { a, remotePairings, sessionOf, told, toTwo, server, heard } = await paired();
      remotePairings.moveAway(sessionOf(a).seats[0] as Seat, { node, generation: 4 });
      expect(told()).toEqual([toTwo('moving', { node: named, generation: 4 })]);
      expect([remotePairings.all(), server.parts.pairings.size, sessionOf(a).seats]).toEqual([[], 0, []]);
      expect(await heard(a)).toEqual([]);
    }
  });

  it('is paired with its peer here still, which says what that one lacks once its new node has it', async () => {
    const { connectResumable, remotePairings, sessionOf, told, heard } = await pairingsOfOneNode();
    const [a, b] = [await connectResumable(), await connectResumable()];
    const epoch = await pairUp(a, b);
    says(b, '7');
    await a.next('candidate');
    await a.settled();
    // What is said to it while it is away is kept.
    a.socket.terminate();
    await b.next('peer_away');
    says(b, '8');
    await b.settled();
    const seat = sessionOf(a).seats[0] as Seat;
    const { lastSenderSeq } = sessionOf(a).client;
    remotePairings.moveAway(seat, { node: 3, generation: 1 });
    const [remote] = remotePairings.of(a.id);
    expect(remote).toMatchObject({
      ...{ node: 3, generation: 1, isResumable: true, value: 'moving', isMissed: true, lastSenderSeq },
    });
    expect([lastSenderSeq > 0, seat.pairing, sessionOf(a).seats]).toEqual([true, undefined, []]);
    says(b, '9');
    await b.settled();
    expect(told()).toEqual([]);
    const about = { epoch, from: a.id, to: b.id };
    const found = { ...about, generation: 1, is_resumable: true, is_away: false };
    remotePairings.onReclaimed(3, { type: 'reclaimed', ...found });
    const said = told().map((message) =>
      'text' in message ? JSON.parse(message.text ?? '').candidate : message,
    );
    expect(said).toEqual([8, 9].map((n) => ({ candidate: `${n}` })));
    expect(await heard(b)).toEqual([{ type: 'peer_back', peer_id: a.id }]);
  });
});

describe('a client that comes to the node of its peer', () => {
  it('takes its own side, is back if it was missed, and is not heard again', async () => {
    const { connectResumable, remotePairings, sessionOf, heard, server } = await pairingsOfOneNode();
    const [a, b] = [await connectResumable(), await connectResumable()];
    const { signaling } = server.parts;
    const remote = remotePairings.create(b.id, 2, true);
    signaling.pair(sessionOf(a), remote, {}, 7);
    const about = { epoch: 7, from: b.id, to: a.id };
    remotePairings.onAway(2, { type: 'away', ...about });
    says(a, '1');
    await a.settled();
    expect((await heard(a)).map(({ type }) => type)).toEqual(['paired', 'peer_away']);
    // Its first two messages had come here from its last node.
    remote.lastSenderSeq = 2;
    remotePairings.seat(sessionOf(b), remote);
    expect(await heard(a)).toEqual([{ type: 'peer_back', peer_id: b.id }]);
    expect([remotePairings.all(), remote.isDone]).toEqual([[], true]);
    for (const n of [1, 2, 3]) says(b, `${n}`);
    expect((await heard(b)).map(({ type }) => type)).toEqual(['candidate']);
    expect(await heard(a)).toMatchObject([candidate(3)]);
  });
});

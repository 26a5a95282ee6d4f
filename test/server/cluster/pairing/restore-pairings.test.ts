/**
 * Pairings of clients that come from another node, or from before a restart, at the node that they come to. The server
 * and its clients are real; what the other nodes say is the test's, which hears what this node tells them.
 */
import { describe, expect, it } from '@jest/globals';
import {
  type PairingSnapshot,
  takePairingSnapshot,
} from '../../../../src/server/cluster/pairing/pairing-snapshot.ts';
import type { RemoteSession } from '../../../../src/server/cluster/pairing/remote-session.ts';
import {
  type PairingClaim,
  PairingRestorer,
} from '../../../../src/server/cluster/pairing/restore-pairings.ts';
import type { ServerPairing } from '../../../../src/server/signaling/pairing.ts';
import type { Seat } from '../../../../src/server/signaling/seat.ts';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import { pairingsOfOneNode } from '../../../support/servers/pairings-of-one-node.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';
import { pairUp } from '../../../support/servers/test-server.ts';

const far = nobodyOn(3);
const candidate = (n: number) => JSON.stringify({ type: 'candidate', candidate: { candidate: `${n}` } });

const snapshot: PairingSnapshot = {
  ...{ epoch: 7, peer_id: far, peer_generation: 0, connected: [], initiator: true },
  ...{ is_resumable: true, is_away: false, last_sender_seq: 0, unacked: [], node: 3 },
};

async function nodeOne() {
  const test = await pairingsOfOneNode();
  const { server, sessionOf, locations, remotePairings } = test;
  const restorer = new PairingRestorer({ sessions: server.parts.sessions, locations, remotePairings });
  return {
    ...{ ...test, restorer },
    moved: (client: RawClient, more: Partial<PairingSnapshot> = {}) =>
      restorer.restoreMoved(sessionOf(client), { ...snapshot, ...more }),
    claims: (client: RawClient, ...claims: Partial<PairingClaim>[]) =>
      restorer.restoreClaimed(
        sessionOf(client),
        claims.map((claim) => ({ peer_id: far, epoch: 7, initiator: true, ...claim })),
      ),
  };
}

const gone = (peer_id: string) => ({ type: 'peer_disconnected', peer_id, reason: 'disconnected' });
const reclaim = (node: number, from: string, more: object = {}) => ({
  ...{ node, type: 'reclaim', epoch: 7, from, to: far, generation: 0, initiator: true },
  ...{ is_resumable: true, is_away: false, is_for_all: false, ...more },
});

describe('a pairing that moves', () => {
  it('looks for the other side where it was, and has what that one lacks once it is found', async () => {
    const { connectResumable, moved, told, remotePairings, sessionOf, heard } = await nodeOne();
    const a = await connectResumable(2);
    const unacked = [4, 5].map((n) => ({ sender_seq: n, text: candidate(n) }));
    const [room, traceparent] = ['den', `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`];
    moved(a, { unacked, last_sender_seq: 8, room, traceparent });
    expect(told()).toEqual([reclaim(3, a.id)]);
    expect(sessionOf(a).seats).toMatchObject([
      { side: 'initiator', pairing: { details: { room, traceparent } } },
    ]);
    const about = { epoch: 7, from: far, to: a.id };
    const found = { ...about, generation: 0, is_resumable: true, is_away: false } as const;
    remotePairings.onReclaimed(3, { type: 'reclaimed', ...found });
    const signal = { node: 3, type: 'signal', epoch: 7, from: a.id, to: far };
    expect(told()).toEqual(unacked.map((frame) => ({ ...signal, ...frame })));
    // What had come at its last node does not come again.
    for (const n of [8, 9])
      remotePairings.onSignal(3, { type: 'signal', ...about, sender_seq: n, text: candidate(n) });
    expect(told()).toMatchObject([{ node: 3, type: 'acked', sender_seq: 8 }]);
    expect(await heard(a)).toMatchObject([{ type: 'candidate', candidate: { candidate: '9' } }]);
  });

  it.each([
    ['neither', []],
    ['one', ['initiator']],
    ['both', ['initiator', 'responder']],
  ] as const)('is as far as it was, where %s said that they are connected', async (who, connected) => {
    const { connectResumable, moved, sessionOf, remotePairings, heard } = await nodeOne();
    const a = await connectResumable();
    moved(a, { connected: [...connected], initiator: false });
    const [seat] = sessionOf(a).seats;
    const unordered = { negotiating: 'unordered' };
    expect([seat?.side, seat?.pairing?.value]).toEqual([
      'responder',
      who === 'both' ? 'connected' : unordered,
    ]);
    // The one that had not said so says it now.
    const found = { epoch: 7, from: far, to: a.id, generation: 0, is_resumable: true, is_away: false };
    remotePairings.onReclaimed(3, { type: 'reclaimed', ...found });
    a.send({ type: 'report', state: 'connected' });
    await heard(a);
    expect(seat?.pairing?.value).toEqual(who === 'neither' ? unordered : 'connected');
  });

  it.each([
    ['whose other side is nowhere known', { node: undefined }],
    ['of a room', { room: 'den', connected: ['responder' as const], is_away: true }],
    ['that is traced', { traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`, is_resumable: false }],
    ['that is connected', { connected: ['initiator' as const, 'responder' as const], initiator: false }],
  ])('%s is the same when it moves on from there, without what nobody waits for', async (_which, more) => {
    const { connectResumable, sessionOf, restorer } = await nodeOne();
    const a = await connectResumable();
    const unacked = [{ sender_seq: 4, text: candidate(4) }];
    const { node, ...rest } = { ...snapshot, peer_generation: 3, last_sender_seq: 9, unacked, ...more };
    const before = { ...rest, ...(node !== undefined && { node }) };
    restorer.restoreMoved(sessionOf(a), before);
    const [seat] = sessionOf(a).seats as [Seat];
    const remote = seat.peer as RemoteSession;
    remote.keep({ senderSeq: undefined, text: candidate(5) });
    expect(takePairingSnapshot(seat, remote.pairing as ServerPairing, 1)).toEqual(before);
  });

  it('of two clients of one node names that node, and has what each sent and the other may not have', async () => {
    const { connectResumable, sessionOf } = await nodeOne();
    const [a, b] = [await connectResumable(), await connectResumable()];
    const epoch = await pairUp(a, b);
    b.socket.terminate();
    await a.next('peer_away');
    for (const n of [1, 2]) a.send(JSON.parse(candidate(n)));
    await a.settled();
    const [own, peer] = [sessionOf(a), sessionOf(b)];
    // It has sent its request, these two, and the mark of `settled`.
    const snapshots = [own, peer].map(
      ({ seats: [seat] }) => seat?.pairing && takePairingSnapshot(seat, seat.pairing, 1),
    );
    const shared = {
      epoch,
      node: 1,
      is_resumable: true,
      peer_generation: 0,
      connected: [],
      last_sender_seq: 0,
    };
    const texts = [1, 2].map((n) => ({
      sender_seq: n + 1,
      text: expect.stringContaining(`"${n}"`),
    }));
    expect(snapshots).toEqual([
      { ...shared, peer_id: b.id, initiator: true, is_away: true, unacked: texts },
      { ...shared, peer_id: a.id, initiator: false, is_away: false, last_sender_seq: 4, unacked: [] },
    ]);
  });

  it('knows how often the other side has come back: no older copy of that one is believed', async () => {
    const { connectResumable, moved, restorer } = await nodeOne();
    moved(await connectResumable(), { peer_generation: 2 });
    const known = (id: string) => [1, 2, 3].map((generation) => restorer.knowsLaterCopy(id, generation));
    expect([known(far), known(nobodyOn(2))]).toEqual([
      [true, false, false],
      [false, false, false],
    ]);
  });

  it('knows no later copy at another node of a client that went to this one', async () => {
    const { connectResumable, moved, restorer } = await nodeOne();
    moved(await connectResumable(), { peer_generation: 2, node: 1 });
    // Nobody knows where it is; a copy of it may be anywhere.
    expect(restorer.knowsLaterCopy(far, 1)).toBe(true);
  });

  it('goes on at the node that has left its peer’s side here, and has what was said to it there', async () => {
    const { connectResumable, moved, told, remotePairings, sessionOf, server, heard } = await nodeOne();
    const [a, b] = [await connectResumable(), await connectResumable()];
    moved(a, { peer_id: b.id, node: 3, initiator: false });
    expect(remotePairings.of(b.id)).toHaveLength(1);
    told();
    moved(b, { peer_id: a.id, node: 1, unacked: [{ sender_seq: 1, text: candidate(1) }] });
    expect([remotePairings.all(), told(), server.parts.pairings.size]).toEqual([[], [], 1]);
    expect(sessionOf(b).seats).toMatchObject([{ side: 'initiator', epoch: 7, peer: { id: a.id } }]);
    expect(await heard(a)).toMatchObject([{ type: 'candidate', candidate: { candidate: '1' } }]);
  });

  it('is over if its peer is here without its side, and what waited for that one waits no more', async () => {
    const { connectResumable, moved, told, heard, sessionOf, remotePairings } = await nodeOne();
    const [a, b] = [await connectResumable(), await connectResumable()];
    const acked: number[] = [];
    sessionOf(a).client.acked = (senderSeq) => acked.push(senderSeq);
    moved(a, { peer_id: b.id, node: 1, unacked: [3, 4].map((n) => ({ sender_seq: n, text: candidate(n) })) });
    expect(await heard(a)).toEqual([gone(b.id)]);
    expect([acked, told(), remotePairings.all(), sessionOf(a).seats]).toEqual([[3, 4], [], [], []]);
  });

  it('looks for the other side at the node to which it went, if it was here; elsewhere, where it was', async () => {
    const { connectResumable, moved, told, locations, heard } = await nodeOne();
    const a = await connectResumable(5);
    const [b, guest] = [nobodyOn(1), await connectResumable()];
    moved(a, { peer_id: b, node: 1, epoch: 8 });
    expect(told()).toMatchObject([2, 3].map((node) => ({ node, type: 'reclaim', to: b, is_for_all: true })));
    locations.set(far, { node: 2, generation: 1, isConfirmed: true });
    moved(a, { node: 1 });
    expect(told()).toMatchObject([{ node: 2, type: 'reclaim', to: far, is_for_all: false }]);
    moved(a, { peer_id: guest.id, node: 3, epoch: 9 });
    expect(told()).toMatchObject([{ node: 3, type: 'reclaim', to: guest.id, is_for_all: false }]);
    expect(await heard(a)).toEqual([]);
  });
});

describe('a pairing that a client claims after a restart', () => {
  it('waits for the other client, whom all nodes are asked for, and who must claim the same', async () => {
    const { connectResumable, claims, told, remotePairings, sessionOf, server, heard } = await nodeOne();
    const a = await connectResumable();
    claims(a, { room: 'den' });
    const any = { is_for_all: true };
    expect(told()).toEqual([reclaim(2, a.id, any), reclaim(3, a.id, any)]);
    expect(sessionOf(a).seats).toMatchObject([{ side: 'initiator', pairing: { details: { room: 'den' } } }]);
    expect([remotePairings.of(far)[0]?.node, server.parts.pairings.size]).toEqual([undefined, 1]);
    expect(await heard(a)).toEqual([{ type: 'peer_away', peer_id: far }]);
    claims(a, { room: 'den' });
    expect([told(), await heard(a), server.parts.pairings.size]).toEqual([[], [], 1]);
  });

  it.each([
    ['the same', {}, true],
    ['another number', { epoch: 8 }, false],
    ['the same part', { initiator: true }, false],
    ['another peer', { peer_id: nobodyOn(2) }, false],
  ])(
    'goes on with the other one, which comes to the same node, if that one claims %s, or ends',
    async (_what, claim, goesOn) => {
      const { connectResumable, moved, claims, told, heard, remotePairings, sessionOf } = await nodeOne();
      const [a, b] = [await connectResumable(), await connectResumable()];
      moved(a, { peer_id: b.id });
      told();
      claims(b, { peer_id: a.id, initiator: false, ...claim });
      expect(await heard(a)).toEqual(goesOn ? [] : [gone(b.id)]);
      expect(sessionOf(b).isPairedWith(a.id)).toBe(goesOn);
      expect(remotePairings.of(b.id)).toEqual([]);
    },
  );

  it('is over at once if the other client is here and claims nothing, or if there is no place for it', async () => {
    const { connectResumable, connectPair, claims, heard, sessionOf, remotePairings } = await nodeOne();
    const [a, b] = [await connectResumable(), await connectResumable()];
    claims(a, { peer_id: b.id });
    expect(await heard(a)).toEqual([gone(b.id)]);
    const [busy] = await connectPair();
    claims(busy, {});
    expect(await heard(busy)).toMatchObject([{ type: 'peer_disconnected', peer_id: far }]);
    const c = await connectResumable(3);
    claims(c, {}, { epoch: 8 });
    expect(await heard(c)).toMatchObject([{ type: 'peer_away' }, { ...gone(far), epoch: 8 }]);
    expect([sessionOf(c).seats.length, remotePairings.all().length]).toEqual([1, 1]);
  });

  it('is none with itself, or with what is no id', async () => {
    const { connectResumable, claims, told, heard, sessionOf } = await nodeOne();
    const a = await connectResumable();
    claims(a, { peer_id: a.id }, { peer_id: 'nonsense' });
    expect([await heard(a), told(), sessionOf(a).seats]).toEqual([[], [], []]);
  });
});

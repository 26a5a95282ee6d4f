import { describe, expect, it } from '@jest/globals';
import {
  RemoteSession,
  type RemoteSessionOwner,
} from '../../../../src/server/cluster/pairing/remote-session.ts';
import { signalIn } from '../../../../src/server/dialects/native/decode-client-message.ts';
import type { Party, ServerPairing } from '../../../../src/server/signaling/pairing.ts';
import type { Signal } from '../../../../src/server/signaling/signal.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';

/** A limit of the protocol: see docs/protocol.md, "Resume". */
const MEBIBYTE = 1024 * 1024;

/** What keeping a message costs besides its bytes: see docs/operations.md. */
const KEPT_BYTES = 512;
/** It is asked for nothing here but to count. */
const owner = { added() {} } as Partial<RemoteSessionOwner> as RemoteSessionOwner;

it('a client of another node can have 256 messages and 1 MiB waiting for it, or a longer one, and not one more', () => {
  const byCount = new RemoteSession(nobodyOn(2), 2, true, owner);
  for (let n = 0; n < 256; n += 1) byCount.keep({ senderSeq: n, text: '' });
  expect(byCount.isOverfull).toBe(false);
  byCount.keep({ senderSeq: 256, text: '' });
  expect(byCount.isOverfull).toBe(true);

  const byBytes = new RemoteSession(nobodyOn(2), 2, true, owner);
  byBytes.keep({ senderSeq: 0, text: 'x'.repeat(MEBIBYTE) });
  expect(byBytes.isOverfull).toBe(false);
  byBytes.keep({ senderSeq: 1, text: 'x' });
  expect(byBytes.isOverfull).toBe(true);

  const byOne = new RemoteSession(nobodyOn(2), 2, true, owner);
  byOne.keep({ senderSeq: 0, text: 'x'.repeat(2 * MEBIBYTE) });
  expect(byOne.isOverfull).toBe(false);
  byOne.keep({ senderSeq: 1, text: 'x' });
  expect(byOne.isOverfull).toBe(true);
});

it('a client of another node has room for one message of any size, and for 256 and 1 MiB in all', () => {
  const remote = new RemoteSession(nobodyOn(2), 2, true, owner);
  expect(remote.hasRoomFor(2 * MEBIBYTE)).toBe(true);
  remote.keep({ senderSeq: 0, text: 'x' });
  expect([MEBIBYTE - 1, MEBIBYTE].map((bytes) => remote.hasRoomFor(bytes))).toEqual([true, false]);
  for (let n = 1; n < 255; n += 1) remote.keep({ senderSeq: n, text: '' });
  expect(remote.hasRoomFor(0)).toBe(true);
  remote.keep({ senderSeq: 255, text: '' });
  expect(remote.hasRoomFor(0)).toBe(false);
  remote.drop(({ senderSeq }) => senderSeq === 0);
  expect([MEBIBYTE, MEBIBYTE + 1].map((bytes) => remote.hasRoomFor(bytes))).toEqual([true, false]);
});

it('what waits for clients of other nodes is counted as it comes, with what keeping it costs', () => {
  const counted: number[] = [];
  const remote = new RemoteSession(nobodyOn(2), 2, true, { ...owner, added: (bytes) => counted.push(bytes) });
  remote.keep({ senderSeq: 0, text: 'x'.repeat(100) });
  remote.keep({ senderSeq: 1, text: 'x'.repeat(50) }, { senderSeq: 2, text: 'x' });
  expect(counted).toEqual([100 + KEPT_BYTES, 51 + 2 * KEPT_BYTES]);
});

it('what a client of another node has waits no longer, and all else does', () => {
  const remote = new RemoteSession(nobodyOn(2), 2, true, owner);
  remote.keep(...[1, 2, 3, 4].map((senderSeq) => ({ senderSeq, text: 'x'.repeat(senderSeq) })));
  remote.drop(({ senderSeq }) => senderSeq === 2 || senderSeq === 3);
  expect(remote.unacked.map(({ senderSeq }) => senderSeq)).toEqual([1, 4]);
  expect(remote.waitingBytes).toBe(5 + 2 * KEPT_BYTES);
});

it('what waits for a client of another node waits no longer once its pairing ends for it, of which it is told', () => {
  const { remote, told } = paired();
  remote.keep({ senderSeq: 0, text: 'x'.repeat(100) }, { senderSeq: 1, text: 'x'.repeat(50) });
  expect(remote.waitingBytes).toBe(150 + 2 * KEPT_BYTES);
  remote.shedWaiting();
  expect([remote.waitingBytes, remote.unacked, told]).toEqual([0, [], [['overfull']]]);
});

/** A remote session that is paired with a client here, and what it asks to be told to its node, and to its peer. */
function paired({ isResumable = true, isPeerResumable = true } = {}) {
  const [told, acked]: [unknown[][], number[]] = [[], []];
  const note =
    (what: string) =>
    (_remote: unknown, ...more: unknown[]) =>
      void told.push([what, ...more]);
  const noting = Object.fromEntries(
    ['relay', 'say', 'overfull', 'refuse', 'away', 'back', 'ended', 'acked', 'release'].map((what) => [
      what,
      note(what),
    ]),
  ) as unknown as RemoteSessionOwner;
  const remote = new RemoteSession(nobodyOn(2), 2, isResumable, { ...owner, ...noting });
  const peer = {
    ...{ id: nobodyOn(1), isResumable: isPeerResumable, nextSenderSeq: () => 41 },
    acked: (senderSeq: number) => acked.push(senderSeq),
  } as Partial<Party> as Party;
  const pairing = {
    party: (side: string) => (side === 'responder' ? remote : peer),
    other: (side: string) => (side === 'responder' ? peer : remote),
  } as Partial<ServerPairing> as ServerPairing;
  remote.seated(pairing, 'responder');
  return { remote, peer, pairing, told, acked };
}

const text = JSON.stringify({ type: 'candidate', candidate: { candidate: 'one' } });
const signal = signalIn(Buffer.from(text)) as Signal;

describe('what a client says to one of another node', () => {
  it.each([
    ['neither of them can come back', false, false, undefined],
    ['only the other one can come back', true, false, 41],
    ['only it can come back', false, true, 41],
    ['both can come back', true, true, 41],
  ])('has a number by which it may be sent again unless %s', (_who, isResumable, isPeerResumable, number) => {
    const { remote, pairing, told } = paired({ isResumable, isPeerResumable });
    remote.deliver(signal, pairing, 'initiator', undefined);
    expect(told).toEqual([['relay', text, number]]);
  });

  it('keeps the number that it had at another node; a report has none, as the next one replaces it', () => {
    const { remote, pairing, told } = paired();
    remote.deliver(signal, pairing, 'initiator', 7);
    remote.shareReport(signal);
    expect(told).toEqual([
      ['relay', text, 7],
      ['relay', text, undefined],
    ]);
  });

  it('goes to the id that the other one chose, if it chose one', () => {
    const { remote, pairing, told } = paired();
    const chosen = { theirs: 'b', ours: 'a', knownAs: 'b' };
    remote.chosen = chosen;
    remote.deliver(signal, pairing, 'initiator', 7);
    expect(told).toEqual([['say', chosen, { pairing, text }]]);
  });
});

it('what becomes of a pairing here is told to the node of the other client', () => {
  const { remote, peer, told } = paired();
  expect(remote.peer).toBe(peer);
  remote.refuse({ code: 'peer_slow', for: 'candidate' });
  remote.notify('peer_away');
  remote.notify('peer_back');
  remote.acked(5);
  remote.disconnected('rejected', peer.id, 'not now');
  expect(told).toEqual([
    ['refuse', { code: 'peer_slow', for: 'candidate' }],
    ['away'],
    ['back'],
    ['acked', 5],
    ['ended', 'rejected', 'not now'],
  ]);
});

it('what still waits for a client of another node when its pairing ends is acked, as nobody else will ack it', () => {
  const { remote, told, acked } = paired();
  remote.keep({ senderSeq: 3, text }, { senderSeq: undefined, text }, { senderSeq: 4, text });
  remote.release();
  expect([acked, told, remote.pairing, remote.peer]).toEqual([[3, 4], [['release']], undefined, undefined]);
});

it('a client of another node is out of reach while nobody knows its node, and has never been missed or come back before', () => {
  const { remote } = paired();
  expect(remote).toMatchObject({ id: nobodyOn(2), generation: 0, localGeneration: 0, lastSenderSeq: 0 });
  expect([remote.isReachable, remote.isMissed, remote.outlivesNode()]).toEqual([true, false, true]);
  remote.node = undefined;
  expect(remote.isReachable).toBe(false);
  // Its own node knows what it has not acked.
  expect(remote.isWaitingFor()).toBe(false);
});

import { expect, it } from '@jest/globals';
import {
  RemoteSession,
  type RemoteSessionOwner,
} from '../../../../src/server/cluster/pairing/remote-session.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';

/** A limit of the protocol: see docs/protocol.md, "Resume". */
const MEBIBYTE = 1024 * 1024;

/** What keeping a message costs besides its bytes: see docs/operations.md. */
const KEPT_BYTES = 512;
/** It is asked for nothing here but to count. */
const owner = { added() {}, overfull() {} } as Partial<RemoteSessionOwner> as RemoteSessionOwner;

it('a client of another node can have 256 messages and 1 MiB waiting for it, and not one more', () => {
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

it('what waits for a client of another node waits no longer once its pairing ends for it', () => {
  const remote = new RemoteSession(nobodyOn(2), 2, true, owner);
  remote.keep({ senderSeq: 0, text: 'x'.repeat(100) }, { senderSeq: 1, text: 'x'.repeat(50) });
  expect(remote.waitingBytes).toBe(150 + 2 * KEPT_BYTES);
  remote.shedWaiting();
  expect([remote.waitingBytes, remote.unacked]).toEqual([0, []]);
});

import { expect, it } from '@jest/globals';
import {
  RemoteSession,
  type RemoteSessionOwner,
} from '../../../../src/server/cluster/pairing/remote-session.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';

/** A limit of the protocol: see docs/protocol.md, "Resume". */
const MEBIBYTE = 1024 * 1024;

/** It is asked for nothing here but to count. */
const owner = { added() {} } as unknown as RemoteSessionOwner;

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

/** What is held for clients of PeerJS that are not there: by message and byte, and when the server itself fails. */
import { describe, expect, it } from '@jest/globals';
import { StepQueue } from '../../../../src/machines/index.ts';
import { AbsentPeers } from '../../../../src/server/dialects/peerjs/absent-peers.ts';
import type { PeerJsClient } from '../../../../src/server/dialects/peerjs/peerjs-client.ts';
import { KEPT_FRAME_BYTES } from '../../../../src/server/signaling/waiting-bytes.ts';
import { countVisits } from '../../../support/count-visits.ts';

function waiting() {
  const said: unknown[] = [];
  const fails = { is: false };
  const queue = new StepQueue();
  const absent = new AbsentPeers({
    queue,
    deliver: (from, { dst, frame, payload }) => {
      if (fails.is) throw new Error('on purpose');
      said.push(['to', dst, 'of', (from as unknown as { name: string }).name, frame.toString(), payload]);
    },
    added: (bytes) => {
      if (fails.is) throw new Error('on purpose');
      said.push(`+${bytes}`);
    },
    dropped: () => said.push('dropped'),
    failed: (_from, error, effect) => said.push([String(error), effect]),
  });
  const client = (name: string) =>
    ({
      name,
      scope: '',
      expired: (dst: string) => said.push(`${dst} is not there`),
    }) as unknown as PeerJsClient;
  const hold = (from: PeerJsClient, dst: string, frame = '{"payload":1}') =>
    absent.hold(from, { type: 'OFFER', dst, payload: 1, frame: Buffer.from(frame) } as never);
  const bytes = () => [...absent].map((peer) => peer.waitingBytes);
  return { absent, said, fails, queue, client, hold, bytes };
}

const FRAME = '{"payload":1}'.length;

describe('somebody who is not there', () => {
  it('is held what was said, and has it when it comes, once', () => {
    const { absent, said, client, hold, bytes } = waiting();
    const a = client('a');
    hold(a, 'x');
    hold(a, 'x', '{"payload":"two"}');
    hold(a, 'y');
    expect(said.splice(0)).toEqual([FRAME, FRAME + 4, FRAME].map((size) => `+${size + KEPT_FRAME_BYTES}`));
    expect(bytes()).toEqual([2 * FRAME + 4 + 2 * KEPT_FRAME_BYTES, FRAME + KEPT_FRAME_BYTES]);
    absent.arrived('x');
    absent.arrived('x');
    expect(said).toEqual([
      ['to', 'x', 'of', 'a', '{"payload":1}', 1],
      ['to', 'x', 'of', 'a', '{"payload":"two"}', 'two'],
    ]);
    expect(bytes()).toEqual([FRAME + KEPT_FRAME_BYTES]);
  });

  it.each([
    ['32 messages', 1, 32],
    ['64 KiB', 32 * 1024, 2],
  ])('is held %s of each, and no more', (_what, size, most) => {
    const { absent, said, client, hold } = waiting();
    const a = client('a');
    for (let n = 0; n < most; n += 1) hold(a, 'x', 'x'.repeat(size));
    expect([...absent][0]?.held).toHaveLength(most);
    said.length = 0;
    hold(a, 'x', 'x');
    expect([said, [...absent][0]?.held.length]).toEqual([['dropped'], most]);
    hold(client('b'), 'x', 'x');
    expect([...absent][1]?.held).toHaveLength(1);
  });

  it('is waited for with 31 others by one client; the next is said not to be there until one comes or is left', () => {
    const { absent, said, client, hold } = waiting();
    const [a, b] = [client('a'), client('b')];
    for (let n = 0; n < 32; n += 1) hold(a, `${n}`);
    said.length = 0;
    hold(a, 'x');
    expect(said.splice(0)).toEqual(['dropped', 'x is not there']);
    absent.arrived('0');
    hold(a, 'x');
    absent.left(a, 'x');
    hold(a, 'y');
    said.length = 0;
    hold(a, 'z');
    expect(said.splice(0)).toEqual(['dropped', 'z is not there']);
    hold(b, 'z');
    absent.left(a);
    expect([...absent].map(({ dst }) => dst)).toEqual(['z']);
    absent.left(client('c'));
    expect([...absent]).toHaveLength(1);
  });

  it('is held nothing any more when what is said to it makes us fail: its sender is known, and may wait again', () => {
    const { absent, said, fails, client, hold } = waiting();
    const a = client('a');
    hold(a, 'x');
    said.length = 0;
    fails.is = true;
    absent.arrived('x');
    expect(said.splice(0)).toEqual([['Error: on purpose', 'deliverHeld']]);
    expect([...absent]).toEqual([]);
    fails.is = false;
    hold(a, 'x');
    absent.arrived('x');
    expect(said.slice(1)).toEqual([['to', 'x', 'of', 'a', '{"payload":1}', 1]]);
  });

  it('is held nothing any more after 5 s, and whoever waited is told', () => {
    const { absent, said, queue, client, hold } = waiting();
    hold(client('a'), 'x');
    said.length = 0;
    queue.timers.advance(4_900);
    expect([...absent]).toHaveLength(1);
    queue.timers.advance(5_100);
    expect([said, [...absent]]).toEqual([['x is not there'], []]);
  });

  it('is left, one or all, by a client without a look at whom 1,000 others wait for', async () => {
    const { absent, client, hold } = waiting();
    const all = Array.from({ length: 1_000 }, (_, n) => client(`${n}`));
    for (const [n, one] of all.entries()) for (const dst of ['x', 'y']) hold(one, `${dst}${n}`);
    const visits = await countVisits(async () => {
      absent.left(all[0] as PeerJsClient, 'x0');
      absent.left(all[1] as PeerJsClient);
    });
    expect([visits, [...absent].length]).toEqual([0, 1_997]);
  });

  it('is held nothing where to hold it makes us fail', () => {
    const { absent, said, fails, client, hold } = waiting();
    fails.is = true;
    hold(client('a'), 'x');
    expect([said, [...absent]]).toEqual([[['Error: on purpose', 'holdSignal']], []]);
  });
});

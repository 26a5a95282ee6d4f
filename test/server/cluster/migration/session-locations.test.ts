import { describe, expect, it } from '@jest/globals';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';

const [HERE, THERE, ELSEWHERE] = [1, 2, 3];
const KEPT_MS = 60_000;
const at = (node: number) => ({ node, generation: 1, isConfirmed: true });
const idOn = (node: number, n: number) => nobodyOn(node).slice(0, -1) + n;

/** The locations that node 1 keeps. Those that nobody needs are looked for when the next session goes somewhere. */
function nodeOne() {
  const queue = { now: 1_000 };
  const locations = new SessionLocations(HERE, queue);
  return {
    locations,
    queue,
    /** The nodes at which these sessions are after that time. */
    nodesAfter: (ms: number, ...ids: string[]) => {
      queue.now += ms;
      locations.set(idOn(HERE, 9), at(HERE));
      return ids.map((id) => locations.get(id)?.node);
    },
  };
}

describe('where a session is that began here', () => {
  const [lost, kept] = [idOn(HERE, 0), idOn(HERE, 1)];

  it('is kept for as long as it takes, and for 60 s once its node is lost, and no other', () => {
    const { locations, nodesAfter } = nodeOne();
    locations.set(lost, at(THERE));
    locations.set(kept, at(ELSEWHERE));
    expect(nodesAfter(3_600_000, lost, kept)).toEqual([THERE, ELSEWHERE]);
    expect(nodesAfter(KEPT_MS - 1, lost, kept)).toEqual([THERE, ELSEWHERE]);
    locations.lost(THERE);
    expect(nodesAfter(1, lost, kept)).toEqual([THERE, ELSEWHERE]);
    expect(nodesAfter(KEPT_MS, lost, kept)).toEqual([undefined, ELSEWHERE]);
  });

  it('is known until that is deleted', () => {
    const { locations } = nodeOne();
    locations.set(kept, { node: THERE, generation: 3, isConfirmed: false });
    expect([locations.get(kept), locations.nodeOf(kept), [...locations.nodes()]]).toEqual([
      { node: THERE, generation: 3, isConfirmed: false },
      THERE,
      [THERE],
    ]);
    locations.delete(kept);
    expect([locations.get(kept), locations.nodeOf(kept), [...locations.nodes()]]).toEqual([
      ...[undefined, undefined],
      [],
    ]);
  });
});

describe('where a session is that began elsewhere', () => {
  const [first, second] = [idOn(THERE, 0), idOn(THERE, 1)];

  it('is, as far as is known, where it began', () => {
    const { locations } = nodeOne();
    expect([locations.get(first), locations.nodeOf(first), locations.nodeOf('nonsense')]).toEqual([
      ...[undefined, THERE, undefined],
    ]);
    locations.set(first, at(ELSEWHERE));
    expect(locations.nodeOf(first)).toBe(ELSEWHERE);
  });

  it('is kept for 60 s', () => {
    const { locations, nodesAfter } = nodeOne();
    locations.set(first, at(ELSEWHERE));
    expect(nodesAfter(KEPT_MS - 1, first)).toEqual([ELSEWHERE]);
    expect(nodesAfter(1, first)).toEqual([undefined]);
  });

  it('is looked through once in 60 s, not with each session that goes somewhere', () => {
    const { locations, queue, nodesAfter } = nodeOne();
    locations.set(first, at(ELSEWHERE));
    queue.now += 30_000;
    locations.set(second, at(ELSEWHERE));
    expect(nodesAfter(30_000, first, second)).toEqual([undefined, ELSEWHERE]);
    expect(nodesAfter(KEPT_MS - 1, second)).toEqual([ELSEWHERE]);
    expect(nodesAfter(1, second)).toEqual([undefined]);
  });
});

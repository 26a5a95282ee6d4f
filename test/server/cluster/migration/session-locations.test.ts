import { describe, expect, it } from '@jest/globals';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';

const [HERE, THERE, ELSEWHERE] = [1, 2, 3];
const at = (node: number) => ({ node, generation: 1, isConfirmed: true });

describe('where a session is that began here', () => {
  it('is kept for as long as it takes, and for 60 s once its node is lost, and no other', () => {
    const queue = { now: 0 };
    const locations = new SessionLocations(HERE, queue);
    const [lost, kept, next] = [0, 1, 2].map((n) => nobodyOn(HERE).slice(0, -1) + n) as [
      string,
      string,
      string,
    ];
    locations.set(lost, at(THERE));
    locations.set(kept, at(ELSEWHERE));
    queue.now = 3_600_000;
    locations.set(next, at(ELSEWHERE));
    expect([lost, kept].map((id) => locations.get(id)?.node)).toEqual([THERE, ELSEWHERE]);
    locations.lost(THERE);
    queue.now += 59_999;
    locations.set(next, at(ELSEWHERE));
    expect(locations.get(lost)?.node).toBe(THERE);
    queue.now += 1;
    locations.set(next, at(ELSEWHERE));
    expect([lost, kept].map((id) => locations.get(id)?.node)).toEqual([undefined, ELSEWHERE]);
  });
});

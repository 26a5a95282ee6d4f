/** What claims grant: limits of what they may hold, and that another node grants the same. */
import { describe, expect, it } from '@jest/globals';
import { claimsOf, grantsFrom } from '../../../../src/server/admission/tokens/claims.ts';

const exp = 2_000_000_000;
const nested = (levels: number): unknown => (levels === 0 ? 'x' : [nested(levels - 1)]);

describe('claims', () => {
  it('grant at the node that a client goes to what they granted before', () => {
    const claims = {
      ...{ sub: 'ada', app: 'chess', rooms: ['game-*'], may: ['pair', 'join'], max_peers: 3 },
      ...{ metadata: { name: 'Ada' }, exp },
    };
    const grants = grantsFrom(claims);
    expect(grants).toMatchObject({ expiresAt: exp * 1_000 });
    expect(grantsFrom(claimsOf(grants as Exclude<typeof grants, string>))).toEqual(grants);
    const few = grantsFrom({ exp, may: [] }) as Exclude<typeof grants, string>;
    expect(grantsFrom(claimsOf({ ...few, expiresAt: exp * 1_000 + 999 }))).toEqual(few);
  });

  it('name each permission once', () => {
    expect(grantsFrom({ exp, may: ['pair', 'pair'] })).toMatchObject({ may: ['pair'] });
  });

  it('have 2 KiB of metadata, in 32 levels', () => {
    const problem = (metadata: unknown) => {
      const grants = grantsFrom({ exp, metadata });
      return typeof grants === 'string' ? grants : undefined;
    };
    // With its quotation marks.
    expect([problem('x'.repeat(2_046)), problem('é'.repeat(1_023))]).toEqual([undefined, undefined]);
    expect(problem('x'.repeat(2_047))).toMatch(/at most 2048 bytes/);
    expect([problem(nested(32)), problem(null), problem(0)]).toEqual([undefined, undefined, undefined]);
    expect(problem(nested(33))).toMatch(/deeper than 32 levels/);
    expect(problem({ a: null, b: { c: [1, nested(31)] } })).toMatch(/deeper than 32 levels/);
  });
});

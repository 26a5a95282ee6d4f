/** Which of the items that several addresses have makes room for a new one. */
import { describe, expect, it } from '@jest/globals';
import { Shares } from '../../../src/server/inspector/shares.ts';
import fc from '../../support/fast-check.ts';

const item = fc.record({
  address: fc.constantFrom('a', 'b', 'c'),
  mayGo: fc.boolean(),
  isDeleted: fc.boolean(),
});

describe('the item that makes room', () => {
  it('is the oldest that may go, of the address that has most of all addresses with such an item', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 12 }), (items) => {
        const shares = new Shares<(typeof items)[number]>();
        for (const each of items) shares.add(each);
        const deleted = items.filter(({ isDeleted }) => isDeleted);
        expect(deleted.map((each) => shares.delete(each))).toEqual(deleted.map(() => true));
        expect(deleted.map((each) => shares.delete(each))).toEqual(deleted.map(() => false));

        const left = items.filter(({ isDeleted }) => !isDeleted);
        const countOf = (address: string) => left.filter((each) => each.address === address).length;
        const free = left.filter(({ mayGo }) => mayGo);
        const most = Math.max(0, ...free.map(({ address }) => countOf(address)));
        const found = shares.oldestOfMost(({ mayGo }) => mayGo);

        expect(shares.size).toBe(left.length);
        if (free.length === 0) expect(found).toBeUndefined();
        else {
          const { address = '' } = found ?? {};
          expect(countOf(address)).toBe(most);
          expect(found).toBe(free.find((each) => each.address === address));
        }
      }),
    );
  });
});

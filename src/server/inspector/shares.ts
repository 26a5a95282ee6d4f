/**
 * Fair shares of bounded storage: the address that uses most of it makes room, so that no address can displace all
 * others.
 */

/**
 * The items of the address with the largest share, in their order.
 * @param weightOf an item's part of the total
 */
export function largestShare<Item extends { readonly address: string }>(
  items: Iterable<Item>,
  weightOf: (item: Item) => number,
): Item[] {
  const shares = new Map<string, { weight: number; items: Item[] }>();
  let largest: { weight: number; items: Item[] } | undefined;
  for (const item of items) {
    const share = shares.get(item.address) ?? { weight: 0, items: [] };
    shares.set(item.address, share);
    share.weight += weightOf(item);
    share.items.push(item);
    if (!largest || share.weight > largest.weight) largest = share;
  }
  return largest?.items ?? [];
}

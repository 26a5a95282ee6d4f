/** Where less is kept than strangers can make, who has most of it makes room: no address takes the place of all others. */

/**
 * Those of the address whose share is the largest, in their order.
 * @param weightOf what each is of the whole
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

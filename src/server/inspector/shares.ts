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

/** Items by address, where finding the one that makes room looks at each address, and not at each item. */
export class Shares<Item extends { readonly address: string }> {
  /** Each in the order in which its items were added. */
  readonly #shares = new Map<string, Set<Item>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param item one that is not among them */
  add(item: Item): void {
    const share = this.#shares.get(item.address);
    if (share) share.add(item);
    else this.#shares.set(item.address, new Set([item]));
    this.#size += 1;
  }

  /** @returns whether it was among them */
  delete(item: Item): boolean {
    const share = this.#shares.get(item.address);
    if (!share?.delete(item)) return false;
    if (share.size === 0) this.#shares.delete(item.address);
    this.#size -= 1;
    return true;
  }

  /** Of the addresses with an item that may go, takes the one with the most items, and finds its oldest such item. */
  oldestOfMost(mayGo: (item: Item) => boolean): Item | undefined {
    let most = 0;
    let found: Item | undefined;
    for (const share of this.#shares.values()) {
      if (share.size <= most) continue;
      for (const item of share) {
        if (!mayGo(item)) continue;
        found = item;
        most = share.size;
        break;
      }
    }
    return found;
  }
}

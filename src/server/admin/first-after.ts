/** A page out of any number of things, by their keys: what is kept meanwhile is no more than the page. */
interface Page<Item, Key> {
  /** Only those whose keys are above it; undefined: from the first. */
  readonly after?: Key | undefined;
  readonly limit: number;
  readonly fits?: (item: Item) => boolean;
}

/** @returns in the order of their keys, of which no two should be alike */
export function firstAfter<Item, Key extends string | number>(
  items: Iterable<Item>,
  keyOf: (item: Item) => Key,
  { after, limit, fits = () => true }: Page<Item, Key>,
): Item[] {
  const page: { key: Key; item: Item }[] = [];
  for (const item of items) {
    const key = keyOf(item);
    const last = page.at(-1);
    if (after !== undefined && key <= after) continue;
    if (page.length === limit && last && key >= last.key) continue;
    if (!fits(item)) continue;
    page.splice(placeOf(page, key), 0, { key, item });
    if (page.length > limit) page.pop();
  }
  return page.map(({ item }) => item);
}

/** Where a key belongs in a list that is in order. */
function placeOf<Key>(page: readonly { readonly key: Key }[], key: Key): number {
  let [low, high] = [0, page.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = page[middle];
    if (there && there.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

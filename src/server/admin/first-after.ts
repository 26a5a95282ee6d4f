/** Selects a page from any number of items by their keys, keeping no more than the page in memory. */
interface Page<Item, Key> {
  /** Only items with a greater key; undefined: from the first. */
  readonly after?: Key | undefined;
  readonly limit: number;
  readonly fits?: (item: Item) => boolean;
}

/** @returns items in the order of their keys, which should be unique */
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

/** The position of a key in an ordered list. */
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

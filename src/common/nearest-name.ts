/** Suggests an existing name for a misspelt one, for commands and options. */

/** The largest share of a name that may differ for it to count as misspelt. */
const MAX_WRONG_SHARE = 0.4;

/** The known name that was probably meant, if any: few letters differ, or it begins alike. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, distance: distanceBetween(given, name), shared: sharedStart(given, name) }))
    .sort((a, b) => a.distance - b.distance || b.shared - a.shared);
  const [closest] = ranked;
  if (closest && closest.distance <= MAX_WRONG_SHARE * closest.name.length) return closest.name;
  const [alike] = ranked.sort((a, b) => b.shared - a.shared);
  return alike && alike.shared >= 3 ? alike.name : undefined;
}

function sharedStart(one: string, other: string): number {
  const at = [...other].findIndex((char, i) => char !== one[i]);
  return at === -1 ? other.length : at;
}

/** How many letters must be inserted, removed, changed, or swapped with the next to turn one text into the other. */
function distanceBetween(one: string, other: string): number {
  let before: number[] = [];
  let row = [...Array(other.length + 1).keys()];
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const changed = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1);
      const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const swapped = isSwapped ? (before[j - 2] as number) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(changed, swapped, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    before = row;
    row = next;
  }
  return row[other.length] as number;
}

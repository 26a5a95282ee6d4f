/** What was probably meant by a name that does not exist, for command lines and options alike. */

/** @returns the known name that begins alike, when there is one: most mistakes are endings */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const shared = (name: string) => [...name].findIndex((char, i) => char !== given[i]);
  const best = known
    .map((name) => ({ name, alike: shared(name) === -1 ? name.length : shared(name) }))
    .sort((a, b) => b.alike - a.alike)[0];
  return best && best.alike >= 3 ? best.name : undefined;
}

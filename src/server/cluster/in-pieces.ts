/** Splits what another node is told into messages of so many items each; nothing makes no message. */
export function* inPieces<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let next = 0; next < items.length; next += size) yield items.slice(next, next + size);
}

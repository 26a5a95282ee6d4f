/** Terminals break long lines anywhere; this breaks them between words. */

/** @param indent of the lines after the first */
export function wrap(text: string, width: number, indent = 0): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    // A word that does not fit is split: callers count the lines, so each must fit.
    const end = space > indent ? space : width;
    lines.push(rest.slice(0, end).trimEnd());
    rest = ' '.repeat(indent) + rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

/** The width of text in a sans-serif font, in em: DejaVu Sans, the widest of the fonts that the charts name. */

const classes: readonly (readonly [chars: string, em: number])[] = [
  ["ijl.,:;'|!", 0.31],
  [' ftr()[]-/', 0.4],
  ['szckvxy', 0.59],
  ['mwMWQO→', 0.95],
  ['ABCDEGHKNRTUVXYZ', 0.74],
];
const widths = new Map(classes.flatMap(([chars, em]) => [...chars].map((char) => [char, em] as const)));
const OTHER = 0.64;

export function glyphsWidth(text: string): number {
  let em = 0;
  for (const char of text) em += widths.get(char) ?? OTHER;
  return em;
}

/** Texts that differ in a few places from one that a reader knows: most are still like it, and some nearly. */
import fc from './fast-check.ts';

/** Mostly the first text: one that differs in five places is only ever left to the parser. */
export const mostly = (first: string, ...others: string[]) =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant(first) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

const edits = fc.array(
  fc.record({
    at: fc.nat(260),
    deleted: fc.nat(2),
    inserted: fc.constantFrom('', ...'"\\{}[],:0-. \n', 'é', '\u2028', '__proto__'),
  }),
  { maxLength: 2 },
);

/** The text with up to two small changes anywhere. */
export const edited = (texts: fc.Arbitrary<string>) =>
  fc
    .tuple(texts, edits)
    .map(([text, some]) =>
      some.reduce(
        (before, { at, deleted, inserted }) => before.slice(0, at) + inserted + before.slice(at + deleted),
        text,
      ),
    );

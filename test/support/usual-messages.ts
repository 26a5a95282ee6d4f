/** Messages that are read without the parser, if they look as clients usually write them, compared with the parser. */
import { expect } from '@jest/globals';
import { shapeFault } from '../../src/common/message-shape.ts';
import { isPassedOnWhole, readPeerJsMessage } from '../../src/protocol/index.ts';
import { decode } from '../../src/server/dialects/native/decode-client-message.ts';
import fc from './fast-check.ts';

/** As the parser and the schema read it: a space is nowhere usual, and means nothing. */
export function nativeByParser(text: string): unknown {
  const decoded = decode(Buffer.from(` ${text}`));
  return 'frame' in decoded ? decoded.frame.message : decoded.refusal;
}

/** Undefined for a frame that is refused, or passed on otherwise than with its own bytes. */
export function peerJsByParser(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const message = shapeFault(value) ? undefined : readPeerJsMessage(value);
  return message && isPassedOnWhole(value as object) ? message : undefined;
}

/** Checks that what is read quickly is what the parser reads, for many texts, of which at least 100 are read quickly. */
export function expectSameAsParser(
  texts: fc.Arbitrary<string>,
  quickly: (text: string) => unknown,
  byParser: (text: string) => unknown,
): void {
  let usual = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const read = quickly(text);
      if (!read) return;
      usual += 1;
      expect(read).toEqual(byParser(text));
    }),
    { numRuns: 3_000 },
  );
  expect(usual).toBeGreaterThan(100);
}

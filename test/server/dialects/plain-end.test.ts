/** Where the plain text of a JSON string ends: the function in WebAssembly's bytes against a loop. */
import { describe, expect, it } from '@jest/globals';
import { plainEnd } from '../../../src/server/dialects/plain-end.ts';
import fc from '../../support/fast-check.ts';

/** Byte by byte, as the comment of `plainEnd` says. */
function endByLoop(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    const [byte = 0, next = 0] = [bytes[at], bytes[at + 1]];
    const isEscape = byte === 0x5c && (next === 0x72 || next === 0x6e);
    if (byte < 0x20 || byte > 0x7f || byte === 0x22 || (byte === 0x5c && !isEscape)) return at;
  }
  return bytes.length;
}

describe('the plain text of a JSON string', () => {
  it('ends at the first byte that is not plain, whichever it is and wherever it stands', () => {
    for (let at = 0; at < 50; at += 1)
      for (let byte = 0; byte < 256; byte += 1) {
        const bytes = Buffer.alloc(50, 'a');
        bytes[at] = byte;
        if ([plainEnd(bytes, 0), plainEnd(bytes, at)].some((end) => end !== endByLoop(bytes, 0)))
          throw new Error(`byte ${byte} at ${at}: ${plainEnd(bytes, 0)}, ${plainEnd(bytes, at)}`);
      }
  });

  it('goes on over line breaks that are escaped, and over nothing else that is', () => {
    const pieces = fc.array(
      fc.constantFrom('\\r', '\\n', '\\r\\n', '\\', '\\\\', '\\u000a', '"', '\x7f', 'é', 'a=mid:0', 'r', 'n'),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(pieces, fc.nat(40), (some, skipped) => {
        const bytes = Buffer.from(some.join(''));
        const from = Math.min(skipped, bytes.length);
        expect(plainEnd(bytes, from)).toBe(endByLoop(bytes, from));
      }),
      { numRuns: 3_000 },
    );
  });

  it('ends with the bytes, whatever longer ones were looked at before', () => {
    expect(plainEnd(Buffer.alloc(1_000, 'a'), 0)).toBe(1_000);
    expect(plainEnd(Buffer.from('aaa\\'), 0)).toBe(3);
    expect(plainEnd(Buffer.from('aaa'), 3)).toBe(3);
  });

  it('is not known of a message that is too long', () => {
    const most = 2 * 64 * 1_024 - 32;
    expect(plainEnd(Buffer.alloc(most, 'a'), 0)).toBe(most);
    expect(plainEnd(Buffer.alloc(most + 1, 'a'), 0)).toBeUndefined();
  });
});

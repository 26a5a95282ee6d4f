import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  formatPairingKey,
  PAIRING_KEY_BYTES,
  pairingKeyFrom,
  parsePairingKey,
} from '../../../src/protocol/index.ts';
import fc from '../../support/fast-check.ts';

describe('a pairing key', () => {
  it('is shown as XXXX-XXXX-XXXX in Crockford base32', () => {
    const shown = formatPairingKey(pairingKeyFrom(randomBytes(PAIRING_KEY_BYTES)));
    expect(shown).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}$/);
  });

  it('is read in any case, with or without dashes, and with the letters that look like digits', () => {
    const key = pairingKeyFrom(new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 31]));
    expect(key).toBe('0123456789AZ');
    for (const typed of [
      '0123-4567-89AZ',
      '0123456789az',
      ' o1l3 4567-89aZ '.replace('l', '2'),
      'OI23-4567-89az',
    ]) {
      expect(parsePairingKey(typed)).toBe(key);
    }
  });

  it('survives being shown and read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (random) => {
        const key = pairingKeyFrom(random);
        expect(parsePairingKey(formatPairingKey(key).toLowerCase())).toBe(key);
      }),
    );
  });

  it.each(['', 'XXXX', '0123-4567-89AZ-0', '0123-4567-89U!', 'x'.repeat(10_000)])(
    'is not read from %j',
    (text) => {
      expect(parsePairingKey(text)).toBeUndefined();
    },
  );
});

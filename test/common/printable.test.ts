import { describe, expect, it } from '@jest/globals';
import { isPrintable, printable, printableJson, printableLines } from '../../src/common/printable.ts';
import fc from '../support/fast-check.ts';

const UNSAFE = {
  'C0 control': '\u001b[31m',
  'C1 control': '\u009b31m',
  DEL: '\u007f',
  'bidi override': '\u202e',
  'bidi isolate': '\u2066',
  'zero-width space': '\u200b',
  'zero-width joiner': '\u200d',
  'word joiner': '\u2060',
  'byte order mark': '\ufeff',
  'Hangul filler': '\u3164',
  'grapheme joiner': '\u034f',
  'tag character': '\u{e0041}',
  'line separator': '\u2028',
  'paragraph separator': '\u2029',
  'half a surrogate pair': '\ud83d',
  'end of line': '\r\n',
};

const seen = (text: string) => /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u3164]|\u034f/u.test(text);

describe('text of others', () => {
  it.each(Object.entries(UNSAFE))('is shown without a %s', (_name, char) => {
    const shown = printable(`a${char}b`);
    expect(seen(shown)).toBe(false);
    expect(shown).toContain('\ufffd');
    expect(isPrintable(`a${char}b`)).toBe(false);
  });

  it('is shown as it is where it prints, in any script; a tab is a space', () => {
    expect(printable('Grüße, 你好, שלום, 😀 {"a":1}\tx')).toBe('Grüße, 你好, שלום, 😀 {"a":1} x');
  });

  it('is printable where nothing has to be taken out of it', () => {
    expect(['Grüße 你好', '\u2764\ufe0f', ''].map(isPrintable)).toEqual([true, true, true]);
  });

  it('keeps an emoji without the selector of how it is drawn', () => {
    expect(printable('\u2764\ufe0f')).toBe('\u2764');
  });

  it('keeps the lines of a text that has some', () => {
    expect(printableLines('a\nb\u001bc')).toBe('a\nb\ufffdc');
  });

  it('in JSON has every such character escaped, and is the same value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...Object.values(UNSAFE)), (text, char) => {
        const value = { text: `${text}${char}`, [`${char}${text}`]: 1 };
        const json = printableJson(value);
        return !seen(json) && JSON.stringify(JSON.parse(json)) === JSON.stringify(value);
      }),
    );
  });
});

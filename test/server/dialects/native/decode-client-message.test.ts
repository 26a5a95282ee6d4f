/** What is refused with which words, and a signal as its peer gets it, to the byte. */
import { describe, expect, it } from '@jest/globals';
import {
  decode,
  signalIn,
  withFromPeer,
} from '../../../../src/server/dialects/native/decode-client-message.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const refusalOf = (text: string) => {
  const decoded = decode(bytesOf(text));
  return 'refusal' in decoded ? decoded.refusal : undefined;
};
const deep = (type: string) => `{"type":${type},"a":${'['.repeat(40)}${']'.repeat(40)}}`;

describe('what is no message', () => {
  it.each([
    ['no JSON', '{', { code: 'invalid_json' }],
    ['a byte order mark', '\uFEFF{"type":"unpair"}', { code: 'invalid_json' }],
    ['half a character', '{"type":"offer","sdp":"\\ud800"}', { code: 'invalid_json' }],
    ['no object', '[]', { code: 'invalid_message', message: 'The message should be an object' }],
    ['null', 'null', { code: 'invalid_message', message: 'The message should be an object' }],
    ['no type', '{}', { code: 'invalid_message', message: '`type` should be a string' }],
    ['another type', '{"type":"__proto__"}', { code: 'unknown_type' }],
  ])('is refused: %s', (_what, text, refusal) => {
    expect(refusalOf(text)).toEqual(refusal);
  });

  it('names the type that the refusal is for where that is one of ours, and no other words of the sender', () => {
    const message = expect.any(String);
    expect(refusalOf(deep('"unpair"'))).toEqual({ code: 'invalid_message', message, for: 'unpair' });
    expect(refusalOf('{"type":"unpair","epoch":"x"}')).toMatchObject({ for: 'unpair' });
    for (const type of ['"my own words"', '1', 'null'])
      expect(refusalOf(deep(type))).toEqual({ code: 'invalid_message', message });
  });
});

describe('a signal from another node', () => {
  it('is a signal, and no other message', () => {
    expect(signalIn(bytesOf('{"type":"signal","data":1}'))?.message).toEqual({ type: 'signal', data: 1 });
    for (const text of ['{"type":"unpair"}', '{"type":"create_key"}', '{"type":"offer"}', '{'])
      expect([text, signalIn(bytesOf(text))]).toEqual([text, undefined]);
  });
});

describe('a signal as its peer gets it', () => {
  const signal = '{"type":"signal","data":1}';
  const told = '{"type":"signal","data":1,"from_peer":true}';
  const relayed = (text: string, epoch?: number) =>
    String(withFromPeer({ bytes: bytesOf(text) }, true, epoch));

  it.each([
    ['has from_peer at its end', signal, told],
    ['has it once, however often it was relayed', told, told],
    ['has no white space at its end', `${signal}${' '.repeat(100)}\n`, told],
    ['has neither twice', `${told}${' '.repeat(100)}\n`, told],
    ['may be empty', '{}', '{,"from_peer":true}'],
    ['may end nearly so', '{"a":1,"from_peer":true }', '{"a":1,"from_peer":true ,"from_peer":true}'],
    [
      'may end with what one letter makes another',
      '{,"from_xeer":true}',
      '{,"from_xeer":true,"from_peer":true}',
    ],
    ['may end with another of such', '{,"from_pxer":true}', '{,"from_pxer":true,"from_peer":true}'],
    ['may begin so', '"from_peer":true}', '"from_peer":true,"from_peer":true}'],
  ])('%s', (_what, sent, got) => {
    expect(relayed(sent)).toBe(got);
  });

  it('has the epoch where that is added', () => {
    expect(relayed(signal, 7)).toBe('{"type":"signal","data":1,"epoch":7,"from_peer":true}');
  });

  it('has memory of its own if it is kept, and otherwise until the next', () => {
    const other = { bytes: bytesOf(signal.replace('1', '2')) };
    const [kept, passing] = [true, false].map((isKept) => withFromPeer({ bytes: bytesOf(signal) }, isKept));
    withFromPeer(other, false);
    expect([String(kept), String(passing)]).toEqual([told, told.replace('1', '2')]);
  });
});

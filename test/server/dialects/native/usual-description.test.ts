/** Descriptions that are read without the parser are read as the parser and the schema read them, or left to those. */
import { describe, expect, it } from '@jest/globals';
import { readUsualDescription } from '../../../../src/server/dialects/native/read-usual-description.ts';
import { edited, mostly } from '../../../support/edited-text.ts';
import fc from '../../../support/fast-check.ts';
import { expectSameAsParser, nativeByParser } from '../../../support/usual-messages.ts';

const sdp = `v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n${'a=candidate:1 1 udp 1 192.0.2.17 46154 typ host\r\n'.repeat(4)}`;

function readFast(text: string) {
  const bytes = Buffer.from(text);
  const read = readUsualDescription(bytes);
  return read && { ...read, sdp: read.sdp };
}

const nearlyUsual = edited(
  fc
    .record({
      type: mostly('"offer"', '"answer"', '"candidate"', '"of\\u0066er"', 'null'),
      sdp: mostly(
        JSON.stringify(sdp),
        ...[
          '""',
          '"\\\\n"',
          '"\\t"',
          '"\t"',
          '"\n"',
          '"\\ud800"',
          '"é"',
          '"\\""',
          '"\\x"',
          '"\\',
          'null',
          '{}',
        ],
      ),
      end: mostly(
        '',
        ...[',"epoch":0', ',"epoch":1803886264321024', ',"epoch":9999999999999999', ',"epoch":07', ' '],
        ...[
          ',"epoch":-1',
          ',"epoch":null',
          ',"epoch":1,"epoch":2',
          ',"type":"answer"',
          ',"sdp":1',
          ',"x":"é"',
        ],
      ),
    })
    .map((of) => `{"type":${of.type},"sdp":${of.sdp}${of.end}}`),
);

describe('a description', () => {
  it.each<[string, object]>([
    ['an offer', { type: 'offer', sdp }],
    ['an answer', { type: 'answer', sdp }],
    ['of a client that uses epochs', { type: 'offer', sdp, epoch: 1_803_886_264_321_024 }],
  ])('%s is read without the parser', (_which, message) => {
    expect(readFast(JSON.stringify(message))).toEqual(message);
  });

  it('is read as the parser and the schema read it, or is left to them', () => {
    expectSameAsParser(nearlyUsual, readFast, nativeByParser);
  });

  it('with bytes that are no UTF-8 is left to them, wherever these stand', () => {
    const whole = Buffer.from(JSON.stringify({ type: 'offer', sdp, epoch: 1 }));
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = 0xff;
      expect(readUsualDescription(bytes)).toBeUndefined();
    }
  });
});

/** PeerJS's descriptions that are read without the parser are read as the parser reads them, or left to it. */
import { describe, expect, it } from '@jest/globals';
import { readUsualDescription } from '../../../../src/server/dialects/peerjs/read-usual-description.ts';
import { edited, mostly } from '../../../support/edited-text.ts';
import fc from '../../../support/fast-check.ts';
import { expectSameAsParser, peerJsByParser } from '../../../support/usual-messages.ts';

const sdp = `v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n${'a=candidate:1 1 udp 1 192.0.2.17 46154 typ host\r\n'.repeat(4)}`;
const dst = '7747af91-cd76-412b-996b-e3f37349d919';
const data = { label: 'dc_m5c3mahh0db', reliable: false, serialization: 'binary' };

function readFast(text: string) {
  const read = readUsualDescription(Buffer.from(text));
  if (!read || read.type === 'HEARTBEAT') return undefined;
  const payload = read.payload as { readonly sdp: { readonly sdp: string } };
  return { ...read, payload: { ...payload, sdp: { ...payload.sdp, sdp: payload.sdp.sdp } } };
}

const nearlyUsual = edited(
  fc
    .record({
      type: mostly('"OFFER"', '"ANSWER"', '"CANDIDATE"'),
      sdp: mostly(JSON.stringify(sdp), '""', '"\\\\n"', '"\\t"', '"\n"', '"\\ud800"', '"é"', '"\\""', 'null'),
      inner: mostly('"offer"', '"answer"', 'null'),
      kind: mostly('"data"', '"media"', '"\\u0000"', 'null'),
      connectionId: mostly('"dc_m5c3mahh0db"', '""', '7'),
      more: mostly(
        ',"label":"dc_m5c3mahh0db","reliable":false,"serialization":"binary"',
        ...['', ',"label":"a","reliable":true,"serialization":"json"', ',"label":"a"', ',"metadata":{"a":1}'],
        ...[',"label":1,"reliable":true,"serialization":"json"', ',"type":"x"'],
      ),
      dst: mostly('"c12"', `"${dst}"`, '""', '"\\"}"', '"é"', 'null'),
      end: mostly('', ',"src":"forged"', ',"dst":"other"', ',"type":"LEAVE"', ' '),
    })
    .map(
      (of) =>
        `{"type":${of.type},"payload":{"sdp":{"sdp":${of.sdp},"type":${of.inner}},"type":${of.kind},` +
        `"connectionId":${of.connectionId}${of.more}},"dst":${of.dst}${of.end}}`,
    ),
);

describe("a description of PeerJS's client", () => {
  // As `peerjs` 1.5.5 sent them from Chromium.
  it.each([
    ['an offer of data', 'OFFER', { type: 'data', connectionId: data.label, ...data }],
    ['an offer of media', 'OFFER', { type: 'media', connectionId: 'mc_s3fb45wn92n' }],
    ['an answer', 'ANSWER', { type: 'data', connectionId: data.label }],
  ])('%s is read without the parser', (_which, type, connection) => {
    const message = { type, payload: { sdp: { sdp, type: type.toLowerCase() }, ...connection }, dst };
    expect(readFast(JSON.stringify(message))).toEqual(message);
  });

  it('is read as the parser reads it, or is left to it', () => {
    expectSameAsParser(nearlyUsual, readFast, peerJsByParser);
  });
});

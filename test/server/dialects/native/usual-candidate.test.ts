/** Candidates that are read without the parser are read as the parser and the schema read them, or left to those. */
import { describe, expect, it } from '@jest/globals';
import { readUsualCandidate } from '../../../../src/server/dialects/native/read-usual-candidate.ts';
import { edited, mostly } from '../../../support/edited-text.ts';
import fc from '../../../support/fast-check.ts';
import { expectSameAsParser, nativeByParser } from '../../../support/usual-messages.ts';

const line = 'candidate:842163049 1 udp 1677729535 192.0.2.17 46154 typ srflx raddr 10.0.0.17 rport 46154';
const init = { candidate: line, sdpMid: '0', sdpMLineIndex: 0 };

/** What texts are made of that are nearly usual. */
const pieces = fc.record({
  candidate: mostly(`"${line}"`, '""', '"a~ !"', '"\\n"', '"\\ud800"', '"é"', '"\t"', '"\\""', 'null', '1'),
  sdpMid: mostly('"0"', '"audio"', '""', 'null', `"${'x'.repeat(256)}"`, `"${'x'.repeat(257)}"`),
  sdpMLineIndex: mostly('0', '1', '9999', '65535', '65536', '00', '01', '-1', '1.5', '1e1', 'null'),
  more: mostly('', ',"usernameFragment":"x/+="', ',"usernameFragment":null', ',"sdpMid":"1"', ',"other":1'),
  epoch: mostly(
    '',
    ...[',"epoch":0', ',"epoch":1803886264321024', ',"epoch":9999999999999999', ',"epoch":07', ',"epoch":-1'],
    ...[',"epoch":1.5', ',"epoch":null', ',"epoch":1,"epoch":2', ',"type":"offer"', ' '],
  ),
});
const nearlyUsual = edited(
  pieces.map(
    ({ candidate, sdpMid, sdpMLineIndex, more, epoch }) =>
      `{"type":"candidate","candidate":{"candidate":${candidate},"sdpMid":${sdpMid},"sdpMLineIndex":${sdpMLineIndex}${more}}${epoch}}`,
  ),
);

describe('a candidate', () => {
  it.each<[string, object]>([
    ['as this server’s first clients wrote it', { type: 'candidate', candidate: init }],
    ['of a browser', { type: 'candidate', candidate: { ...init, usernameFragment: 'x/+=' } }],
    ['of a client with several peers', { type: 'candidate', candidate: init, epoch: 1_803_886_264_321_024 }],
  ])('%s is read without the parser', (_whose, message) => {
    expect(readUsualCandidate(JSON.stringify(message))).toEqual(message);
  });

  it('is read as the parser and the schema read it, or is left to them', () => {
    expectSameAsParser(nearlyUsual, readUsualCandidate, nativeByParser);
  });

  it('is left to the schema if it is too long', () => {
    const message = { type: 'candidate', candidate: { ...init, candidate: 'x'.repeat(4_097) } };
    expect(readUsualCandidate(JSON.stringify(message))).toBeUndefined();
    expect(nativeByParser(JSON.stringify(message))).toMatchObject({ code: 'invalid_message' });
  });
});

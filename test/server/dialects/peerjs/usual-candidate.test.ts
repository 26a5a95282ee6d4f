/** PeerJS's candidates that are read without the parser are read as the parser reads them, or left to it. */
import { describe, expect, it } from '@jest/globals';
import { readUsualCandidate } from '../../../../src/server/dialects/peerjs/read-usual-candidate.ts';
import { edited, mostly } from '../../../support/edited-text.ts';
import fc from '../../../support/fast-check.ts';
import { expectSameAsParser, peerJsByParser } from '../../../support/usual-messages.ts';

const line =
  'candidate:975749596 1 udp 2113937151 192.0.2.2 40763 typ host generation 0 ufrag j2am network-cost 999';
/** As `peerjs` 1.5.5 sent it from Chromium. */
const sent = {
  type: 'CANDIDATE',
  payload: {
    candidate: { candidate: line, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'j2am' },
    type: 'data',
    connectionId: 'dc_m5c3mahh0db',
  },
  dst: '7747af91-cd76-412b-996b-e3f37349d919',
};

const nearlyUsual = edited(
  fc
    .record({
      candidate: mostly(`"${line}"`, '""', '"a~ !"', '"\\n"', '"\\ud800"', '"é"', '"\t"', 'null', '1'),
      sdpMid: mostly('"0"', '"audio"', '""', 'null', `"${'x'.repeat(257)}"`),
      sdpMLineIndex: mostly('0', '1', '9999', '65536', '00', '-1', '1.5', '1e1', 'null'),
      more: mostly(',"usernameFragment":"j2am"', '', ',"usernameFragment":null', ',"sdpMid":"1"', ',"x":{}'),
      type: mostly('"data"', '"media"', '""', 'null'),
      connectionId: mostly('"dc_m5c3mahh0db"', '""', '"\\u0000"', '7'),
      dst: mostly('"c12"', `"${sent.dst}"`, '"a b"', '""', '"\\"}"', 'null', '["a"]'),
      end: mostly('', ',"src":"forged"', ',"dst":"other"', ',"type":"LEAVE"', ',"other":1', ' '),
    })
    .map(
      (of) =>
        `{"type":"CANDIDATE","payload":{"candidate":{"candidate":${of.candidate},"sdpMid":${of.sdpMid},` +
        `"sdpMLineIndex":${of.sdpMLineIndex}${of.more}},"type":${of.type},"connectionId":${of.connectionId}},` +
        `"dst":${of.dst}${of.end}}`,
    ),
);

describe("a candidate of PeerJS's client", () => {
  it('as it sends it from a browser is read without the parser', () => {
    const { dst, payload } = sent;
    expect(readUsualCandidate(JSON.stringify(sent))).toEqual({ type: 'CANDIDATE', dst, payload });
  });

  it('is read as the parser reads it, or is left to it', () => {
    expectSameAsParser(nearlyUsual, readUsualCandidate, peerJsByParser);
  });
});

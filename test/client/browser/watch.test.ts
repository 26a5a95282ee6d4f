/** What a watched connection says of its descriptions and candidates. */
import { describe, expect, it } from '@jest/globals';
import { kindsOfCandidate, termsOfDescription } from '../../../src/client/browser/watch/reduce.ts';
import { factsOfCandidate, factsOfSdp } from '../../../src/common/redact.ts';
import {
  hostCandidate,
  mdnsCandidate,
  relayCandidate,
  SECRETS,
  sdp,
  srflxCandidate,
} from '../../support/clients/signal-fixtures.ts';

const media = [
  ...['v=0', 'o=- 1 2 IN IP4 192.0.2.77', 's=my own words', 't=0 0', 'a=group:BUNDLE 0 1', 'a=ice-lite'],
  ...['m=audio 9 UDP/TLS/RTP/SAVPF 111 0', 'c=IN IP4 192.0.2.77', 'a=rtcp:9 IN IP4 192.0.2.77', 'a=mid:0'],
  ...[
    'a=ice-options:trickle renomination',
    'a=setup:passive',
    'a=rtpmap:111 opus/48000/2',
    'a=rtpmap:0 PCMU/8000',
  ],
  ...['a=ssrc:1 cname:my own words', 'a=msid:my own words', `a=ice-ufrag:${SECRETS.ufrag}`],
  ...[`a=fingerprint:sha-256 ${SECRETS.fingerprint}`, `a=ice-pwd:${SECRETS.password}`],
  ...['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:1', 'a=max-message-size:262144', ''],
].join('\r\n');

const secrets = [...Object.values(SECRETS), 'my own words'];

describe('a description, as it is reported', () => {
  it.each([
    ['of a data channel', sdp],
    ['of audio and a data channel', media],
    ['without anything', ''],
  ])('%s, keeps all that a record shows of it, and nothing secret', (_of, given) => {
    const reported = termsOfDescription(given);
    const { bytes: _bytes, candidates: _candidates, ...facts } = factsOfSdp(given);
    expect(factsOfSdp(reported)).toMatchObject(facts);
    for (const secret of secrets) expect(reported).not.toContain(secret);
  });
});

describe('a candidate, as it is reported', () => {
  it.each([hostCandidate, mdnsCandidate, srflxCandidate, relayCandidate])(
    '%s, keeps its kind, and nothing secret',
    (candidate) => {
      const reported = kindsOfCandidate(candidate) ?? '';
      expect(factsOfCandidate({ candidate: reported })).toEqual(factsOfCandidate({ candidate }));
      for (const secret of secrets) expect(reported).not.toContain(secret);
    },
  );

  it.each(['', 'candidate:', 'my own words', 'candidate:1 1 udp 1 192.0.2.77 1 typ words'])(
    'is none if it is not known: %j',
    (candidate) => expect(kindsOfCandidate(candidate)).toBeUndefined(),
  );
});

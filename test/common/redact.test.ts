import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { areSameFacts, redactEvent, redactMessage } from '../../src/common/redact.ts';
import { UndecodedDescription } from '../../src/common/undecoded-description.ts';
import {
  candidateMessage,
  hostCandidate,
  mdnsCandidate,
  relayCandidate,
  SECRETS,
  sdp,
  srflxCandidate,
} from '../support/clients/signal-fixtures.ts';
import fc from '../support/fast-check.ts';

describe('what is kept of a message', () => {
  it('is the main facts of an SDP', () => {
    expect(redactMessage({ type: 'offer', sdp })).toEqual({
      type: 'offer',
      sdp: {
        bytes: Buffer.byteLength(sdp),
        media: 1,
        candidates: { host: 1, mdns: 1 },
        hasUfrag: true,
        hasFingerprint: true,
        terms: expect.objectContaining({ sections: ['application'] }),
      },
    });
  });

  it('is of an SDP what the other side has to fit with, in known words', () => {
    const text = [
      'v=0',
      'a=group:BUNDLE 0 my-own-words',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:0',
      'a=setup:actpass',
      'a=ice-options:trickle my-own-words',
      'a=ice-lite',
      'a=rtpmap:111 opus/48000/2',
      'a=rtpmap:112 my-own-words/8000',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'a=mid:my-own-words',
      'a=max-message-size:262144',
      'm=my-own-words 9 x y',
    ].join('\r\n');
    const { terms } = redactMessage({ type: 'offer', sdp: text }).sdp ?? {};
    expect(terms).toEqual({
      sections: ['audio', 'application', 'other'],
      mids: ['0', 'other'],
      bundled: ['0', 'other'],
      setup: 'actpass',
      codecs: ['opus'],
      iceOptions: ['trickle'],
      maxMessageSize: 262_144,
      isLite: true,
    });
  });

  it('is of an SDP its exact length in bytes, however long it is and whatever it contains', () => {
    const characters = fc.constantFrom('a', 'é', '€', '🙂', '\r\n', '\ud800');
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 9 }), fc.constantFrom(1, 4_000), (some, times) => {
        const text = some.join('').repeat(times);
        expect(redactMessage({ type: 'offer', sdp: text }).sdp?.bytes).toBe(Buffer.byteLength(text));
      }),
    );
  });

  it.each([
    [hostCandidate, { kind: 'host', protocol: 'udp' }],
    [mdnsCandidate, { kind: 'host', mdns: true, protocol: 'udp' }],
    [srflxCandidate, { kind: 'srflx', protocol: 'udp' }],
    [relayCandidate, { kind: 'relay', protocol: 'tcp' }],
    ['', { kind: 'end' }],
    ['candidate:nonsense', { kind: 'unknown' }],
  ])('is the kind and the protocol of candidate %s', (line, facts) => {
    expect(redactMessage(candidateMessage(line)).candidate).toEqual(facts);
  });

  it('is the same of a description that was not decoded, however its lines end', () => {
    const lines = fc.constantFrom(
      ...sdp.split('\r\n'),
      ...[
        'm=audio 9 x',
        'a=rtpmap:111 opus/48000/2',
        'a=rtpmap:0 PCMU',
        'a=rtpmap:opus/8000',
        'a=setup:active\r',
      ],
      ...[
        'a=candidate:1 1 udp 1 x.local',
        'a=candidate:1 1 udp 1 192.0.2.1 9 typ host',
        'a=ice-options:\rtrickle',
      ],
      ...['a=ice-lite\r', 'm=', 'a=', 'a', '', '\r', 'a=setup:\ractive', 'a=max-message-size:7 '],
    );
    const end = fc.constantFrom('\r\n', '\n', '\r', '\r\r\n', '');
    fc.assert(
      fc.property(fc.array(fc.tuple(lines, end), { maxLength: 9 }), (some) => {
        const text = some.flat().join('');
        const bytes = Buffer.from(`x${JSON.stringify(text)}y`);
        const undecoded = new UndecodedDescription('offer', bytes, 2, bytes.length - 2);
        expect(undecoded.sdp).toBe(text);
        expect(redactMessage(undecoded)).toEqual(redactMessage({ type: 'offer', sdp: text }));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is compared field by field', () => {
    expect(areSameFacts({ a: undefined }, { b: undefined })).toBe(false);
    const facts = fc.letrec((of) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<unknown>('udp', 1, true, undefined, null),
        fc.dictionary(fc.constantFrom('a', 'b'), of('value'), { noNullPrototype: true }),
        fc.array(of('value'), { maxLength: 2 }),
      ),
    })).value;
    fc.assert(
      fc.property(facts, facts, (one, other) => {
        expect([areSameFacts(one, other), areSameFacts(one, structuredClone(one))]).toEqual([
          isDeepStrictEqual(one, other),
          true,
        ]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is never an address, credential, fingerprint or name', () => {
    const messages = [
      { type: 'offer', sdp, extra: SECRETS.address },
      ...[hostCandidate, mdnsCandidate, srflxCandidate, relayCandidate].map(candidateMessage),
    ];
    const kept = JSON.stringify(messages.map(redactMessage));
    for (const secret of Object.values(SECRETS)) expect(kept).not.toContain(secret);
  });

  it('holds no text of an SDP or a candidate line, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, unit: fc.constantFrom(...'QXZJ%$') }), (secret) => {
        const line = `candidate:${secret} 1 ${secret} 1 ${secret} 9 typ ${secret}`;
        const kept = [
          redactMessage({ type: 'offer', sdp: `m=${secret}\r\na=${line}\r\na=x:${secret}` }),
          redactMessage({ type: 'candidate', candidate: { candidate: line, [secret]: secret } }),
        ];
        expect(JSON.stringify(kept)).not.toContain(secret);
      }),
    );
  });
});

describe('what is kept of an event', () => {
  it('is that a connection was named, and not the name that a client gave it', () => {
    const event = { type: 'OFFER_RECEIVED', from: 'initiator', connectionId: 'p2p of Ann, 192.0.2.7' };
    expect(redactEvent(event)).toEqual({ type: 'OFFER_RECEIVED', from: 'initiator', connectionId: 'given' });
    const unnamed = { type: 'OFFER_RECEIVED', from: 'initiator', connectionId: undefined };
    expect(redactEvent(unnamed)).toEqual({ type: 'OFFER_RECEIVED', from: 'initiator' });
  });

  it('is neither the pairing key nor a field that nobody listed, nor anything that is no scalar', () => {
    const event = {
      type: 'PAIR_REQUESTED',
      target: 'free',
      key: 'ABCD',
      targetId: 'x',
      frame: { bytes: sdp },
    };
    expect(redactEvent(event)).toEqual({ type: 'PAIR_REQUESTED', target: 'free', targetId: 'x' });
  });
});

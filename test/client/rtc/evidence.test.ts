/** What statistics of a connection become: kinds, states and counts, whatever an engine reports. */
import { describe, expect, it } from '@jest/globals';
import { evidenceOf, flowOf } from '../../../src/client/rtc/evidence.ts';

const candidate = (id: string, candidateType: string, protocol = 'udp') => ({
  ...{ id, type: `${id[0] === 'l' ? 'local' : 'remote'}-candidate`, candidateType, protocol },
  address: '192.0.2.1',
});
const ENDS = [
  candidate('l host', 'host'),
  candidate('l relay', 'relay', 'tcp'),
  candidate('r host', 'host'),
  candidate('r srflx', 'srflx'),
];
const pair = (id: string, local: string, remote: string, more: object = {}) => ({
  ...{ id, type: 'candidate-pair', localCandidateId: local, remoteCandidateId: remote },
  ...{ state: 'in-progress', requestsSent: 1, responsesReceived: 0, requestsReceived: 0, ...more },
});
const near = (id: string, more: object = {}) => pair(id, 'l host', 'r host', more);
const transport = (more: object) => ({ id: 't', type: 'transport', ...more });
const NEAR = { local: 'host', remote: 'host', protocol: 'udp' };

describe('evidence', () => {
  it('has the pairs of the same kinds and protocol together: their sums, and the state that came farthest', () => {
    const counts = { requestsSent: 3, responsesReceived: 2, requestsReceived: 1 };
    const all = [
      near('a', { state: 'failed', ...counts }),
      near('b', { state: 'succeeded', ...counts }),
      near('c', { state: 'waiting', ...counts }),
      pair('d', 'l host', 'r srflx'),
      pair('e', 'l relay', 'r srflx'),
    ];
    expect(evidenceOf([...ENDS, ...all], undefined)).toEqual({
      pairs: [
        { ...NEAR, state: 'succeeded', pairs: 3, sent: 9, answered: 6, received: 3 },
        { ...NEAR, remote: 'srflx', state: 'in-progress', pairs: 1, sent: 1, answered: 0, received: 0 },
        {
          ...{ local: 'relay', remote: 'srflx', protocol: 'tcp' },
          ...{ state: 'in-progress', pairs: 1, sent: 1, answered: 0, received: 0 },
        },
      ],
    });
  });

  it.each([
    ['the transport names', [transport({ selectedCandidatePairId: 'b' })], {}],
    ['itself says so, as in Firefox', [], { selected: true }],
  ])(
    'tells over which pair the data goes that %s, and its round trip, wherever it stands',
    (_who, more, mark) => {
      const pairs = [
        near('a', { currentRoundTripTime: 0.9 }),
        near('b', { currentRoundTripTime: 0.0123, ...mark }),
        near('c', { currentRoundTripTime: 0.8 }),
      ];
      for (const ordered of [pairs, [...pairs].reverse()]) {
        const { pairs: told } = evidenceOf([...ENDS, ...more, ...ordered], undefined);
        expect(told).toMatchObject([{ selected: true, rtt_ms: 12, pairs: 3 }]);
      }
    },
  );

  it('tells the states of ICE, DTLS and SCTP, and none that it does not know', () => {
    const states = transport({ iceState: 'checking', dtlsState: 'connecting' });
    expect(evidenceOf([states], 'connected')).toEqual({
      ...{ ice: 'checking', dtls: 'connecting', sctp: 'connected', pairs: [] },
    });
    const unknown = transport({ iceState: '192.0.2.1', dtlsState: 7 });
    expect(evidenceOf([unknown, null, 'text'], { state: 'connected' })).toEqual({ pairs: [] });
  });

  it('has no pair whose kinds or state are not known, and no address', () => {
    const odd = [candidate('l odd', '192.0.2.1'), candidate('r host', 'host', '192.0.2.1')];
    const pairs = [
      pair('a', 'l odd', 'r host'),
      pair('b', 'l host', 'r nowhere'),
      near('c', { state: '192.0.2.1' }),
      pair('d', 'l odd', 'r srflx'),
    ];
    expect(evidenceOf([...ENDS, ...odd, ...pairs], undefined)).toEqual({ pairs: [] });
    const strange = candidate('l host', 'host', '192.0.2.1');
    expect(evidenceOf([...ENDS, strange, near('e')], undefined).pairs).toMatchObject([{ protocol: 'udp' }]);
  });

  it('has whole counts from 0 to a million', () => {
    const counts = { requestsSent: 1e9, responsesReceived: -1, requestsReceived: 1.6 };
    const { pairs } = evidenceOf([...ENDS, near('a', counts)], undefined);
    expect(pairs).toMatchObject([{ sent: 1_000_000, answered: 0, received: 2 }]);
    const none = { requestsSent: Number.NaN, responsesReceived: '7', requestsReceived: undefined };
    expect(evidenceOf([...ENDS, near('a', { ...none, currentRoundTripTime: 0 })], undefined).pairs).toEqual([
      { ...NEAR, state: 'in-progress', pairs: 1, sent: 0, answered: 0, received: 0 },
    ]);
  });
});

describe('figures of an open connection', () => {
  it('are those of all pairs together, and the round trip of the one in use', () => {
    const counts = { requestsSent: 5, responsesReceived: 4, currentRoundTripTime: 0.02 };
    const pairs = [
      near('a', counts),
      pair('b', 'l host', 'r srflx', { ...counts, currentRoundTripTime: 0.5 }),
    ];
    expect(flowOf([...ENDS, transport({ selectedCandidatePairId: 'a' }), ...pairs], 7)).toEqual({
      ...{ rtt_ms: 20, buffered: 7, sent: 10, answered: 8 },
    });
    expect(flowOf([...ENDS, ...pairs], 0)).toEqual({ buffered: 0, sent: 10, answered: 8 });
  });
});

/** What a connection's statistics become for people and programs, whatever an engine reports. */
import { describe, expect, it } from '@jest/globals';
import { describeStats, statsOf } from '../../../src/client/rtc/connection-stats.ts';

const candidate = (id: string, candidateType: string, protocol: unknown = 'udp') => ({
  ...{ id, type: `${id[0] === 'l' ? 'local' : 'remote'}-candidate`, candidateType, protocol },
});
const ENDS = [candidate('l', 'host'), candidate('lr', 'relay', 'tcp'), candidate('r', 'srflx')];
ENDS.push(candidate('rr', 'relay'), candidate('lo', 'host', 'sctp'));
const pair = (id: string, local: string, remote: string, more: object = {}) => ({
  ...{ id, type: 'candidate-pair', localCandidateId: local, remoteCandidateId: remote, ...more },
});
const selecting = (id: string) => ({ id: 't', type: 'transport', selectedCandidatePairId: id });
const NOTHING = { path: undefined, protocol: undefined, rttMs: undefined, bytesSent: 0, bytesReceived: 0 };

describe('the statistics', () => {
  it.each([
    ['l', 'r', 'direct', 'udp'],
    ['lr', 'r', 'relay', 'tcp'],
    ['l', 'rr', 'relay', 'udp'],
    ['lo', 'r', 'direct', undefined],
  ])('of the pair of %s and %s are those of a path that is %s, by %s', (local, remote, path, protocol) => {
    const chosen = pair('b', local, remote, { currentRoundTripTime: 0.0421, bytesSent: 7, bytesReceived: 3 });
    const others = [pair('a', 'lr', 'rr', { bytesSent: 1 }), pair('c', 'l', 'r', { selected: false })];
    const expected = { path, protocol, rttMs: expect.closeTo(42.1), bytesSent: 7, bytesReceived: 3 };
    const [before, after] = others;
    expect(statsOf([...ENDS, before, chosen, after, selecting('b')])).toEqual(expected);
    // As in Firefox, which has no transport statistics.
    expect(statsOf([...ENDS, before, { ...chosen, selected: true }, after])).toEqual(expected);
  });

  it('are none before a path is selected, whatever else is there', () => {
    const odd = [null, 'text', { id: 's', type: 'transport', selected: true }, pair('a', 'l', 'r')];
    expect(statsOf([])).toEqual(NOTHING);
    expect(statsOf([...ENDS, ...odd])).toEqual(NOTHING);
  });

  it.each([0, -1, Number.NaN, '7', undefined])('have no round trip and no bytes of %p', (value) => {
    const odd = { currentRoundTripTime: value, bytesSent: value, bytesReceived: value };
    const { rttMs, bytesSent, bytesReceived } = statsOf([...ENDS, pair('p', 'l', 'r', odd), selecting('p')]);
    expect([rttMs, bytesSent, bytesReceived]).toEqual([undefined, 0, 0]);
  });

  it('have one byte and half a millisecond, too', () => {
    const least = { currentRoundTripTime: 0.0005, bytesSent: 1, bytesReceived: 1 };
    expect(statsOf([...ENDS, pair('p', 'l', 'r', least), selecting('p')])).toMatchObject({
      ...{ rttMs: 0.5, bytesSent: 1, bytesReceived: 1 },
    });
  });

  it('count what came in by another pair of candidates than it sends by', () => {
    // As werift tells it.
    const channels = [
      { id: 'c', type: 'data-channel', bytesReceived: 500 },
      { id: 'd', type: 'data-channel', bytesReceived: 400 },
    ];
    const sending = pair('p', 'l', 'r', { bytesSent: 7, bytesReceived: 0 });
    const transport = { ...selecting('p'), bytesReceived: 3_000 };
    expect(statsOf([...ENDS, sending, transport, ...channels])).toMatchObject({
      ...{ bytesSent: 7, bytesReceived: 900 },
    });
  });
});

it.each([
  [{ path: 'direct', protocol: 'udp', rttMs: 1.44 }, 'direct by UDP, 1.4 ms'],
  [{ path: 'relay', protocol: 'tcp', rttMs: 10 }, 'through a relay (TURN) by TCP, 10 ms'],
  [{ path: 'direct', protocol: 'udp', rttMs: 9.94 }, 'direct by UDP, 9.9 ms'],
  [{ path: 'relay', protocol: 'udp', rttMs: 42.4 }, 'through a relay (TURN) by UDP, 42 ms'],
  [{ path: 'direct', protocol: undefined, rttMs: undefined }, 'direct'],
  [{}, 'no way yet'],
])('%j reads: %s', (stats, text) => {
  expect(describeStats({ ...NOTHING, ...(stats as object) })).toBe(text);
});

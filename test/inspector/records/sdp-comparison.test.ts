/** Offer and answer side by side: where the two do not fit. */
import { expect, it } from '@jest/globals';
import { factsOfSdp } from '../../../src/common/redact.ts';
import { diagnose } from '../../../src/inspector/records/diagnose-pairing.ts';
import { descriptionsIn } from '../../../src/inspector/records/sdp-comparison.ts';
import type { PairingRecord, RecordStep } from '../../../src/protocol/index.ts';
import { recordHeader } from '../../support/record-header.ts';

const offer = [
  'v=0',
  'a=group:BUNDLE 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:0',
  'a=ice-ufrag:abcd',
  'a=fingerprint:sha-256 00',
  'a=setup:actpass',
  'a=max-message-size:65536',
].join('\r\n');
const answer = offer.replace('actpass', 'active');

const step = (t: number, type: string, from: string, more: Partial<RecordStep> = {}): RecordStep => ({
  t,
  of: 'pairing',
  event: { type, from },
  to: 'negotiating',
  taken: ['one'],
  effects: [{ type: 'relayToPeer' }],
  ...more,
});
const recordOf = (offer: string, answer: string | undefined, ...more: RecordStep[]): PairingRecord => ({
  header: recordHeader,
  lines: [
    step(0, 'OFFER_RECEIVED', 'initiator', { message: { type: 'offer', sdp: factsOfSdp(offer) } }),
    ...(answer === undefined
      ? []
      : [step(9, 'ANSWER_RECEIVED', 'responder', { message: { type: 'answer', sdp: factsOfSdp(answer) } })]),
    ...more,
  ],
});
const conflictsIn = (offer: string, answer: string | undefined) =>
  descriptionsIn(recordOf(offer, answer))?.terms.flatMap(({ conflict }) => conflict ?? []);

it('finds nothing wrong with an offer and its answer, in any roles that fit', () => {
  expect(conflictsIn(offer, answer)).toEqual([]);
  expect(conflictsIn(offer, answer.replace('active', 'passive'))).toEqual([]);
  expect(conflictsIn(offer.replace('actpass', 'passive'), answer)).toEqual([]);
  expect(conflictsIn(offer, undefined)).toEqual([]);
});

it.each<[string, string, string | undefined, RegExp]>([
  [
    'two that both wait',
    offer.replace('actpass', 'passive'),
    answer.replace('active', 'passive'),
    /a=setup:passive: neither/,
  ],
  ['two that both start', offer.replace('actpass', 'active'), answer, /a=setup:active: both start/],
  ['an answer that decides nothing', offer, offer, /leaves the DTLS role open/],
  [
    'an offer without a fingerprint',
    offer.replace(/a=fingerprint.*\r\n/, ''),
    undefined,
    /^A's offer has no fingerprint/,
  ],
  [
    'an answer without ICE credentials',
    offer,
    answer.replace(/a=ice-ufrag.*\r\n/, ''),
    /^B's answer has no ICE credentials/,
  ],
  [
    'an answer with another name for a section',
    offer,
    answer.replaceAll(/(mid:|BUNDLE )0/g, '$11'),
    /\(a=mid\)/,
  ],
  ['an answer that bundles more', offer, answer.replace('BUNDLE 0', 'BUNDLE 0 1'), /bundles sections/],
  [
    'two without a common codec',
    offer.replace('application', 'audio').concat('\r\na=rtpmap:0 PCMU/8000'),
    answer.replace('application', 'audio').concat('\r\na=rtpmap:111 opus/48000'),
    /no codec in common/,
  ],
])('names %s', (_name, offer, answer, conflict) => {
  expect(conflictsIn(offer, answer)).toContainEqual(expect.stringMatching(conflict));
});

it('has what each of the two says beside each other, and leaves out what neither says', () => {
  const terms = (offer: string, answer?: string) =>
    descriptionsIn(recordOf(offer, answer))?.terms.map(({ name, values }) => [name, ...values]);
  const rows = [
    ['Sections', 'application', 'application'],
    ['mids', '0', '0'],
    ['BUNDLE', '0', '0'],
    ['DTLS role (setup)', 'actpass', 'active'],
    ['Fingerprint', 'yes', 'yes'],
    ['ICE credentials', 'yes', 'yes'],
  ];
  const any = answer.replace('max-message-size:65536', 'max-message-size:0');
  expect(terms(offer, `${any}\r\na=ice-options:trickle`)).toEqual([
    ...rows,
    ['ICE options', '', 'trickle'],
    ['Largest message', '65536 B', 'any'],
  ]);
  const bare = (text: string) => text.replace('\r\na=max-message-size:65536', '');
  expect(terms(bare(offer), bare(answer))).toEqual(rows);
  const open = bare(offer)
    .replace(/a=fingerprint.*\r\n/, '')
    .replace('\r\na=setup:actpass', '');
  expect(terms(open)).toEqual([
    ...rows.slice(0, 3).map(([name, value]) => [name, value, '']),
    ['Fingerprint', 'none', ''],
    ['ICE credentials', 'yes', ''],
  ]);
});

it('finds nothing wrong where one of the two does not say its role, or its codecs, or they share one', () => {
  const audio = (text: string, ...codecs: string[]) =>
    [text.replace('application', 'audio'), ...codecs.map((codec, n) => `a=rtpmap:${n} ${codec}`)].join(
      '\r\n',
    );
  const codecsIn = (offer: string, answer: string | undefined) =>
    descriptionsIn(recordOf(offer, answer))?.terms.find(({ name }) => name === 'Codecs');
  const opus = audio(offer, 'PCMU/8000', 'opus/48000');
  for (const answered of [audio(answer), undefined])
    expect(codecsIn(opus, answered)).toEqual({ name: 'Codecs', values: [expect.stringContaining(', '), ''] });
  expect(codecsIn(audio(offer), audio(answer, 'opus/48000'))?.values[0]).toBe('');
  expect(codecsIn(audio(offer, 'opus/48000'), audio(answer))?.values[1]).toBe('');
  expect(conflictsIn(opus, audio(answer, 'opus/48000'))).toEqual([]);
  expect(codecsIn(audio(offer), audio(answer))).toBeUndefined();
  const silent = (text: string) => text.replace(/a=setup.*\r\n/, '');
  expect(conflictsIn(silent(offer), offer)).toEqual([]);
  expect(conflictsIn(offer.replace('actpass', 'active'), silent(answer))).toEqual([]);
});

it('takes the newest offer that was passed on, and only its answer', () => {
  const record = recordOf(offer, answer);
  const renewed = { ...record, lines: [...record.lines, ...recordOf(offer, undefined).lines] };
  expect(descriptionsIn(renewed)?.answer).toBeUndefined();
  expect(descriptionsIn({ ...record, lines: [] })).toBeUndefined();
});

it('reads older records, and those that somebody made up', () => {
  const record = recordOf(offer, answer);
  const strange = JSON.parse(JSON.stringify(record).replaceAll(/"mids":\[[^\]]*\]/g, '"mids":7'));
  expect(() => descriptionsIn(strange)).not.toThrow();
  const old = JSON.parse(JSON.stringify(record).replaceAll(/,"terms":\{[^}]*\}/g, ''));
  expect(descriptionsIn(old)?.terms.map(({ name }) => name)).toEqual(['Fingerprint', 'ICE credentials']);
});

it('is the cause of a failure, before what the checks say', () => {
  const failed = step(5_000, 'REPORT_RECEIVED', 'initiator', {
    message: { type: 'report', state: 'failed' },
  });
  const record = recordOf(offer.replace('actpass', 'passive'), answer.replace('active', 'passive'), failed);
  expect(diagnose(record)[0]?.text).toBe(
    'Both descriptions say a=setup:passive: neither of the two starts DTLS (A reported that its connection failed).',
  );
});

import { expect, it } from '@jest/globals';
import { resolveOptions } from '../../../src/client/peer/peer-options.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';

const url = 'ws://127.0.0.1/';

it.each(['maxRetransmits', 'maxPacketLifeTime'])(
  '%s of a channel is a whole number from 0 to 65,535',
  (limit) => {
    const resolve = (value: number) =>
      resolveOptions({ url, channels: [{ label: 'moves', [limit]: value }] });
    for (const value of [0, 65_535])
      expect(resolve(value).channels[1]).toEqual({ label: 'moves', [limit]: value });
    for (const value of [-1, 65_536, 1.5]) expect(() => resolve(value)).toThrow(`from 0 to 65535`);
  },
);

/** The longest delay of setTimeout. */
const LONGEST_MS = 2_147_483_647;
const deadlines = ['signalingMs', 'offerMs', 'answerMs', 'acceptMs', 'checkingMs', 'silenceMs'];
const backoffs = ['baseMs', 'capMs'];

it.each([
  ...deadlines.map((name) => [
    `timeouts.${name}`,
    0,
    LONGEST_MS,
    (ms: number) => ({ timeouts: { [name]: ms } }),
  ]),
  ...backoffs.map((name) => [
    `reconnect.${name}`,
    0,
    LONGEST_MS,
    (ms: number) => ({ reconnect: { [name]: ms } }),
  ]),
  ['maxRestarts', 0, 1_000, (maxRestarts: number) => ({ maxRestarts })],
  ['peers', 1, 1_000, (peers: number) => ({ peers })],
] as [string, number, number, (value: number) => object][])(
  '%s is from %d to %d',
  (name, min, max, optionsWith) => {
    for (const value of [min, max])
      expect(() => resolveOptions({ url, ...optionsWith(value) })).not.toThrow();
    for (const value of [min - 1, max + 1, Number.NaN])
      expect(() => resolveOptions({ url, ...optionsWith(value) })).toThrow(`\`${name}\`: should be a`);
  },
);

it('waits as long as docs/client-api.md says, if nothing else is asked for', () => {
  const { settings, requestTimeoutMs, acceptTimeoutMs, silenceMs } = resolveOptions({ url });
  expect([requestTimeoutMs, acceptTimeoutMs, silenceMs]).toEqual([10_000, 10_000, 15_000]);
  expect(settings).toEqual({
    signalingTimeoutMs: 10_000,
    offerTimeoutMs: 30_000,
    answerTimeoutMs: 30_000,
    checkingTimeoutMs: 30_000,
    drainTimeoutMs: 1_000,
    maxRestarts: 3,
    backoffBaseMs: 500,
    backoffCapMs: 30_000,
    reconnect: true,
  });
});

it('a token is a function, or a text of the characters that a JWT has', () => {
  for (const token of ['eyJ.a-b_c.0', () => 'eyJ.a-b_c.0'])
    expect(() => resolveOptions({ url, token })).not.toThrow();
  for (const token of ['', 'two words', 'ä', 'a\n', 7, {}])
    expect(() => resolveOptions({ url, token: token as string })).toThrow('`token`: should be a token');
});

it('does not reconnect when told so', () => {
  expect(resolveOptions({ url, reconnect: false }).settings.reconnect).toBe(false);
});

it('tells a logger its states, why the link was lost, in printable characters, and what failed', async () => {
  const lines: unknown[] = [];
  const { peer, server } = await playedPeer({
    logger: {
      debug: (fields, text) => lines.push(['debug', fields, text]),
      warn: (fields, text) => lines.push(['warn', fields, text]),
    },
  });
  peer.on('error', () => {});
  server.say({ type: 'error', message: 'Too many' });
  server.cut('gone\x1b[31m');
  await settled();
  expect(lines).toEqual([
    ['debug', { id: 'me', peerId: undefined, state: 'unpaired' }, 'Peer is unpaired'],
    ['warn', { id: 'me', peerId: undefined, code: 'server_error' }, expect.stringContaining('Too many')],
    [
      'debug',
      { id: 'me', reason: expect.not.stringContaining('\x1b'), afterMs: undefined },
      'Signaling lost',
    ],
    ['debug', { id: 'me', peerId: undefined, state: 'signaling' }, 'Peer is signaling'],
  ]);
});

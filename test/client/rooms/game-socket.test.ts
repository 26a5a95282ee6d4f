/** What is read from the game's socket, and how much of it is kept. */
import { expect, it } from '@jest/globals';
import {
  charsIn,
  fingerprintOf,
  peerSignalFrom,
  readSignal,
  roomSignalFrom,
} from '../../../src/client/rooms/game-socket.ts';

it.each<[unknown, number]>([
  ['four', 4],
  [{ one: 'two' }, 6],
  [{ a: 'b', number: 1_000, nothing: null, nested: { is: 'not ours' } }, 'abnumbernothingnested'.length],
  [{}, 0],
  [5, 0],
  [null, 0],
  [undefined, 0],
])('what is received counts by its text and the names and texts of its fields: %j', (data, chars) => {
  expect(charsIn(data)).toBe(chars);
});

it.each([
  [{ candidate: 'c' }],
  [{ candidate: 'c', sdpMid: '0' }],
  [{ candidate: 'c', sdpMLineIndex: 0 }],
  [{ candidate: 'c', usernameFragment: 'u' }],
  [{ candidate: 'c', sdpMid: null, sdpMLineIndex: null, usernameFragment: null }],
  [null],
])(
  "a player's candidate is kept with the fields that it has, and without what else was put in: %j",
  (payload) => {
    const more = payload && { ...payload, padding: 'x'.repeat(1_000) };
    const taken = { type: 'CANDIDATE_RECEIVED', candidate: payload };
    expect(peerSignalFrom({ type: 'ice-candidate', payload: more })).toStrictEqual(taken);
  },
);

it.each([
  ['offer', 'OFFER_RECEIVED'],
  ['answer', 'ANSWER_RECEIVED'],
] as const)(
  'an %s may come as bare SDP or as the object of WebRTC, and nothing else of it is kept',
  (type, taken) => {
    for (const payload of ['v=0', { sdp: 'v=0' }, { type, sdp: 'v=0', more: 'x' }])
      expect(peerSignalFrom({ type, payload })).toStrictEqual({ type: taken, sdp: 'v=0' });
    for (const payload of [undefined, null, 5, {}, ['v=0']])
      expect(typeof peerSignalFrom({ type, payload })).toBe('string');
  },
);

it.each([
  ['a type that is none', { type: 'hangup' }],
  ['no type', { type: undefined }],
  ['no sender', { from_player_id: undefined }],
  ['a sender that is no id', { from_player_id: {} }],
  ['no game', { game_id: undefined }],
  ['a game that is no id', { game_id: ['g'] }],
])('a signal with %s is none', (_what, wrong) => {
  const signal = { type: 'answer', from_player_id: 1, game_id: 'g', payload: 'v=0' };
  expect(readSignal(signal)).toStrictEqual({ type: 'answer', from: 1, game: 'g', payload: 'v=0' });
  expect(readSignal({ ...signal, ...wrong })).toBeUndefined();
});

it('other players are sent what existing clients understand: descriptions and candidates, but not their end', () => {
  const candidate = { candidate: 'c', sdpMid: '0', sdpMLineIndex: 0 };
  expect(
    [
      { type: 'offer', sdp: 'o' } as const,
      { type: 'answer', sdp: 'a' } as const,
      { type: 'candidate', candidate } as const,
      { type: 'candidate', candidate: null } as const,
      { type: 'report', state: 'connected' } as const,
      { type: 'unpair' } as const,
    ].map(roomSignalFrom),
  ).toStrictEqual([
    { type: 'offer', payload: { type: 'offer', sdp: 'o' } },
    { type: 'answer', payload: { type: 'answer', sdp: 'a' } },
    { type: 'ice-candidate', payload: candidate },
    undefined,
    undefined,
    undefined,
  ]);
});

it('a description tells its connection by the first fingerprint, whatever ends its lines', () => {
  const lines = ['v=0', 'a=fingerprint:sha-256 AB:CD', 'a=fingerprint:sha-256 EF:01'];
  for (const end of ['\r\n', '\n']) expect(fingerprintOf(lines.join(end))).toBe('sha-256 AB:CD');
  expect(fingerprintOf('v=0\r\nx a=fingerprint:sha-256 AB:CD')).toBeUndefined();
});

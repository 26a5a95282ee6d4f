/** What the server counts of an event, and what it refuses before any machine hears of it. */
import { describe, expect, it } from '@jest/globals';
import { MAX_EXTRA_DEPTH } from '../../../../src/protocol/index.ts';
import { decodeRoomRequest, measure } from '../../../../src/server/dialects/socket-io/decode-room-request.ts';

const join = { game_id: 'g', player_id: 'ä' };
const nested = (depth: number): unknown => (depth === 0 ? 'x' : { a: nested(depth - 1) });

describe('the size of an event', () => {
  it.each([
    ['a text', 'ä'],
    ['a field', { name: 'text' }],
    ['a field whose name has two bytes a letter', { ää: 'text' }],
    ['a list', ['text']],
    ['nothing', null],
    ['a field in a field', { one: { two: 'three' } }],
    ['a list in a field', { one: ['two'] }],
  ])('is, for %s, that of its JSON', (_what, value) => {
    expect(measure(value)).toEqual({ bytes: Buffer.byteLength(JSON.stringify(value)) });
  });

  it('counts binary data by its bytes, with what was counted before, and says that it is none of JSON', () => {
    expect(measure([Buffer.alloc(1_000)])).toEqual({
      bytes: 2 + 1_000,
      problem: expect.stringContaining('binary'),
    });
    expect(measure(new Uint16Array(10)).bytes).toBe(20);
  });

  it('is counted up to the depth that may be passed on, and no deeper', () => {
    expect(measure(nested(MAX_EXTRA_DEPTH + 1)).problem).toBeUndefined();
    expect(measure(nested(MAX_EXTRA_DEPTH + 2)).problem).toContain(`${MAX_EXTRA_DEPTH} levels`);
  });
});

describe('an event', () => {
  const decodeAt = (bytes: number, maxBytes: number) =>
    decodeRoomRequest('join_game', join, { bytes }, maxBytes);

  it.each([
    ['as many bytes as it may', 2, 2, true],
    ['one byte more', 3, 2, false],
    ['two bytes where one is allowed', 2, 1, false],
    ['any number of bytes where 0 says that there is no limit', 1_000_000, 0, true],
  ])('with %s is taken or refused for that alone', (_what, bytes, maxBytes, isTaken) => {
    expect(decodeAt(bytes, maxBytes)).toEqual(
      isTaken ? { request: { name: 'join_game', fields: join } } : { refusal: { code: 'message_too_large' } },
    );
  });

  it('that cannot be passed on is refused with the reason', () => {
    expect(decodeRoomRequest('join_game', join, { bytes: 1, problem: 'why' }, 0)).toEqual({
      refusal: { code: 'invalid_message', message: 'why' },
    });
  });

  it('without fields is read as one with none', () => {
    expect(decodeRoomRequest('leave_game', undefined, { bytes: 4 }, 0)).toEqual({
      request: { name: 'leave_game', fields: {} },
    });
  });

  const signal = { game_id: 'g', target_player_id: 'b', type: 'offer', payload: 'sdp' };
  const fieldsOf = (name: string) => (name === 'join_game' ? join : signal);

  describe.each([
    ['game_id', 'webrtc_signal'],
    ['target_player_id', 'webrtc_signal'],
    ['game_id', 'join_game'],
    ['player_id', 'join_game'],
  ])('whose %s in %s', (field, name) => {
    const decoded = (id: string) =>
      decodeRoomRequest(name, { ...fieldsOf(name), [field]: id }, { bytes: 1 }, 0);

    it.each([
      ['half a letter', '\ud800'],
      ['a control character', 'a\u001b[2J'],
      ['a character without width', 'a\u200bb'],
      ['another direction of writing', 'a\u202eb'],
      ['a line separator', 'a\u2028b'],
      ['an invisible letter', 'a\u3164b'],
    ])('has %s is refused with the name of that field', (_what, id) => {
      expect(decoded(id)).toEqual({
        refusal: { code: 'invalid_message', message: `\`${field}\` should be of printable characters` },
      });
    });

    it.each(['Ä b', '\u2764\ufe0f', '日本'])('is %j is taken', (id) => {
      expect(decoded(id)).toMatchObject({ request: { fields: { [field]: id } } });
    });
  });
});

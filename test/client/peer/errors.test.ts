/** Which of a server's errors nobody needs to hear of, and what an error keeps of what a server says. */
import { describe, expect, it } from '@jest/globals';
import { isExpected, PairlaneError } from '../../../src/client/peer/errors.ts';

describe('an error of the server', () => {
  it.each([
    [
      'a session that it has not any more, which it replaces',
      { for: 'resume', code: 'unknown_session' },
      true,
    ],
    ['a peer that has left at the same moment as we', { for: 'unpair', code: 'not_paired' }, true],
    ['an offer that yields to that of the peer', { for: 'offer', code: 'offer_collision' }, true],
    ['something for a peer that has just left', { for: 'candidate', code: 'not_paired' }, true],
    ['nothing that it names', { code: 'not_paired' }, false],
    ['a request', { for: 'pair_request', code: 'unknown_target' }, false],
    ['a message that is none', { for: 'offer', code: 'invalid_message' }, false],
  ])('about %s: %j is expected: %p', (_what, error, isSo) => {
    expect(isExpected(PairlaneError.fromServer({ message: 'No', ...error }))).toBe(isSo);
  });

  it('keeps its own text, up to 1,000 characters, and a code that we know', () => {
    const long = PairlaneError.fromServer({ message: 'x'.repeat(1_001), code: 'not_paired', for: 'offer' });
    expect([long.message, long.code, long.for, long.isFromServer]).toEqual([
      'x'.repeat(1_000),
      'not_paired',
      'offer',
      true,
    ]);
    for (const code of ['of the future', undefined])
      expect(PairlaneError.fromServer({ message: 'No', ...(code && { code }) })).toMatchObject({
        code: 'server_error',
        message: 'No',
      });
  });
});

describe('an error of our own', () => {
  it('is any thrown value, with its text and as its cause; one of ours stays what it is', () => {
    const ours = new PairlaneError('closed');
    expect(PairlaneError.from('internal', ours)).toBe(ours);
    expect(String(ours)).toMatch(/^PairlaneError: ./);
    const thrown = new Error('no memory');
    const error = PairlaneError.from('internal', thrown);
    expect([error.code, error.cause, error.isFromServer]).toEqual(['internal', thrown, false]);
    expect(error.message).toContain('no memory');
    expect(PairlaneError.from('internal', 7).message).toContain('7');
  });

  it('gives its detail after a colon, and in brackets where it has several sentences or asks', () => {
    expect(new PairlaneError('peer_gone', 'gone home').message).toMatch(/[^.]: gone home$/);
    expect(new PairlaneError('description_refused', 'no SDP').message).toMatch(/\. \(no SDP\)$/);
    expect(new PairlaneError('peer_gone').message).not.toMatch(/[:(]/);
  });
});

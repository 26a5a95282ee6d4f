/** What a client says when it resumes its session. */
import { expect, it } from '@jest/globals';
import { ResumableSession } from '../../../src/client/signaling/resumable-session.ts';

it('a resume says how many messages wait for an ack, and of how many bytes, if any do', () => {
  const session = new ResumableSession('me', 'a secret');
  const resume = { type: 'resume', id: 'me', token: 'a secret', received: 0, first: 1 };
  expect(session.resumeMessage).toEqual(resume);
  for (const message of [{ type: 'pong' }, { type: 'signal', data: 'ä' }] as const) session.keep(message);
  expect(session.resumeMessage).toEqual({ ...resume, unacked: 2, unacked_bytes: 15 + 29 });
  session.acked(1);
  expect(session.resumeMessage).toEqual({ ...resume, first: 2, unacked: 1, unacked_bytes: 29 });
});

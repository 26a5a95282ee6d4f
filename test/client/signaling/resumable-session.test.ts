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

it('a session is over once more than 65,536 messages or 16 MiB wait for an ack', () => {
  const [many, large] = [new ResumableSession('me', 'a secret'), new ResumableSession('me', 'a secret')];
  for (let n = 0; n < 65_536; n += 1) many.keep({ type: 'pong' });
  const head = JSON.stringify({ type: 'signal', data: '' }).length;
  for (let n = 0; n < 16; n += 1) large.keep({ type: 'signal', data: 'x'.repeat(1024 * 1024 - head) });
  for (const session of [many, large]) {
    expect(session.isOverfull).toBe(false);
    session.keep({ type: 'pong' });
    expect(session.isOverfull).toBe(true);
  }
});

/** What the session still has to say, without what it no longer needs to. */
const unsaid = (session: ResumableSession) =>
  session.unacked.map(({ message }) => JSON.parse(message)).filter(({ type }) => type !== 'pong');

it('a request that was answered is not sent again, and no other one is forgotten', () => {
  const session = new ResumableSession('me', 'a secret');
  for (const type of ['create_key', 'list_rooms', 'list_rooms'] as const) session.keep({ type });
  session.forgetRequest('pair_request');
  expect(unsaid(session)).toHaveLength(3);
  session.forgetRequest('list_rooms');
  expect(unsaid(session)).toEqual([{ type: 'create_key' }, { type: 'list_rooms' }]);
  expect(session.unacked.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

it('a server that has lost our numbers is not told reports from before our last description of that pairing', () => {
  const report = (epoch: number) => ({ type: 'report', state: 'connected', epoch }) as const;
  const description = (type: 'offer' | 'answer', epoch: number) => ({ type, sdp: 'v=0', epoch }) as const;
  const said = [
    ...[report(1), report(2), report(3), report(4)],
    ...[description('offer', 1), description('answer', 2), report(1)],
    ...[{ type: 'signal', data: 'x', epoch: 3 } as const, description('offer', 5)],
  ];
  for (const isRestarted of [false, true]) {
    const session = new ResumableSession('me', 'a secret');
    for (const message of said) session.keep(message);
    session.accept({ seq: 1, acked: 0, message: '', senderSeq: undefined });
    session.resumed('the next secret', isRestarted);
    expect(unsaid(session)).toEqual(isRestarted ? said.slice(2) : said);
    const received = isRestarted ? 0 : 1;
    expect(session.resumeMessage).toMatchObject({ token: 'the next secret', unacked: said.length, received });
  }
});

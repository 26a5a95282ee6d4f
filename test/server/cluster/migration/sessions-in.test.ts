import { expect, it } from '@jest/globals';
import type { NodeMessage } from '../../../../src/protocol/cluster/index.ts';
import { sessionsIn } from '../../../../src/server/cluster/migration/sessions-in.ts';

const pairing = { epoch: 1, from: 'a', to: 'b' };
/** The session that node asked for by the number 7, and no other. */
const sessionOf = (number: number) => (number === 7 ? 'asked for' : undefined);

it.each<[string, object, readonly string[] | undefined]>([
  ['a move is about the session that goes', { type: 'move', id: 'a' }, ['a']],
  ['and so is its end', { type: 'left', id: 'a' }, ['a']],
  ['an answer is about the session asked for', { type: 'moved', number: 7 }, ['asked for']],
  ['and so is a refusal', { type: 'not_moved', number: 7 }, ['asked for']],
  ['an answer that nobody awaits is about none', { type: 'moved', number: 8 }, []],
  [
    'each session that a node has is meant',
    { type: 'hosting', sessions: [{ id: 'a' }, { id: 'b' }] },
    ['a', 'b'],
  ],
  ['a pair request is about both', { type: 'ask', from: 'a', target_id: 'b' }, ['a', 'b']],
  ['one by a key may be for any', { type: 'ask', from: 'a', key: 'k' }, undefined],
  ['a denied one is about who asked', { type: 'denied', to: 'b' }, ['b']],
  ['what is said in a pairing is about both', { type: 'signal', ...pairing }, ['a', 'b']],
  ['its end is about both', { type: 'ended', ...pairing }, ['a', 'b']],
  ['a topic is about none', { type: 'published', topic: 't', text: '' }, []],
  ['anything else may be about any', { type: 'room', id: 'a' }, undefined],
])('%s', (_what, message, ids) => {
  expect(sessionsIn(message as NodeMessage, sessionOf)).toEqual(ids);
});

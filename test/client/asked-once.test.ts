/**
 * What the server itself was asked, and has answered, when it dies before it could confirm the question: a relayed
 * message that was sent before it, and that the peer has not confirmed, holds all confirmations up.
 */
import { describe, expect, it } from '@jest/globals';
import { SignalingLink } from '../../src/client/signaling.ts';
import type { OpenSocket, SocketHandlers } from '../../src/client/socket.ts';
import { openWsSocket } from '../../src/client/ws-socket.ts';
import type { ClientMessage, ServerMessage } from '../../src/protocol/index.ts';
import { Restartable } from '../support/restartable.ts';
import { ResumableClient } from '../support/resumable-client.ts';
import { until } from '../support/test-cluster.ts';

const candidate: ClientMessage = {
  type: 'candidate',
  candidate: { candidate: 'on its way', sdpMid: '0', sdpMLineIndex: 0 },
};
const welcome = { type: 'your_id', id: 'me', ping_interval_ms: 30_000, resume: 'a secret' };

function linkTo(url: string, openSocket: OpenSocket) {
  const inbox: ServerMessage[] = [];
  let pairing: { peer_id: string; epoch: number; initiator: boolean } | undefined;
  const link = new SignalingLink(url, openSocket, {
    received: (message) => {
      inbox.push(message);
      if (message.type !== 'paired' || message.epoch === undefined) return;
      pairing = { peer_id: message.peer_id, epoch: message.epoch, initiator: message.initiator };
    },
    malformed: (error) => {
      throw error;
    },
    lost: () => {},
    sessionLost: () => {},
    pairing: () => pairing,
  });
  link.open();
  return { link, inbox };
}

/** What a client sends again to a server that was restarted, after it had that answer to that question. */
function sentAgain(question: ClientMessage, ...answers: object[]): string[] {
  let socket: SocketHandlers | undefined;
  let sent: string[] = [];
  const { link } = linkTo('ws://played/', (_url, handlers) => {
    socket = handlers;
    return { send: (text) => sent.push(text), close: () => {} };
  });
  socket?.received(JSON.stringify(welcome));
  for (const message of [candidate, question, candidate]) link.send(message);
  for (const [n, answer] of answers.entries()) socket?.received(`[${n + 1},0,${JSON.stringify(answer)}]`);
  socket?.closed(1006, '');
  link.open();
  socket?.opened();
  sent = [];
  socket?.received(JSON.stringify({ ...welcome, received: 0, restarted: true }));
  return sent;
}

const createKey: ClientMessage = { type: 'create_key' };
const pairRequest: ClientMessage = { type: 'pair_request', target_id: 'you' };
const key = { type: 'key', key: 'XXXX-XXXX-XXXX', expires_at: 1 };
const paired = { type: 'paired', peer_id: 'you', initiator: true, polite: false, epoch: 1 };
const refused = (type: string) => ({ type: 'error', code: 'too_many_keys', message: 'No', for: type });

const again = (question: object) => [
  `[1,0,${JSON.stringify(candidate)}]`,
  `[2,0,${JSON.stringify(question)}]`,
  `[3,0,${JSON.stringify(candidate)}]`,
];

describe('a question to a server that is killed before it confirmed it', () => {
  it.each<[string, ClientMessage, object]>([
    ['a key', createKey, key],
    ['a refused key', createKey, refused('create_key')],
    ['a pairing', pairRequest, paired],
    ['a refused pairing', pairRequest, refused('pair_request')],
  ])('is not asked again once it was answered: %s. A pong takes its number', (_name, question, answer) => {
    expect(sentAgain(question, answer)).toEqual(again({ type: 'pong' }));
  });

  it.each<[string, ClientMessage, object[]]>([
    ['there was no answer', createKey, []],
    ['something else was answered', createKey, [refused('pair_request'), refused('offer'), paired]],
    ['somebody else asked for the pairing', pairRequest, [{ ...paired, initiator: false }]],
  ])('is asked again when %s', (_name, question, answers) => {
    expect(sentAgain(question, ...answers)).toEqual(again(question));
  });

  it('gets one answer, over a kill -9 and a restart', async () => {
    const server = await new Restartable().start();
    const { link, inbox } = linkTo(server.url, openWsSocket);
    await until(() => inbox.some(({ type }) => type === 'your_id'), 'your_id');
    const peer = await ResumableClient.connect(server.url);
    link.send({ type: 'pair_request', target_id: peer.id });
    const { peer_id, epoch } = await peer.next('paired');
    peer.pairing = { peer_id: String(peer_id), epoch: Number(epoch), initiator: false };
    // The peer has it, and does not say so.
    link.send(candidate);
    await peer.next('candidate');
    link.send(createKey);
    await until(() => inbox.some(({ type }) => type === 'key'), 'the key');
    await server.restart();
    const back = await peer.comeBack(server.url);
    inbox.length = 0;
    link.open();
    // The answer to what is asked last is the last answer.
    await until(() => inbox.some(({ type }) => type === 'your_id'), 'your_id');
    link.send({ type: 'pair_request', target_id: back.id });
    await until(() => inbox.some(({ type }) => type === 'error'), 'the refusal');
    expect(inbox.map(({ type }) => type)).toEqual(['your_id', 'error']);
    expect(inbox[1]).toMatchObject({ code: 'already_paired' });
    link.close();
  }, 15_000);
});

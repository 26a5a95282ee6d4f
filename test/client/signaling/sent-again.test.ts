/**
 * What a client sends again to a server that has forgotten everything: what its predecessor did not ack, except for
 * what would be wrong to say twice.
 */
import { describe, expect, it } from '@jest/globals';
import { openWsSocket } from '../../../src/client/node/node-socket.ts';
import { ServerAllowance } from '../../../src/client/signaling/server-allowance.ts';
import { SignalingLink } from '../../../src/client/signaling/signaling-client.ts';
import type { OpenSocket, SocketHandlers } from '../../../src/client/signaling/socket.ts';
import type { ClientMessage, ServerMessage } from '../../../src/protocol/index.ts';
import { ResumableClient } from '../../support/clients/resumable-client.ts';
import { Restartable } from '../../support/servers/restartable-server.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

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
    problem: (error) => {
      throw error;
    },
    lost: () => {},
    sessionLost: () => {},
    claims: () => (pairing ? { pairing } : {}),
    allowance: new ServerAllowance(1, () => 0),
  });
  link.open();
  return { link, inbox };
}

/**
 * What a client sends again to a server that was restarted, after it said and heard all that.
 * @param answers each as it is, or with the seq up to which it acks
 */
function sentAgain(
  said: readonly ClientMessage[],
  ...answers: (object | readonly [acked: number, answer: object])[]
): string[] {
  let socket: SocketHandlers | undefined;
  let sent: string[] = [];
  const { link } = linkTo('ws://played/', (_url, handlers) => {
    socket = handlers;
    return { send: (text) => sent.push(text), close: () => {} };
  });
  socket?.received(JSON.stringify(welcome));
  for (const message of said) link.send(message);
  for (const [n, given] of answers.entries()) {
    const [acked, answer] = Array.isArray(given) ? given : [0, given];
    socket?.received(`[${n + 1},${acked},${JSON.stringify(answer)}]`);
  }
  socket?.closed(1006, '');
  link.open();
  socket?.opened();
  sent = [];
  socket?.received(JSON.stringify({ ...welcome, received: 0, restarted: true }));
  return sent;
}

const createKey: ClientMessage = { type: 'create_key' };
const pairRequest: ClientMessage = { type: 'pair_request', target_id: 'you' };
const key = { type: 'key', key: 'HTPA-0XJM-WTDJ', expires_at: 1 };
const paired = { type: 'paired', peer_id: 'you', initiator: true, polite: false, epoch: 1 };
const refused = (type: string) => ({ type: 'error', code: 'too_many_keys', message: 'No', for: type });

const pong: ClientMessage = { type: 'pong' };
const unpair: ClientMessage = { type: 'unpair', epoch: 1 };
const numbered = (...messages: ClientMessage[]) =>
  messages.map((message, n) => `[${n + 1},0,${JSON.stringify(message)}]`);

// A relayed message that was sent before it, and that the peer has not acked, holds up its ack.
describe('a question to a server that is killed before it acked it', () => {
  it.each<[string, ClientMessage, object]>([
    ['a key', createKey, key],
    ['a refused key', createKey, refused('create_key')],
    ['a pairing', pairRequest, paired],
    ['a refused pairing', pairRequest, refused('pair_request')],
  ])('is not asked again once it was answered: %s. A pong takes its number', (_name, question, answer) => {
    expect(sentAgain([candidate, question, candidate], answer)).toEqual(numbered(candidate, pong, candidate));
  });

  it('has the offer behind it sent again for its pairing if the server took that ahead, and otherwise as it was', () => {
    const ahead: ClientMessage = { type: 'offer', sdp: 'ahead', request: 2 };
    const said = [candidate, pairRequest, ahead, candidate];
    expect(sentAgain(said, { ...paired, request: 2 })).toEqual(
      numbered(candidate, pong, { type: 'offer', sdp: 'ahead', epoch: 1 }, candidate),
    );
    expect(sentAgain(said, paired)).toEqual(numbered(candidate, pong, ahead, candidate));
    expect(sentAgain(said)).toEqual(numbered(...said));
    expect(sentAgain([pairRequest, candidate], { ...paired, request: 1 })).toEqual(numbered(pong, candidate));
  });

  it('has the offer of its own request sent again, and not that of an earlier one, that nobody waits for', () => {
    const ahead = (request: number): ClientMessage => ({ type: 'offer', sdp: `for ${request}`, request });
    const said = [pairRequest, ahead(1), pairRequest, ahead(3)];
    expect(sentAgain(said, { ...paired, request: 1 })).toEqual(numbered(pong, ...said.slice(1), unpair));
    expect(sentAgain(said.slice(0, 3), { ...paired, request: 1 }, { ...paired, request: 3 })).toEqual(
      numbered(pong, ahead(1), pong, unpair),
    );
  });

  it('is asked again when an earlier one is answered, which the server has acked', () => {
    const said = [pairRequest, candidate, pairRequest];
    expect(sentAgain(said, [1, { ...paired, request: 1 }])).toEqual(numbered(...said, unpair).slice(1));
    expect(sentAgain(said, [1, { ...refused('pair_request'), request: 1 }])).toEqual(
      numbered(...said).slice(1),
    );
  });

  it.each<[string, ClientMessage, object[]]>([
    ['there was no answer', createKey, []],
    ['something else was answered', createKey, [refused('pair_request'), refused('offer'), paired]],
    ['somebody else asked for the pairing', pairRequest, [{ ...paired, initiator: false }]],
  ])('is asked again when %s', (_name, question, answers) => {
    const said = [candidate, question, candidate];
    expect(sentAgain(said, ...answers)).toEqual(numbered(...said));
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
  });
});

const report: ClientMessage = { type: 'report', state: 'connected' };
const offer: ClientMessage = { type: 'offer', sdp: 'again' };
const answer: ClientMessage = { type: 'answer', sdp: 'again' };

describe('a report to a server that is killed before it acked it', () => {
  it.each([offer, answer])('is not sent again when an $type followed it', (description) => {
    const said = [report, candidate, report, description, candidate, report];
    expect(sentAgain(said)).toEqual(numbered(pong, candidate, pong, description, candidate, report));
  });

  it('is sent again when it is the last word', () => {
    const said = [description('offer', 1), description('answer', 2), report, candidate];
    expect(sentAgain(said)).toEqual(numbered(...said));
  });

  it('does not make the server wait for an answer that is there already, and refuse the next offer', async () => {
    const servers = [
      await startTestServer({ secret: 'of both' }),
      await startTestServer({ secret: 'of both' }),
    ];
    let [{ server } = {}] = servers;
    let isDead = false;
    const openSocket: OpenSocket = (_url, handlers) => {
      const received = (data: unknown) => isDead || handlers.received(data);
      const socket = openWsSocket(`${server?.url}?resume=${server === servers[1]?.server ? 'back' : '1'}`, {
        ...handlers,
        received,
      });
      return { close: (code) => socket.close(code), send: (text) => void (isDead || socket.send(text)) };
    };
    const [a, b] = [linkTo('ws://either/', openSocket), linkTo('ws://either/', openSocket)];
    const isIn = ({ inbox }: typeof a, type: string, sdp?: string) =>
      inbox.some((one) => one.type === type && (one as { sdp?: string }).sdp === sdp);
    const has = (one: typeof a, type: string, sdp?: string) => until(() => isIn(one, type, sdp), type);
    await Promise.all([has(a, 'your_id'), has(b, 'your_id')]);
    const { id: target_id } = b.inbox[0] as { id: string };
    a.link.send({ type: 'pair_request', target_id });
    await Promise.all([has(a, 'paired'), has(b, 'paired')]);
    a.link.send(description('offer', 1));
    await has(b, 'offer', '1');
    b.link.send(description('answer', 1));
    await has(a, 'answer', '1');
    for (const { link } of [a, b]) link.send(report);
    a.link.send(description('offer', 2));
    await has(b, 'offer', '2');
    isDead = true;
    b.link.send(description('answer', 2));
    for (const { link } of [a, b]) link.drop();
    isDead = false;
    server = servers[1]?.server;
    b.link.open();
    await has(b, 'peer_away');
    a.link.open();
    await has(a, 'answer', '2');
    // The last of what it sends again.
    a.link.send(candidate);
    await has(b, 'candidate');
    b.link.send(description('offer', 3));
    await until(() => isIn(a, 'offer', '3') || isIn(b, 'error'), 'the offer, or its refusal');
    expect(b.inbox.filter(({ type }) => type === 'error')).toEqual([]);
    for (const { link } of [a, b]) link.close();
  });
});

function description(type: 'offer' | 'answer', n: number): ClientMessage {
  return { type, sdp: `${n}` };
}

describe('a client that comes back and has nothing to send again', () => {
  it('is heard all the same, so that the secret it came with is no longer worth anything', () => {
    expect(sentAgain([])).toEqual([JSON.stringify({ type: 'ack', received: 0 })]);
  });
});

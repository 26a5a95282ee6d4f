/** What a server, or a peer through it, may send that ours would not: a typed error at most, and the peer goes on. */
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { WebSocket } from 'ws';
import { createPeer } from '../../../src/client/index.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { ScriptedServer } from '../../support/clients/scripted-server.ts';
import { errorOf, event, inState, recorded, testPeer } from '../../support/peers/werift-peers.ts';
import { until } from '../../support/until.ts';

const paired = { type: 'paired', peer_id: 'them', initiator: false, polite: true, epoch: 5 };

/** Fulfilled once the peer has dealt with everything sent so far: it answers in order. */
async function settled(server: ScriptedServer): Promise<void> {
  server.send({ type: 'ping' });
  await server.next('pong');
}

describe('a malformed message of the server', () => {
  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['an array', '[1]'],
    ['a number', '7'],
    ['no type', '{"id":"x"}'],
    ['a type that is no string', '{"type":{"a":1}}'],
    ['a lone surrogate as JSON', '"\\ud800"'],
    ['a missing field', '{"type":"paired","initiator":true}'],
    ['a wrong field', '{"type":"paired","peer_id":7,"initiator":true}'],
    ['an offer that forges its origin', '{"type":"offer","sdp":"v=0","from_peer":false}'],
    [
      'an index that is no number',
      '{"type":"candidate","candidate":{"candidate":"","sdpMLineIndex":"0"},"from_peer":true}',
    ],
    ['bytes', Buffer.from([1, 2, 3])],
  ])('is an error event and nothing else: %s', async (_, message) => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const error = event(peer, 'error');
    server.send(message);
    expect(await error).toMatchObject({ code: 'invalid_server_message' });
    await settled(server);
    expect(peer.state).toBe('unpaired');
  });

  it.each(['xstate.stop', '__proto__', 'constructor', 'CLOSE_ASKED', 'from_the_future'])(
    'of the unknown type %s is passed over',
    async (type) => {
      const server = await ScriptedServer.start();
      const peer = await testPeer(server.url);
      const errors = recorded(peer, 'error');
      server.send({ type });
      await settled(server);
      expect(errors).toEqual([]);
      expect(peer.state).toBe('unpaired');
    },
  );

  it('out of turn changes nothing: signals without a pairing, a second greeting', async () => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const errors = recorded(peer, 'error');
    server.send({ type: 'your_id', id: 'another', ping_interval_ms: 0 });
    server.send({ type: 'offer', sdp: 'v=0', from_peer: true });
    server.send({ type: 'answer', sdp: 'v=0', from_peer: true });
    server.send({ type: 'candidate', candidate: null, from_peer: true });
    server.send({ type: 'peer_disconnected', peer_id: 'nobody' });
    server.send({ type: 'key', key: 'AAAA-AAAA-AAAA', expires_at: 0 });
    await settled(server);
    expect(peer.id).toBe('me');
    expect(peer.state).toBe('unpaired');
    expect(errors).toEqual([]);
  });
});

describe('a message of the server that is nested deep', () => {
  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])(
    'is an error event before anybody walks it, and the peer goes on: 300,000 %s',
    async (_, open, close) => {
      const server = await ScriptedServer.start();
      const peer = await testPeer(server.url);
      const error = event(peer, 'error');
      const deep = `${open.repeat(300_000)}1${close.repeat(300_000)}`;
      server.send(`{"type":"signal","from_peer":true,"epoch":5,"data":${deep}}`);
      expect(await error).toMatchObject({ code: 'invalid_server_message' });
      server.send(`{"type":"paired","peer_id":${deep},"initiator":true}`);
      await settled(server);
      expect(peer.state).toBe('unpaired');
    },
  );

  it('is no reason to stay with one that floods: its socket is closed, with the reason', async () => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const error = event(peer, 'error');
    const closed = once(server.socket as WebSocket, 'close');
    for (let n = 0; n < 2_000; n += 1) server.send({ type: 'error', message: 'no', code: 'internal' });
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([4000, 'The server sent more than a client takes']);
    expect(await error).toMatchObject({ message: 'no' });
    expect(peer.signaling).toBe('lost');
  });
});

describe('bad input from a peer', () => {
  it('that is an offer that is no SDP ends the pairing with a typed error', async () => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const error = event(peer, 'error');
    server.send(paired);
    server.send({ type: 'offer', sdp: 'this is no SDP', from_peer: true, epoch: 5 });
    expect(await error).toMatchObject({ code: 'description_refused' });
    expect(await server.next('unpair')).toMatchObject({ epoch: 5 });
    expect(peer.state).toBe('unpaired');
  });

  it('that is an answer that is no SDP ends the pairing with a typed error', async () => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const error = event(peer, 'error');
    server.send({ ...paired, initiator: true });
    expect(await server.next('offer')).toMatchObject({ epoch: 5, sdp: expect.stringContaining('v=0') });
    server.send({ type: 'answer', sdp: '', from_peer: true, epoch: 5 });
    expect(await error).toMatchObject({ code: 'description_refused' });
  });

  it.each<[string, (sdp: string) => string]>([
    ['of megabytes', (sdp) => `${sdp}${'a=x-hello:world\r\n'.repeat(200_000)}`],
    ['with a line of megabytes', (sdp) => `${sdp}a=${'('.repeat(4_000_000)}\r\n`],
    ['with a hundred sections', (sdp) => sdp + (sdp.match(/m=application [\s\S]*/)?.[0] ?? '').repeat(100)],
  ])(
    'that is an offer %s ends the pairing with a typed error, before anybody reads it',
    async (_what, worse) => {
      const offerer = await ScriptedServer.start();
      await testPeer(offerer.url);
      offerer.send({ ...paired, initiator: true });
      const { sdp } = await offerer.next('offer');
      const server = await ScriptedServer.start();
      const peer = await testPeer(server.url);
      const error = event(peer, 'error');
      server.send(paired);
      server.send({ type: 'offer', sdp: worse(sdp as string), from_peer: true, epoch: 5 });
      expect(await error).toMatchObject({ code: 'description_refused' });
      expect(await server.next('unpair')).toMatchObject({ epoch: 5 });
      expect(peer.state).toBe('unpaired');
    },
  );

  it('of an earlier pairing is passed over', async () => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    server.send(paired);
    server.send({ type: 'offer', sdp: 'stale', from_peer: true, epoch: 4 });
    await settled(server);
    expect(peer.state).toBe('paired');
  });

  it('that is a candidate that is none is no loss', async () => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const errors = recorded(peer, 'error');
    server.send({ ...paired, initiator: true });
    await server.next('offer');
    const offerer = await ScriptedServer.start();
    const other = await testPeer(offerer.url);
    offerer.send({ ...paired, initiator: true });
    const { sdp } = await offerer.next('offer');
    server.send({ ...paired });
    server.send({ type: 'candidate', candidate: { candidate: 'garbage', sdpMid: '0' }, from_peer: true });
    server.send({ type: 'offer', sdp, from_peer: true });
    server.send({ type: 'candidate', candidate: { candidate: 'garbage', sdpMid: '9' }, from_peer: true });
    server.send({ type: 'candidate', candidate: { candidate: '' }, from_peer: true });
    await server.next('answer');
    await settled(server);
    expect(peer.state).toBe('checking');
    expect(errors).toEqual([]);
    await other.close();
  });
});

/** Two peers on two scripted servers, which the test relays between as it likes. */
async function apart() {
  const [serverA, serverB] = [await ScriptedServer.start(), await ScriptedServer.start()];
  const [a, b] = [await testPeer(serverA.url), await testPeer(serverB.url)];
  const relay = async (from: ScriptedServer, to: ScriptedServer, type: string) =>
    to.send({ ...(await from.next(type)), from_peer: true });
  return { serverA, serverB, a, b, relay };
}

/** Relays all candidates that come from now on, and have come. */
function relayCandidates(from: ScriptedServer, to: ScriptedServer): void {
  from.next('candidate').then((message) => {
    to.send({ ...message, from_peer: true });
    if (message.candidate !== null) relayCandidates(from, to);
  });
}

describe('negotiating', () => {
  it('keeps candidates that come before the description', async () => {
    const { serverA, serverB, a, b, relay } = await apart();
    serverA.send({ ...paired, initiator: true, polite: false });
    serverB.send(paired);
    const offer = await serverA.next('offer');
    const candidates = [await serverA.next('candidate')];
    while (candidates.at(-1)?.candidate !== null) candidates.push(await serverA.next('candidate'));
    for (const candidate of candidates) serverB.send({ ...candidate, from_peer: true });
    await settled(serverB);
    expect(b.state).toBe('paired');
    serverB.send({ ...offer, from_peer: true });
    // Not one of b's candidates is relayed: those of a, which came early, must do.
    await relay(serverB, serverA, 'answer');
    await Promise.all([a.opened(), b.opened()]);
  });

  it('yields its first offer when it is polite and both offer at once', async () => {
    const { serverA, serverB, a, b, relay } = await apart();
    serverA.send({ ...paired, initiator: true, polite: false });
    serverB.send({ ...paired, initiator: true, polite: true });
    const [offerOfA, offerOfB] = await Promise.all([serverA.next('offer'), serverB.next('offer')]);
    serverA.send({ ...offerOfB, from_peer: true });
    serverB.send({ ...offerOfA, from_peer: true });
    relayCandidates(serverA, serverB);
    await relay(serverB, serverA, 'answer');
    relayCandidates(serverB, serverA);
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
  });

  it('sends its candidates after its description, each with the epoch', async () => {
    const server = await ScriptedServer.start();
    await testPeer(server.url);
    server.send({ ...paired, initiator: true });
    while (!server.inbox.some(({ candidate }) => candidate === null)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [first, ...rest] = server.inbox;
    expect(first?.type).toBe('offer');
    expect(rest.map(({ type }) => type)).toEqual(rest.map(() => 'candidate'));
    expect(rest.length).toBeGreaterThan(1);
    expect(server.inbox.every(({ epoch }) => epoch === 5)).toBe(true);
  });
});

describe('time', () => {
  it('is up for a server that does not greet within 10 s', async () => {
    const server = await ScriptedServer.start(undefined);
    const clock = new ManualClock();
    const failed = errorOf(createPeer({ url: server.url, clock }));
    await until(() => server.connections !== 0);
    clock.advance(10_050);
    expect(await failed).toMatchObject({ code: 'signaling_timeout' });
  });

  it('is up for a request that is not answered within 10 s', async () => {
    const server = await ScriptedServer.start();
    const clock = new ManualClock();
    const peer = await testPeer(server.url, { clock });
    const failed = errorOf(peer.pair({ id: 'slow' }));
    await server.next('pair_request');
    clock.advance(10_050);
    expect(await failed).toMatchObject({ code: 'timeout' });
  });

  it.each([
    [false, 'offer_timeout'],
    [true, 'answer_timeout'],
  ] as const)('is up for a peer that is silent for 30 s (initiator: %s)', async (initiator, code) => {
    const server = await ScriptedServer.start();
    const clock = new ManualClock();
    const peer = await testPeer(server.url, { clock });
    const error = event(peer, 'error');
    const opened = errorOf(peer.opened());
    server.send({ ...paired, initiator });
    await event(peer, 'paired');
    clock.advance(30_050);
    expect(await error).toMatchObject({ code });
    expect(await opened).toMatchObject({ code });
  });

  it('of a request is up when signaling is lost; the peer then comes back with its new id', async () => {
    const server = await ScriptedServer.start();
    const clock = new ManualClock();
    const peer = await testPeer(server.url, { clock });
    const failed = errorOf(peer.pair({ id: 'them' }));
    await server.next('pair_request');
    const waiting = event(peer, 'signaling');
    server.socket?.terminate();
    expect(await failed).toMatchObject({ code: 'signaling_lost' });
    expect(await waiting).toBe('waiting');
    expect(await errorOf(peer.createKey())).toMatchObject({ code: 'not_online' });
    clock.advance(600);
    await inState(peer, 'unpaired');
    expect(server.connections).toBe(2);
  });
});

describe('an error of a server of the seeds', () => {
  it('without `for` and `code` answers the request that waits', async () => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const failed = errorOf(peer.pair({ id: 'them' }));
    await server.next('pair_request');
    server.send({ type: 'error', message: 'Target client not found' });
    expect(await failed).toMatchObject({ code: 'server_error', message: 'Target client not found' });
  });

  it('that answers nothing is an error event', async () => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const error = event(peer, 'error');
    server.send({ type: 'error', message: 'Something else', code: 'from_the_future' });
    expect(await error).toMatchObject({
      code: 'server_error',
      message: 'Something else',
      isFromServer: true,
    });
  });
});

describe('an error of the server', () => {
  const refusal = { type: 'error', code: 'target_not_found', message: 'Too many of them.' };

  it.each([
    ['names it', { ...refusal, for: 'pair_request' }],
    ['names none, as the seed does', refusal],
  ])('that answers a request fails its call and is no error event, when it %s', async (_, error) => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const errors = recorded(peer, 'error');
    const asked = errorOf(peer.pair({ id: 'them' }));
    await server.next('pair_request');
    server.send(error);
    expect(await asked).toMatchObject({ code: 'target_not_found', message: 'Too many of them.' });
    await settled(server);
    expect(errors).toEqual([]);
  });

  it.each([
    ['names none', refusal],
    ['names one that was not made', { ...refusal, for: 'create_key' }],
  ])('that answers no request is one error event, when it %s', async (_, error) => {
    const server = await ScriptedServer.start();
    const peer = await testPeer(server.url);
    const errors = recorded(peer, 'error');
    server.send(error);
    await settled(server);
    expect(errors).toMatchObject([{ code: 'target_not_found' }]);
  });
});

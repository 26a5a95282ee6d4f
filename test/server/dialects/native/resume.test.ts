/** Coming back after a lost socket: every message once and in order, and nobody comes back as somebody else. */
import { describe, expect, it } from '@jest/globals';
import type { ServerOptions } from '../../../../src/server/index.ts';
import { ResumableClient } from '../../../support/clients/resumable-client.ts';
import fc from '../../../support/fast-check.ts';
import { pairUp, startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const RESUME_FAILED = { code: 'resume_failed', for: 'resume' };

async function pairedTest(options: Partial<ServerOptions> = {}) {
  const test = await startTestServer(options);
  const a = await test.connectResumable();
  const b = await test.connect();
  await pairUp(a, b);
  return { ...test, a, b };
}

/** Cuts the client's socket without a word, and waits until the server has noticed. */
async function cut({ server }: TestServer, client: ResumableClient): Promise<void> {
  const session = server.parts.sessions.get(client.id);
  client.socket.terminate();
  await until(() => !session?.client.isOnline);
}

describe('a session that can be resumed', () => {
  it('keeps id, key and pairing, and the peer is told peer_away and peer_back', async () => {
    const test = await pairedTest();
    test.a.send({ type: 'create_key' });
    const { key } = await test.a.next('key');
    await cut(test, test.a);
    expect(await test.b.next('peer_away')).toEqual({ type: 'peer_away', peer_id: test.a.id });
    const back = await test.a.comeBack(test.server.url);
    expect(back.id).toBe(test.a.id);
    expect(await test.b.next('peer_back')).toEqual({ type: 'peer_back', peer_id: test.a.id });
    back.send({ type: 'offer', sdp: 'after' });
    expect((await test.b.next('offer')).sdp).toBe('after');
    back.send({ type: 'unpair' });
    await test.b.next('peer_disconnected');
    const c = await test.connect();
    c.send({ type: 'pair_request', key });
    expect((await c.next('paired')).peer_id).toBe(back.id);
  });

  it('is told of in the log, with its id and no more: its begin, its absence, its return, and its end', async () => {
    const test = await pairedTest();
    await cut(test, test.a);
    await test.b.next('peer_away');
    const back = await test.a.comeBack(test.server.url);
    await test.b.next('peer_back');
    await back.close();
    await test.b.next('peer_disconnected');
    await test.b.close();
    const { sessions } = test.server.parts;
    await until(() => sessions.size === 0);
    const { id } = back;
    const of = (one: string) =>
      test.log
        .filter((line) => line.id === one && String(line.event).startsWith('session_'))
        .map(({ event, msg }) => [event, msg]);
    expect(of(id)).toEqual([
      ['session_opened', `Client ${id} connected`],
      ['session_away', `Client ${id} is away`],
      ['session_back', `Client ${id} is back`],
      ['session_ended', `Client ${id} disconnected, removing pairing with ${test.b.id}`],
    ]);
    expect(of(test.b.id).at(-1)).toEqual(['session_ended', `Client ${test.b.id} disconnected`]);
  });

  it('delivers what was sent to it while it was away, in order', async () => {
    const test = await pairedTest();
    await cut(test, test.a);
    await test.b.next('peer_away');
    for (let n = 0; n < 20; n += 1) test.b.send({ type: 'candidate', candidate: { candidate: `${n}` } });
    await test.b.settled();
    const back = await test.a.comeBack(test.server.url);
    for (let n = 0; n < 20; n += 1) {
      expect((await back.next('candidate')).candidate).toEqual({ candidate: `${n}` });
    }
  });

  it('loses, doubles and reorders nothing, however often and whenever both sockets are cut', async () => {
    const test = await startTestServer({
      maxMessagesPerSecond: 0,
      maxConnectionsPerAddress: 0,
      logLevel: 'silent',
    });
    const action = fc.constantFrom(
      'a says',
      'a says',
      'b says',
      'b says',
      'a is cut',
      'b is cut',
      'server is awaited',
    );
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40, size: 'max' }), async (actions) => {
        const clients = { a: await test.connectResumable(), b: await test.connectResumable() };
        await pairUp(clients.a, clients.b);
        const said = { a: 0, b: 0 };
        const say = (who: 'a' | 'b') => {
          said[who] += 1;
          clients[who].send({ type: 'candidate', candidate: { candidate: `${who} ${said[who]}` } });
        };
        const comeBack = async (who: 'a' | 'b') => {
          cuts += 1;
          clients[who].socket.terminate();
          clients[who] = await clients[who].comeBack(test.server.url);
        };
        for (const what of actions) {
          const who = what.startsWith('a') ? 'a' : 'b';
          if (what.endsWith('says')) say(who);
          else if (what.endsWith('cut')) await comeBack(who);
          else await clients.a.settled();
        }
        await clients.a.settled();
        await clients.b.settled();
        await clients.a.settled();
        const heardBy = (who: 'a' | 'b') =>
          clients[who].inbox
            .filter((message) => message.type === 'candidate')
            .map((message) => (message.candidate as { candidate: string }).candidate);
        expect(heardBy('b')).toEqual(Array.from({ length: said.a }, (_, n) => `a ${n + 1}`));
        expect(heardBy('a')).toEqual(Array.from({ length: said.b }, (_, n) => `b ${n + 1}`));
        for (const client of Object.values(clients)) await client.close();
      }),
      { numRuns: 40 },
    );
    expect(cuts).toBeGreaterThan(50);
  });

  it('that is asked for while it is away is paired, and the one who asked is told that it is away, and when it is back', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(), await test.connect()];
    await cut(test, a);
    b.send({ type: 'pair_request', target_id: a.id });
    expect(await b.next('paired')).toMatchObject({ peer_id: a.id });
    expect(await b.next('peer_away')).toEqual({ type: 'peer_away', peer_id: a.id });
    const back = await a.comeBack(test.server.url);
    expect(await back.next('paired')).toMatchObject({ peer_id: b.id });
    expect(await b.next('peer_back')).toEqual({ type: 'peer_back', peer_id: a.id });
  });

  it('ends 30 s after its socket was lost, and the peer is told', async () => {
    const test = await pairedTest();
    await cut(test, test.a);
    await test.b.next('peer_away');
    test.clock.advance(29_900);
    await test.b.settled();
    test.clock.advance(200);
    await test.b.until(() => test.b.inbox.some(({ type }) => type === 'peer_disconnected'), 'the end');
    expect(test.b.inbox.find(({ type }) => type === 'peer_disconnected')).toMatchObject({
      reason: 'timed_out',
    });
    const late = await test.a.comeBack(test.server.url);
    expect(late.id).not.toBe(test.a.id);
  });

  it('ends at once when its client says goodbye (1000)', async () => {
    const test = await pairedTest();
    await test.a.close();
    expect(await test.b.next('peer_disconnected')).toMatchObject({ reason: 'disconnected' });
  });

  it('is taken over by its client before the server noticed the loss; the old socket is closed with 4409', async () => {
    const test = await pairedTest();
    const back = await test.a.comeBack(test.server.url);
    expect(await test.a.whenClosed()).toEqual({ code: 4409, reason: 'You came back on another socket' });
    back.send({ type: 'offer', sdp: 'new' });
    expect((await test.b.next('offer')).sdp).toBe('new');
    expect(test.b.inbox).toEqual([]);
  });

  it('is pinged out into away, not out of its pairing, and comes back from there', async () => {
    const test = await pairedTest();
    test.clock.advance(30_050);
    await test.a.next('ping');
    test.b.send({ type: 'pong' });
    await test.b.settled();
    test.clock.advance(10_050);
    expect((await test.a.whenClosed()).code).toBe(4408);
    await test.b.until(() => test.b.inbox.some(({ type }) => type === 'peer_away'), 'peer_away');
    expect((await test.a.comeBack(test.server.url)).id).toBe(test.a.id);
  });

  it.each([
    ['a wrong secret', { token: 'guessed' }],
    ['an empty secret', { token: '' }],
    ['another session', { id: '00000000-0000-4000-8000-000000000000' }],
    ['a number that it cannot have received', { received: 1_000 }],
  ])(
    'is not given for %s: one and the same error, a new session, and the old one is untouched',
    async (_what, changes) => {
      const test = await pairedTest();
      const thief = await test.a.comeBack(test.server.url, changes);
      expect(thief.id).not.toBe(test.a.id);
      expect(test.server.parts.sessions.get(test.a.id)?.client.isOnline).toBe(true);
      await cut(test, test.a);
      expect((await test.a.comeBack(test.server.url)).id).toBe(test.a.id);
    },
  );

  it.each([
    ['a secret of another session', undefined],
    ['an empty secret', ''],
    ['the word undefined', 'undefined'],
  ])(
    'is not made of one that cannot be resumed: %s gets resume_failed, and the client that is there goes on',
    async (_what, token) => {
      const test = await startTestServer();
      const [victim, peer] = await test.connectPair();
      const other = await test.connectResumable();
      const thief = await other.comeBack(test.server.url, {
        id: victim.id,
        ...(token !== undefined && { token }),
      });
      expect(await thief.next('error')).toMatchObject(RESUME_FAILED);
      expect(thief.id).not.toBe(victim.id);
      peer.send({ type: 'offer', sdp: 'for the victim' });
      expect((await victim.next('offer')).sdp).toBe('for the victim');
      expect([victim.closed, thief.inbox]).toEqual([undefined, []]);
    },
  );

  it('is over for its own secret, too, once its client has said goodbye', async () => {
    const test = await pairedTest();
    await test.a.close();
    await test.b.next('peer_disconnected');
    const back = await test.a.comeBack(test.server.url);
    expect(await back.next('error')).toMatchObject(RESUME_FAILED);
    expect(back.id).not.toBe(test.a.id);
  });

  it('answers a resume that fails with resume_failed', async () => {
    const test = await pairedTest();
    const thief = await ResumableClient.connect(test.server.url);
    thief.send({ type: 'resume', id: test.a.id, token: test.a.token, received: 0 });
    expect(await thief.next('error')).toMatchObject(RESUME_FAILED);
  });

  it('takes a secret once: after the client was heard on the new socket the old secret is worth nothing', async () => {
    const test = await pairedTest();
    const used = test.a.token;
    await cut(test, test.a);
    const back = await test.a.comeBack(test.server.url);
    expect(back.token).not.toBe(used);
    await back.settled();
    const replayed = await back.comeBack(test.server.url, { token: used });
    expect(replayed.id).not.toBe(back.id);
  });

  it('takes the old secret again when the answer with the new one was lost with the socket', async () => {
    const test = await pairedTest();
    const used = test.a.token;
    await cut(test, test.a);
    const lost = await test.a.comeBack(test.server.url);
    await cut(test, lost);
    expect((await test.a.comeBack(test.server.url, { token: used })).id).toBe(test.a.id);
  });

  it('survives a return that arrives late, on a socket that its client has left already', async () => {
    const test = await pairedTest();
    const { token, id } = test.a;
    const back = await test.a.comeBack(test.server.url);
    const late = await test.a.comeBack(test.server.url, { token });
    expect(late.id).toBe(id);
    expect((await back.whenClosed()).code).toBe(4409);
    expect((await back.comeBack(test.server.url)).id).toBe(id);
  });

  it('brings all 256 messages that its client kept meanwhile, and not one more at once than any client may', async () => {
    const test = await pairedTest({ maxMessageBurst: 10, maxMessagesPerSecond: 1 });
    await cut(test, test.a);
    for (let n = 0; n < 256; n += 1) test.a.send({ type: 'candidate', candidate: { candidate: `${n}` } });
    const back = await test.a.comeBack(test.server.url);
    await test.b.next('peer_away');
    await test.b.next('peer_back');
    for (let n = 0; n < 256; n += 1)
      expect((await test.b.next('candidate')).candidate).toEqual({ candidate: `${n}` });
    for (let n = 0; n < 20; n += 1) back.send({ type: 'candidate', candidate: { candidate: `late ${n}` } });
    expect(await back.next('error')).toMatchObject({ code: 'too_many_messages' });
  });

  it('sends no more for coming back again and again: what waits is ahead of its rate, and counts', async () => {
    const test = await pairedTest({ maxMessageBurst: 10, maxMessagesPerSecond: 1 });
    let back = test.a;
    for (let round = 1; round <= 2; round += 1) {
      await cut(test, back);
      for (let n = 0; n < 100; n += 1) back.send({ type: 'candidate', candidate: null });
      back = await back.comeBack(test.server.url);
      if (round < 2) await back.until(() => back.delivery.unacked.length < 16, 'the acks');
    }
    expect((await back.whenClosed()).reason).toBe('Too many messages');
    await test.b.settled();
    const heard = test.b.inbox.filter(({ type }) => type === 'candidate').length;
    expect(heard).toBeGreaterThanOrEqual(100);
    // The second time up to 15 wait that came before, and they count, too.
    expect(heard).toBeLessThanOrEqual(10 + 100 + 15);
  });

  it('sends nothing ahead of its rate for coming back when nothing waited', async () => {
    const test = await pairedTest({ maxMessageBurst: 10, maxMessagesPerSecond: 1 });
    await test.a.settled();
    await cut(test, test.a);
    const back = await test.a.comeBack(test.server.url, { unacked: 0, unacked_bytes: 0 });
    for (let n = 0; n < 15; n += 1) back.send({ type: 'candidate', candidate: null });
    expect(await back.next('error')).toMatchObject({ code: 'too_many_messages' });
    await test.b.settled();
    expect(test.b.inbox.filter(({ type }) => type === 'candidate').length).toBeLessThanOrEqual(10);
  });

  it('that is refused messages and comes back is welcomed when it may send half a burst again', async () => {
    const test = await pairedTest({ maxMessageBurst: 10, maxMessagesPerSecond: 10 });
    for (let n = 0; n < 15; n += 1) test.a.send({ type: 'candidate', candidate: null });
    expect(await test.a.next('error')).toMatchObject({ code: 'too_many_messages' });
    await cut(test, test.a);
    const knocking = await test.a.knock(test.server.url);
    await test.b.settled();
    test.clock.advance(400);
    await test.b.settled();
    expect(knocking.inbox).toEqual([]);
    test.clock.advance(200);
    expect(await knocking.next('your_id')).toMatchObject({ id: test.a.id });
  });

  it('that is refused messages waits at most 2 s when it comes back, however slow its rate', async () => {
    const test = await pairedTest({ maxMessageBurst: 1_000, maxMessagesPerSecond: 1 });
    for (let n = 0; n < 1_005; n += 1) test.a.send({ type: 'candidate', candidate: null });
    expect(await test.a.next('error')).toMatchObject({ code: 'too_many_messages' });
    await cut(test, test.a);
    const knocking = await test.a.knock(test.server.url);
    await test.b.settled();
    test.clock.advance(2_050);
    expect(await knocking.next('your_id')).toMatchObject({ id: test.a.id });
  });

  it('keeps 256 messages for its client, and the peer that sends more is told peer_slow', async () => {
    const test = await pairedTest({ maxMessagesPerSecond: 0 });
    await test.a.settled();
    await cut(test, test.a);
    await test.b.next('peer_away');
    // The answer to the client's last frame waits, too: it came, but nobody said so.
    for (let n = 0; n < 255; n += 1) test.b.send({ type: 'candidate', candidate: { candidate: `${n}` } });
    await test.b.settled();
    expect(test.b.inbox).toEqual([]);
    for (let n = 0; n < 300; n += 1) test.b.send({ type: 'candidate', candidate: { candidate: 'more' } });
    for (let n = 0; n < 300; n += 1)
      expect(await test.b.next('error')).toMatchObject({ code: 'peer_slow', for: 'candidate' });
    const back = await test.a.comeBack(test.server.url);
    expect(back.id).toBe(test.a.id);
    await test.b.next('peer_back');
    for (let n = 0; n < 255; n += 1)
      expect((await back.next('candidate')).candidate).toEqual({ candidate: `${n}` });
    await back.settled();
    test.b.send({ type: 'candidate', candidate: { candidate: 'after' } });
    expect((await back.next('candidate')).candidate).toEqual({ candidate: 'after' });
  });

  it('keeps 1 MiB for its client, and the peer that sends more is told peer_slow', async () => {
    const test = await pairedTest({ maxMessagesPerSecond: 0, maxBytesPerSecond: 0 });
    await cut(test, test.a);
    await test.b.next('peer_away');
    for (let n = 0; n < 17; n += 1) test.b.send({ type: 'offer', sdp: 'x'.repeat(65_000) });
    expect(await test.b.next('error')).toMatchObject({ code: 'peer_slow', for: 'offer' });
    expect((await test.a.comeBack(test.server.url)).id).toBe(test.a.id);
  });

  it.each([
    ['that names the pairing', (epoch: unknown) => ({ epoch })],
    ['that names the request', () => ({ request: 1 })],
  ])('outlives an offer %s and is longer than all that may wait for its client', async (_, named) => {
    const limits = { maxMessageBytes: 4 * 1024 * 1024, maxBytesPerSecond: 0 };
    const test = await startTestServer(limits);
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    b.send({ type: 'pair_request', target_id: a.id });
    const { epoch } = await b.next('paired');
    await a.next('paired');
    await a.settled();
    a.send({ type: 'candidate', candidate: null, epoch });
    await b.next('candidate');
    const sdp = 'x'.repeat(2 * 1024 * 1024);
    b.send({ type: 'offer', sdp, ...named(epoch) });
    expect((await a.next('offer')).sdp).toHaveLength(sdp.length);
    b.send({ type: 'unpair', epoch });
    expect(await a.next('peer_disconnected')).toMatchObject({ reason: 'unpaired' });
    await a.settled();
    expect((await a.comeBack(test.server.url)).id).toBe(a.id);
  });

  it('that is away outlives a peer that comes and goes all the time: the pairing ends, overfull', async () => {
    const test = await startTestServer({ maxMessagesPerSecond: 0 });
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    await pairUp(b, a);
    await cut(test, a);
    let back = b;
    for (let n = 0; n < 300 && !back.inbox.some(({ type }) => type === 'peer_disconnected'); n += 1) {
      await cut(test, back);
      back = await back.comeBack(test.server.url);
      await back.settled();
    }
    expect(back.inbox.find(({ type }) => type === 'peer_disconnected')).toMatchObject({
      peer_id: a.id,
      reason: 'overfull',
    });
    expect((await a.comeBack(test.server.url)).id).toBe(a.id);
  });

  it('that is away outlives one that pairs and unpairs all the time: it is told peer_slow', async () => {
    const test = await startTestServer({ maxMessagesPerSecond: 0 });
    const [a, b] = [await test.connectResumable(), await test.connect()];
    await cut(test, a);
    for (let n = 0; n < 400 && !b.inbox.some(({ type }) => type === 'error'); n += 1) {
      b.send({ type: 'pair_request', target_id: a.id });
      b.send({ type: 'unpair' });
      await b.settled();
    }
    expect(b.inbox.find(({ type }) => type === 'error')).toMatchObject({ code: 'peer_slow' });
    expect((await a.comeBack(test.server.url)).id).toBe(a.id);
  });

  it('has room for all that a peer may send at once', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(), await test.connect()];
    await pairUp(b, a);
    await cut(test, a);
    await b.next('peer_away');
    const big = { type: 'offer', sdp: 'x'.repeat(60_000) };
    while (!b.inbox.some(({ type }) => type === 'error')) {
      b.send(big);
      await b.settled();
    }
    expect(b.inbox.map(({ code }) => code)).toEqual(['too_many_bytes']);
  });

  it('is not offered where --resume-grace-ms is 0', async () => {
    const test = await startTestServer({ resumeGraceMs: 0 });
    const client = await test.connectResumable();
    expect(client.token).toBe('undefined');
  });

  it('confirms after 16 frames to a client that it has nothing else to send to', async () => {
    const test = await pairedTest();
    for (let n = 0; n < 40; n += 1) test.a.send({ type: 'candidate', candidate: null });
    for (let n = 0; n < 40; n += 1) await test.b.next('candidate');
    await test.a.until(() => test.a.delivery.unacked.length < 16, 'the confirmation');
  });

  it('refuses frames that are not numbered, and ends a client whose numbers are impossible', async () => {
    const test = await pairedTest();
    test.a.send('{"type":"unpair"}');
    expect(await test.a.next('error')).toMatchObject({ code: 'invalid_message', for: 'unpair' });
    test.a.send('[7,0,{"type":"unpair"}]');
    expect(await test.a.whenClosed()).toEqual({ code: 1008, reason: 'Impossible frame numbers' });
    const other = await test.connectResumable();
    other.send('{"type":"ack","received":0}');
    await other.settled();
    other.send('{"type":"ack","received":9}');
    expect(await other.whenClosed()).toEqual({ code: 1008, reason: 'Impossible frame numbers' });
  });

  it.each([
    ['48 bytes', 48, 'key'],
    ['no more', 49, 'error'],
  ])('looks for the numbers of a frame in its first %s', async (_many, bytes, answer) => {
    const client = await (await startTestServer()).connectResumable();
    const frame = `${'[1,'.padEnd(bytes - 2)}0,{"type":"create_key"}]`;
    client.delivery.keep(frame);
    client.socket.send(frame);
    await client.next(answer);
  });

  it.each(['[1, 0, {"type": "create_key"}]', ' [ 1,0,\t{"type":"create_key"}\r\n]\n '])(
    'takes numbered frames with the white space that JSON may have: %j',
    async (frame) => {
      const test = await startTestServer();
      const client = await test.connectResumable();
      const sendAsItIs = (text: string) => {
        client.delivery.keep(text);
        client.socket.send(text);
      };
      sendAsItIs(frame);
      await client.next('key');
      sendAsItIs('[2, 1, {"type": "pair_request", "target_id": "nobody"}]');
      expect(await client.next('error')).toMatchObject({ code: 'target_not_found' });
    },
  );

  it.each(['["1",0,{"type":"unpair"}]', '[1,{"type":"unpair"}]', '[1.5,0,{}]', '[]', '[1,-2,{}]'])(
    'says what a frame should be like instead of %s',
    async (frame) => {
      const client = await (await startTestServer()).connectResumable();
      client.socket.send(frame);
      expect(await client.next('error')).toMatchObject({
        code: 'invalid_message',
        message: expect.stringContaining('should be numbered: [seq, received, message]'),
      });
    },
  );

  it('says what the message in a numbered frame should be like, and any message without numbers, by themselves', async () => {
    const test = await startTestServer();
    const [client, other] = [await test.connectResumable(), await test.connect()];
    client.delivery.keep('[]');
    client.socket.send('[1,0,[]]');
    other.send('[]');
    const error = { type: 'error', code: 'invalid_message', message: 'The message should be an object' };
    expect([await client.next('error'), await other.next('error')]).toEqual([error, error]);
  });

  it('never shows a number to a client that did not ask', async () => {
    const { a, b } = await pairedTest();
    a.send({ type: 'offer', sdp: 'x' });
    expect(await b.next('offer')).toEqual({ type: 'offer', sdp: 'x', from_peer: true });
  });

  it('closes a socket that says it comes back and then says nothing for 5 s', async () => {
    const test = await startTestServer();
    const client = await test.connectResumable();
    const [silent, gone] = [client, client].map((one) => one.comeBackSilently(test.server.url)) as [
      ResumableClient,
      ResumableClient,
    ];
    await Promise.all([silent.opened(), gone.opened()]);
    await gone.close();
    test.clock.advance(5_050);
    expect(await silent.whenClosed()).toEqual({
      code: 4408,
      reason: 'You did not say which session is yours',
    });
    expect(test.server.parts.metrics.refused.get('first_message')).toBe(1);
  });

  it('that throws on our side ends that socket with 1011, and nobody else notices', async () => {
    const test = await pairedTest();
    const back = (await test.connectResumable()).comeBackSilently(test.server.url);
    await back.opened();
    const { sessions } = test.server.parts;
    const find = sessions.get;
    sessions.get = () => {
      sessions.get = find;
      throw new Error('a lookup that fails');
    };
    back.send('{"type":"resume","id":"x","token":"x","received":0}');
    expect(await back.whenClosed()).toEqual({ code: 1011, reason: 'Internal error' });
    expect(test.log.filter(({ level }) => level === 50)).toHaveLength(1);
    test.a.send({ type: 'offer', sdp: 'x' });
    await test.b.next('offer');
  });

  it('never logs its secret', async () => {
    const test = await pairedTest({ logLevel: 'trace' });
    await cut(test, test.a);
    const back = await test.a.comeBack(test.server.url);
    for (const token of [test.a.token, back.token]) expect(JSON.stringify(test.log)).not.toContain(token);
  });
});

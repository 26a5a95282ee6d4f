/** The native protocol, message by message, as a client sees it. */
import { describe, expect, it } from '@jest/globals';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import { pairUp, startTestServer } from '../../../support/servers/test-server.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the signaling server', () => {
  it('gives every client an id of its own as the first message', async () => {
    const { connect, log } = await startTestServer();
    const [first, second] = [await connect(), await connect()];
    expect(first.id).toMatch(UUID);
    expect(second.id).toMatch(UUID);
    expect(first.id).not.toBe(second.id);
    expect(log.map((line) => line.msg)).toContain(`Client ${first.id} connected`);
  });

  it('pairs by id: the one who asked is the initiator and impolite, the other polite', async () => {
    const { connect, log } = await startTestServer();
    const [asker, target] = [await connect(), await connect()];
    asker.send({ type: 'pair_request', target_id: target.id });
    const paired = { type: 'paired', epoch: expect.any(Number) };
    expect(await asker.next('paired')).toEqual({
      ...paired,
      peer_id: target.id,
      initiator: true,
      polite: false,
    });
    expect(await target.next('paired')).toEqual({
      ...paired,
      peer_id: asker.id,
      initiator: false,
      polite: true,
    });
    expect(log.map((line) => line.msg)).toContain(`Pairing successful: ${asker.id} <-> ${target.id}`);
  });

  it('relays offers, answers, candidates and signals of any form as they are, plus from_peer; other fields travel along', async () => {
    const { connectPair, log } = await startTestServer();
    const [a, b] = await connectPair();
    const offer = { type: 'offer', sdp: 'v=0 ä€😀', extra: { deep: [1, { two: null }] } };
    a.send(offer);
    expect(await b.next('offer')).toEqual({ ...offer, from_peer: true });
    const answer = { type: 'answer', sdp: 'v=0' };
    b.send(answer);
    expect(await a.next('answer')).toEqual({ ...answer, from_peer: true });
    const candidate = {
      type: 'candidate',
      candidate: { candidate: 'candidate:1 1 udp 1 192.0.2.1 1 typ host', sdpMid: '0', sdpMLineIndex: 0 },
    };
    b.send(candidate);
    expect(await a.next('candidate')).toEqual({ ...candidate, from_peer: true });
    const signal = { type: 'signal', data: { sdp: 'of my own', from_peer: [false, null] } };
    b.send(signal);
    expect(await a.next('signal')).toEqual({ ...signal, from_peer: true });
    a.send({ type: 'candidate', candidate: null });
    expect(await b.next('candidate')).toEqual({ type: 'candidate', candidate: null, from_peer: true });
    expect(log.map((line) => line.msg)).toContain(`Relaying 'offer' message from ${a.id} to ${b.id}`);
  });

  it('relays whole a signal that ends with a from_peer of its own', async () => {
    const { connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    a.send('{"type":"signal","data":1,"from_peer":true}');
    expect(await b.next('signal')).toMatchObject({ type: 'signal', data: 1, from_peer: true });
  });

  it.each([' ', '  ', '\r\n\t '])('relays a signal whose frame ends with white space: %j', async (space) => {
    const { connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    a.send(`{"type":"signal","data":{"n":{"m":1}}}${space}`);
    expect(await b.next('signal')).toMatchObject({ data: { n: { m: 1 } }, from_peer: true });
  });

  it.each([
    ['behind the fields', '{"type":"offer","sdp":"x","from_peer":false}'],
    ['twice', '{"from_peer":0,"type":"offer","sdp":"x","from_peer":"forged"}'],
    ['with its name written in escapes', '{"type":"offer","sdp":"x","from\\u005fpeer":1}'],
    ['with a trailing space', '{"type":"offer","sdp":"x","from_peer":1} \n'],
  ])('does not let a forged from_peer travel along (%s)', async (_where, frame) => {
    const { connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    a.send(frame);
    expect(await b.next('offer')).toEqual({ type: 'offer', sdp: 'x', from_peer: true });
  });

  it('is connected when both clients have reported it, and negotiating again when one reports a failure', async () => {
    const { connectPair, server } = await startTestServer();
    const [a, b] = await connectPair();
    const state = () => [...server.parts.pairings][0]?.value;
    a.send({ type: 'offer', sdp: 'x' });
    await b.next('offer');
    b.send({ type: 'answer', sdp: 'y' });
    await a.next('answer');
    a.send({ type: 'report', state: 'connected' });
    await a.settled();
    expect(state()).toEqual({ negotiating: 'answered' });
    b.send({ type: 'report', state: 'connected' });
    await b.settled();
    expect(state()).toBe('connected');
    b.send({ type: 'report', state: 'failed' });
    await b.settled();
    expect(state()).toEqual({ negotiating: 'answered' });
  });

  it('is connected again when the one that reported a failure reports that it recovered', async () => {
    const { connectPair, server } = await startTestServer();
    const [a, b] = await connectPair();
    const stateAfter = async (client: RawClient, state: string) => {
      client.send({ type: 'report', state });
      await client.settled();
      return [...server.parts.pairings][0]?.value;
    };
    a.send({ type: 'offer', sdp: 'x' });
    await b.next('offer');
    b.send({ type: 'answer', sdp: 'y' });
    await a.next('answer');
    for (const lost of [a, b]) {
      await stateAfter(a, 'connected');
      expect(await stateAfter(b, 'connected')).toBe('connected');
      expect(await stateAfter(lost, 'failed')).toEqual({ negotiating: 'answered' });
      expect(await stateAfter(lost, 'connected')).toBe('connected');
    }
  });

  it('tells the peer of an unpair, and both are free to pair anew', async () => {
    const { connectPair, connect } = await startTestServer();
    const [a, b] = await connectPair();
    a.send({ type: 'unpair' });
    expect(await b.next('peer_disconnected')).toEqual({
      type: 'peer_disconnected',
      peer_id: a.id,
      reason: 'unpaired',
    });
    const c = await connect();
    const epoch = await pairUp(a, c);
    expect(await pairUp(b, await connect())).toBeGreaterThan(epoch);
  });

  it('does not let an unpair that was meant for an earlier peer end the next pairing', async () => {
    const { connect, connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    const c = await connect();
    const epoch = await pairUp(c, b);
    b.send({ type: 'unpair', epoch: epoch - 1 });
    b.send({ type: 'offer', sdp: 'still there' });
    expect((await c.next('offer')).sdp).toBe('still there');
  });

  it('tells the peer of a lost socket, and the peer is free to pair anew', async () => {
    const { connectPair, connect, log } = await startTestServer();
    const [a, b] = await connectPair();
    a.socket.terminate();
    expect(await b.next('peer_disconnected')).toEqual({
      type: 'peer_disconnected',
      peer_id: a.id,
      reason: 'disconnected',
    });
    expect(log.map((line) => line.msg)).toContain(
      `Client ${a.id} disconnected, removing pairing with ${b.id}`,
    );
    await pairUp(b, await connect());
  });

  it('checks a pair request in order: not found, yourself, you are paired, the target is paired', async () => {
    const { connect, connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    const [c, d] = [await connect(), await connect()];
    const ask = async (asker: typeof a, targetId: string) => {
      asker.send({ type: 'pair_request', target_id: targetId });
      const { message, code, for: type } = await asker.next('error');
      expect(type).toBe('pair_request');
      return [message, code];
    };
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect(await ask(a, unknown)).toEqual(['Target client not found', 'target_not_found']);
    expect(await ask(a, a.id)).toEqual(['You cannot pair with yourself', 'self_pairing']);
    expect(await ask(a, b.id)).toEqual(['You are already paired', 'already_paired']);
    expect(await ask(b, c.id)).toEqual(['You are already paired', 'already_paired']);
    expect(await ask(c, a.id)).toEqual(['Target client is already paired', 'target_already_paired']);
    expect(await ask(c, b.id)).toEqual(['Target client is already paired', 'target_already_paired']);
    await pairUp(c, d);
  });

  it('drops a signal that names the epoch of an earlier pairing, and relays one that names none', async () => {
    const { connect, connectPair } = await startTestServer();
    const [a] = await connectPair();
    a.send({ type: 'unpair' });
    const c = await connect();
    const epoch = await pairUp(a, c);
    a.send({ type: 'candidate', candidate: null, epoch: epoch - 1 });
    a.send({ type: 'offer', sdp: 'late', epoch: epoch - 1 });
    a.send({ type: 'offer', sdp: 'new' });
    expect(await c.next('offer')).toEqual({ type: 'offer', sdp: 'new', from_peer: true });
  });

  it('lets the impolite side win when both offer at once', async () => {
    const { connectPair } = await startTestServer();
    const [impolite, polite] = await connectPair();
    polite.send({ type: 'offer', sdp: 'p' });
    expect((await impolite.next('offer')).sdp).toBe('p');
    impolite.send({ type: 'offer', sdp: 'i' });
    expect((await polite.next('offer')).sdp).toBe('i');
    polite.send({ type: 'offer', sdp: 'p2' });
    expect(await polite.next('error')).toMatchObject({ code: 'offer_collision', for: 'offer' });
    polite.send({ type: 'answer', sdp: 'a' });
    expect((await impolite.next('answer')).sdp).toBe('a');
  });

  it('answers GET /healthz with 200, and 404 elsewhere', async () => {
    const { server } = await startTestServer();
    const base = server.url.replace('ws:', 'http:');
    expect((await fetch(`${base}healthz`)).status).toBe(200);
    expect((await fetch(`${base}nothing`)).status).toBe(404);
  });

  it('tells every client why when it stops (1001), and nobody that a peer left', async () => {
    const { server, connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    await server.stop();
    expect(await a.whenClosed()).toEqual({ code: 1001, reason: 'Server is stopping' });
    expect(await b.whenClosed()).toEqual({ code: 1001, reason: 'Server is stopping' });
    expect([...a.inbox, ...b.inbox]).toEqual([]);
  });

  it('ends the session whose effect throws with 1011, and nobody else notices', async () => {
    const { server, connect, connectPair, log } = await startTestServer();
    const [a, b] = await connectPair();
    const broken = await connect();
    const session = server.parts.sessions.get(broken.id);
    Object.defineProperty(session, 'keys', {
      get() {
        throw new Error('an effect that fails');
      },
    });
    broken.send({ type: 'create_key' });
    expect((await broken.whenClosed()).code).toBe(1011);
    expect(log.some((line) => line.level === 50 && line.msg.includes(broken.id))).toBe(true);
    a.send({ type: 'offer', sdp: 'x' });
    expect((await b.next('offer')).sdp).toBe('x');
  });

  it('logs ids, never SDP, candidates or keys', async () => {
    const { connectPair, log } = await startTestServer({ logLevel: 'trace' });
    const [a, b] = await connectPair();
    a.send({ type: 'create_key' });
    const { key } = await a.next('key');
    a.send({ type: 'offer', sdp: 'v=0 secret-sdp' });
    await b.next('offer');
    b.send({ type: 'pair_request', key });
    await b.next('error');
    b.send({ type: 'candidate', candidate: { candidate: 'candidate:1 1 udp 1 192.0.2.77 9 typ host' } });
    await a.next('candidate');
    const text = JSON.stringify(log);
    for (const secret of [
      'secret-sdp',
      '192.0.2.77',
      String(key),
      String(key).replaceAll('-', ''),
      '127.0.0.1"',
    ]) {
      expect(text).not.toContain(secret);
    }
  });
});

/** What `--chaos` does to signals, and to nothing else. */
import { describe, expect, it } from '@jest/globals';
import { redactMessage } from '../../../src/common/redact.ts';
import { isStep } from '../../../src/protocol/index.ts';
import { Chaos, type ChaosRules, parseChaos } from '../../../src/server/dialects/chaos.ts';
import { startServer } from '../../../src/server/index.ts';
import type { LiveRecord } from '../../../src/server/inspector/live-record.ts';
import { Recorder } from '../../../src/server/inspector/recorder.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { JsonClient } from '../../support/clients/json-client.ts';
import { RoomClient } from '../../support/clients/room-client.ts';
import { candidateMessage, hostCandidate, sdp } from '../../support/clients/signal-fixtures.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

describe('the rules of --chaos', () => {
  it('are read from one text', () => {
    expect(parseChaos('loss=5%, delay=300ms,drop=answer+candidate')).toEqual({
      loss: 5,
      delayMs: 300,
      drop: new Set(['answer', 'candidate']),
    });
  });

  it.each([
    '',
    'loss',
    'loss=101%',
    'loss=5',
    'delay=3s',
    'delay=60001ms',
    'drop=report',
    'drop=',
    'constructor=1',
  ])('that make no sense are an error that shows how to write them: %j', async (chaos) => {
    expect(parseChaos(chaos)).toBeUndefined();
    await expect(startServer({ port: 0, chaos })).rejects.toThrow(
      '--chaos: should be like loss=5%,delay=300ms,drop=answer+candidate',
    );
  });
});

describe('a server with --chaos', () => {
  it('drops the types of signals that are named, counts them, says so at its start, and lets the others through', async () => {
    const testServer = await startTestServer({ chaos: 'drop=offer' });
    expect(testServer.log.filter(({ event }) => event === 'chaos')).toHaveLength(1);
    const [a, b] = await testServer.connectPair();
    a.send({ type: 'offer', sdp });
    a.send(candidateMessage(hostCandidate));
    await b.next('candidate');
    expect(b.inbox.filter(({ type }) => type === 'offer')).toEqual([]);
    expect(testServer.server.parts.telemetry.metrics.refused.get('chaos')).toBe(1);
  });

  it('loses every signal at 100 %, and still says that the peer left', async () => {
    const { connectPair } = await startTestServer({ chaos: 'loss=100%' });
    const [a, b] = await connectPair();
    a.send({ type: 'offer', sdp });
    a.send(candidateMessage(hostCandidate));
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    expect(b.inbox.filter(({ type }) => type === 'offer' || type === 'candidate')).toEqual([]);
  });

  it('delivers a signal late, whole and in order, and not at all when its session is over by then', async () => {
    const { connectPair, clock } = await startTestServer({ chaos: 'delay=300ms' });
    const [a, b] = await connectPair();
    a.send({ type: 'offer', sdp });
    a.send(candidateMessage(hostCandidate));
    await a.settled();
    clock.advance(299);
    await b.settled();
    expect(b.inbox.filter(({ type }) => type === 'offer')).toEqual([]);
    clock.advance(1);
    expect(await b.next('offer')).toMatchObject({ sdp });
    expect(await b.next('candidate')).toMatchObject(candidateMessage(hostCandidate));
    a.send({ type: 'offer', sdp });
    await a.settled();
    await a.close();
    await b.next('peer_disconnected');
    clock.advance(300);
    await b.settled();
    expect(b.inbox.filter(({ type }) => type === 'offer')).toEqual([]);
  });

  it('records of a description that was late what it said, and not what its memory says by then', async () => {
    const testServer = await startTestServer({ chaos: 'delay=300ms' });
    const { connectPair, clock, server } = testServer;
    const logs: LiveRecord[] = [];
    const recorder = new Recorder({ clock, sources: server.parts.inspector.sources });
    recorder.follow({ started: (log) => logs.push(log) });
    const [a, b] = await connectPair();
    a.send({ type: 'offer', sdp });
    // Takes the place of the offer in the memory of the socket.
    for (let n = 0; n < 20; n += 1) a.send({ type: 'offer', sdp: 'v=0\r\n'.repeat(400) });
    await a.settled();
    clock.advance(300);
    expect(await b.next('offer')).toMatchObject({ sdp });
    const steps = (logs[0] as LiveRecord).lines.filter(isStep);
    const offered = steps.find(({ event }) => event.type === 'OFFER_RECEIVED');
    expect(offered?.message).toEqual(redactMessage({ type: 'offer', sdp }));
    recorder.endAll();
  });

  it('keeps a copy of what is late: the memory of a frame is somebody else’s by then', () => {
    const clock = new ManualClock();
    const rules = parseChaos('delay=300ms') as ChaosRules;
    const chaos = new Chaos({ rules, clock, random: () => 0.5, lost: () => {} });
    const frame = Buffer.from('an offer');
    const delivered: string[] = [];
    chaos.pass('offer', frame, (bytes) => delivered.push(Buffer.from(bytes).toString()));
    frame.fill(0);
    clock.advance(300);
    expect(delivered).toEqual(['an offer']);
  });

  it('delivers what is late as soon as its rules change, so that nothing overtakes it', () => {
    const clock = new ManualClock();
    const chaos = new Chaos({ rules: undefined, clock, random: () => 0.5, lost: () => {} });
    const delivered: string[] = [];
    const pass = (name: string) =>
      chaos.pass('offer', Buffer.from(name), (bytes) => delivered.push(Buffer.from(bytes).toString()));
    chaos.disturb('delay=300ms', 1_000);
    pass('first');
    pass('second');
    expect(delivered).toEqual([]);
    chaos.calm();
    pass('third');
    clock.advance(2_000);
    expect(delivered).toEqual(['first', 'second', 'third']);
  });
});

describe('a server with --chaos, for clients of other wires', () => {
  const payload = (sdp: string) => ({ sdp: { type: 'offer', sdp }, type: 'data', connectionId: 'dc_1' });

  it('drops and delays what clients of PeerJS signal', async () => {
    const { server, clock } = await startTestServer({ peerjs: true, chaos: 'drop=answer,delay=300ms' });
    const open = (id: string) => JsonClient.open(`${server.url}peerjs?key=peerjs&id=${id}&token=t-${id}`);
    const [a, b] = [await open('a'), await open('b')];
    expect([await a.takeOne(), await b.takeOne()]).toEqual([{ type: 'OPEN' }, { type: 'OPEN' }]);
    a.send({ type: 'ANSWER', dst: 'b', payload: payload('an answer') });
    a.send({ type: 'OFFER', dst: 'b', payload: payload('an offer') });
    await until(() => server.parts.metrics.received.get('OFFER') === 1);
    clock.advance(300);
    expect(await b.takeOne()).toMatchObject({ type: 'OFFER', src: 'a' });
    expect(b.inbox).toEqual([]);
  });

  it('records of a description of PeerJS that was late what it said', async () => {
    const { server, clock } = await startTestServer({ peerjs: true, chaos: 'delay=300ms' });
    const logs: LiveRecord[] = [];
    const recorder = new Recorder({ clock, sources: server.parts.inspector.sources });
    recorder.follow({ started: (log) => logs.push(log) });
    const open = (id: string) => JsonClient.open(`${server.url}peerjs?key=peerjs&id=${id}&token=t-${id}`);
    const [a, b] = [await open('a'), await open('b')];
    expect([await a.takeOne(), await b.takeOne()]).toEqual([{ type: 'OPEN' }, { type: 'OPEN' }]);
    // As PeerJS writes it.
    const offer = (text: string) => ({
      sdp: { sdp: text, type: 'offer' },
      type: 'data',
      connectionId: 'dc_1',
    });
    a.send({ type: 'OFFER', payload: offer(sdp), dst: 'b' });
    // Takes the place of the offer in the memory of the socket.
    for (let n = 0; n < 20; n += 1)
      a.send({ type: 'OFFER', payload: offer('v=0\r\n'.repeat(400)), dst: 'b' });
    await until(() => server.parts.metrics.received.get('OFFER') === 21);
    clock.advance(300);
    expect(await b.takeOne()).toMatchObject({ type: 'OFFER', src: 'a', payload: offer(sdp) });
    const offered = logs.flatMap(({ lines }) => lines.filter(isStep)).find(({ message }) => message);
    expect(offered?.message).toEqual(redactMessage({ type: 'offer', sdp }));
    recorder.endAll();
  });

  it('drops what is published to topics as `signal`, and lets subscriptions through', async () => {
    const { server } = await startTestServer({ topics: true, chaos: 'drop=signal' });
    const client = await JsonClient.open(`${server.url}y-webrtc`);
    client.send({ type: 'subscribe', topics: ['t'] });
    client.send({ type: 'publish', topic: 't', data: 1 });
    client.send({ type: 'ping' });
    expect(await client.takeOne()).toEqual({ type: 'pong' });
    expect(server.parts.metrics.refused.get('chaos')).toBe(1);
  });

  it('delivers what is published to topics late, each as it was published', async () => {
    const { server, clock } = await startTestServer({ topics: true, chaos: 'delay=300ms' });
    const client = await JsonClient.open(`${server.url}y-webrtc`);
    client.send({ type: 'subscribe', topics: ['t'] });
    for (const data of ['one', 'two']) client.send({ type: 'publish', topic: 't', data });
    client.send({ type: 'ping' });
    expect(await client.takeOne()).toEqual({ type: 'pong' });
    clock.advance(300);
    expect(await client.take(2)).toMatchObject([{ data: 'one' }, { data: 'two' }]);
  });

  it('drops what players of game rooms signal, and tells them nothing of it', async () => {
    const { server } = await startTestServer({ rooms: true, chaos: 'drop=candidate' });
    const connect = () => RoomClient.connect(`http://127.0.0.1:${server.port}`);
    const [one, two] = [await connect(), await connect()];
    await one.join('g', 1);
    await two.join('g', 2);
    one.signal('g', 2, 'ice-candidate', { candidate: 'candidate:1' });
    one.signal('g', 2, 'offer', { type: 'offer', sdp });
    expect(await two.next('webrtc_signal')).toMatchObject({ type: 'offer', from_player_id: 1 });
    expect(server.parts.metrics.refused.get('chaos')).toBe(1);
    await one.settled();
    expect(one.inbox.map(({ name }) => name)).toEqual(['player_joined']);
  });
});

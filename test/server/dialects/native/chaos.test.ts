/** What `--chaos` does to signals, and to nothing else. */
import { describe, expect, it } from '@jest/globals';
import { Chaos, type ChaosRules, parseChaos } from '../../../../src/server/dialects/native/chaos.ts';
import { startServer } from '../../../../src/server/index.ts';
import { ManualClock } from '../../../../src/testing/manual-clock.ts';
import { candidateMessage, hostCandidate, sdp } from '../../../support/clients/signal-fixtures.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';

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
});

/** What the inspector's page may disturb: only where the server was started for it, and never for long. */
import { describe, expect, it } from '@jest/globals';
import { startServer } from '../../../src/server/index.ts';
import { sdp } from '../../support/clients/signal-fixtures.ts';
import { openFeed, type TestFeed } from '../../support/inspect-feed.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const calm = { type: 'chaos', rules: '', may_change: true };
const FIVE_MINUTES_MS = 300_000;

/** Waits until the server has handled what the page sent. */
const settled = (feed: TestFeed) => feed.list({ of: 'session' });

describe('the buttons that disturb signals', () => {
  it('are not there, and do nothing, unless the server was started for them', async () => {
    const { server, connectPair } = await startTestServer();
    const feed = await openFeed(server);
    await feed.next('hello');
    feed.send({ type: 'chaos', rules: 'drop=offer' });
    await settled(feed);
    const [a, b] = await connectPair();
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    expect(feed.inbox.filter(({ type }) => type === 'chaos')).toEqual([]);
  });

  it('are not there either with --chaos alone, whose rules every page is told', async () => {
    const { server, connectPair } = await startTestServer({ chaos: 'drop=offer+answer, delay=5ms' });
    const feed = await openFeed(server);
    const told = { type: 'chaos', rules: 'delay=5ms,drop=offer+answer', may_change: false };
    expect(await feed.next('chaos')).toEqual(told);
    feed.send({ type: 'chaos', rules: '' });
    await settled(feed);
    const [a, b] = await connectPair();
    a.send({ type: 'offer', sdp });
    await a.settled();
    await b.settled();
    expect(b.inbox).toEqual([]);
  });

  it('disturb what clients signal from then on, tell every page and the log, and end with a click', async () => {
    const testServer = await startTestServer({ chaosButtons: true });
    const { server, connectPair, log } = testServer;
    const [feed, other] = [await openFeed(server), await openFeed(server)];
    expect([await feed.next('chaos'), await other.next('chaos')]).toEqual([calm, calm]);
    const [a, b] = await connectPair();
    a.send({ type: 'offer', sdp });
    await b.next('offer');

    feed.send({ type: 'chaos', rules: 'drop=offer' });
    const disturbed = { ...calm, rules: 'drop=offer', ends_in_ms: FIVE_MINUTES_MS };
    expect([await feed.next('chaos'), await other.next('chaos')]).toEqual([disturbed, disturbed]);
    a.send({ type: 'offer', sdp });
    await a.settled();
    await b.settled();
    expect(b.inbox).toEqual([]);
    expect(log.filter(({ event }) => event === 'chaos')).toHaveLength(1);

    other.send({ type: 'chaos', rules: '' });
    expect([await feed.next('chaos'), await other.next('chaos')]).toEqual([calm, calm]);
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    expect(log.filter(({ event }) => event === 'chaos_over')).toHaveLength(1);
  });

  it('end by themselves after five minutes, also when nobody looks any more', async () => {
    const { server, connectPair, clock } = await startTestServer({ chaosButtons: true, pingIntervalMs: 0 });
    const feed = await openFeed(server);
    await feed.next('chaos');
    feed.send({ type: 'chaos', rules: 'loss=100%' });
    await feed.next('chaos');
    feed.socket.close();
    const [a, b] = await connectPair();
    clock.advance(FIVE_MINUTES_MS - 1_000);
    const late = await openFeed(server);
    expect(await late.next('chaos')).toEqual({ ...calm, rules: 'loss=100%', ends_in_ms: 1_000 });
    clock.advance(1_000);
    expect(await late.next('chaos')).toEqual(calm);
    a.send({ type: 'offer', sdp });
    await b.next('offer');
  });

  it('change nothing with rules that make no sense', async () => {
    const { server } = await startTestServer({ chaosButtons: true });
    const feed = await openFeed(server);
    expect(await feed.next('chaos')).toEqual(calm);
    for (const rules of ['loss=101%', 'drop=report', 'constructor=1', 'x'.repeat(200)])
      feed.send({ type: 'chaos', rules });
    await settled(feed);
    expect(feed.inbox.filter(({ type }) => type === 'chaos')).toEqual([]);
  });

  it('begin from the rules of --chaos where there are both, and go back to them', async () => {
    const { server } = await startTestServer({ chaos: 'loss=5%', chaosButtons: true });
    const feed = await openFeed(server);
    const started = { ...calm, rules: 'loss=5%' };
    expect(await feed.next('chaos')).toEqual(started);
    feed.send({ type: 'chaos', rules: 'loss=50%' });
    expect(await feed.next('chaos')).toMatchObject({ rules: 'loss=50%' });
    feed.send({ type: 'chaos', rules: '' });
    expect(await feed.next('chaos')).toEqual(started);
  });

  it.each([
    [{ inspect: false }, '--chaos-buttons: are on the inspector’s page, which --no-inspect turns off'],
    [{ inspectToken: 'short' }, '--chaos-buttons: need an --inspect-token that nobody guesses'],
  ])('are for nobody who could be a stranger: %j', async (options, problem) => {
    await expect(startServer({ port: 0, chaosButtons: true, ...options })).rejects.toThrow(problem);
  });
});

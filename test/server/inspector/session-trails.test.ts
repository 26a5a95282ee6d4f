/** What the inspector shows of sessions that have no pairing: their last events, and what they were refused. */
import { describe, expect, it } from '@jest/globals';
import { diagnoseSession } from '../../../src/inspector/records/diagnose-session.ts';
import { isStep } from '../../../src/protocol/index.ts';
import { openFeed } from '../../support/inspect-feed.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

async function looking() {
  const testServer = await startTestServer();
  const feed = await openFeed(testServer.server);
  await feed.next('hello');
  const trailOf = async (id: string) => {
    feed.send({ type: 'trail', id });
    const { record } = await feed.next('record', ({ record }) => record.header.initiator_id === id);
    return record;
  };
  return { ...testServer, feed, trailOf };
}

describe('a session without a pairing', () => {
  it('is opened with what it was refused, and why; what it does from then on is told, and no key is', async () => {
    const { connect, feed, trailOf } = await looking();
    const client = await connect();
    for (const key of ['AAAA-BBBB-CCCC', 'DDDD-EEEE-FFFF']) {
      client.send({ type: 'pair_request', key });
      await client.next('error');
    }
    const record = await trailOf(client.id);
    expect(record.header).toMatchObject({ kind: 'session', epoch: 0 });
    expect(diagnoseSession(record)).toMatchObject([
      { kind: 'bad', text: 'Refused, 2 times: Key not found (key_not_found).', remedy: expect.any(String) },
    ]);
    expect(JSON.stringify(record)).not.toMatch(/AAAA|DDDD/);
    client.send({ type: 'pair_request', target_id: 'nobody' });
    const { line } = await feed.next('line', (told) => isStep(told.line) && told.line.effects.length > 0);
    expect(line).toMatchObject({ event: { type: expect.stringMatching(/PAIR_REQUESTED|DENIED/) } });
  });

  it('is followed for its last 50 events, without heartbeats, and stays readable after its end', async () => {
    const { connect, trailOf } = await looking();
    const client = await connect();
    for (let i = 0; i < 30; i += 1) {
      client.send({ type: 'pair_request', target_id: 'nobody' });
      await client.next('error');
    }
    await client.close();
    const { lines } = await trailOf(client.id);
    const steps = lines.filter(isStep);
    expect(steps.length).toBeLessThanOrEqual(50);
    expect(steps.at(-1)?.to).toBe('disconnected');
    expect(steps.some(({ event }) => event.type === 'HEARD')).toBe(false);
  });

  it('that nobody knows is said to be over', async () => {
    const { feed } = await looking();
    feed.send({ type: 'trail', id: 'nobody' });
    expect(await feed.next('no_session')).toEqual({ type: 'no_session', id: 'nobody' });
  });
});

describe('the feed of refusals', () => {
  it('counts each kind since the start and since a page looks, and names the sessions that were told last', async () => {
    const testServer = await startTestServer();
    const client = await testServer.connect();
    const refusal = async () => {
      client.send({ type: 'pair_request', target_id: 'nobody' });
      await client.next('error');
    };
    await refusal();
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    await refusal();
    await refusal();
    testServer.clock.advance(1_000);
    const { kinds, recent } = await feed.next('refusals');
    expect(kinds).toEqual([{ kind: 'target_not_found', total: 3, lately: 2 }]);
    expect(recent).toMatchObject([
      { id: client.id, code: 'target_not_found' },
      { id: client.id, code: 'target_not_found' },
    ]);
  });
});

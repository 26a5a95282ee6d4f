import { describe, expect, it } from '@jest/globals';
import type { RawClient } from '../../support/clients/raw-client.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';

describe('liveness', () => {
  it('pings a client that was silent for 30 s, and not one that was heard meanwhile', async () => {
    const { connect, clock } = await startTestServer();
    const [silent, lively] = [await connect(), await connect()];
    clock.advance(20_000);
    await lively.settled();
    clock.advance(10_050);
    await silent.next('ping');
    await lively.settled();
    expect(lively.inbox).toEqual([]);
  });

  it('pings a client 30 s after it was last heard, not sooner', async () => {
    const { connect, clock } = await startTestServer();
    const client = await connect();
    clock.advance(20_000);
    await client.settled();
    clock.advance(29_900);
    expect(client.inbox).toEqual([]);
    clock.advance(200);
    await client.next('ping');
  });

  it('closes a client that stays silent for 10 s after a ping, and tells its peer', async () => {
    const { connectPair, clock, log } = await startTestServer();
    const [silent, peer] = await connectPair();
    clock.advance(30_050);
    await silent.next('ping');
    await peer.next('ping');
    peer.send({ type: 'pong' });
    await peer.settled();
    clock.advance(10_050);
    expect(await silent.whenClosed()).toEqual({ code: 4408, reason: 'You did not answer a ping' });
    expect(await peer.next('peer_disconnected')).toMatchObject({ peer_id: silent.id, reason: 'timed_out' });
    expect(log.find((line) => line.msg === `Client ${silent.id} timed out`)?.level).toBe(30);
  });

  it.each([{ type: 'pong' }, { type: 'unpair' }, 'not even JSON'])(
    'takes any message for an answer: %j',
    async (answer) => {
      const { connect, clock } = await startTestServer();
      const client = await connect();
      clock.advance(30_050);
      await client.next('ping');
      client.send(answer);
      await client.settled();
      clock.advance(15_000);
      expect(client.closed).toBeUndefined();
      clock.advance(15_050);
      await client.until(() => client.inbox.some((message) => message.type === 'ping'), 'the next ping');
    },
  );

  it('keeps a client that answers every ping for an hour', async () => {
    const { connect, clock } = await startTestServer();
    const client = await connect();
    for (let minute = 0; minute < 60; minute += 1) {
      clock.advance(30_050);
      await client.next('ping');
      client.send({ type: 'pong' });
      await client.settled();
    }
    expect(client.closed).toBeUndefined();
  });

  it('never pings with an interval of 0', async () => {
    const { connect, clock } = await startTestServer({ pingIntervalMs: 0 });
    const client = await connect();
    clock.advance(24 * 3_600_000);
    await client.settled();
    expect(client.inbox).toEqual([]);
  });

  it('logs pings at debug', async () => {
    const { connect, clock, log } = await startTestServer();
    const client = await connect();
    clock.advance(30_050);
    await client.next('ping');
    expect(log.find((line) => line.msg === `Ping to ${client.id}`)?.level).toBe(20);
  });
});

describe('a client that is heard', () => {
  const heardAt = (test: TestServer, { id }: RawClient) => test.server.parts.sessions.get(id)?.heardAt;
  /** The client sends something that long after the last time. */
  async function sends(test: TestServer, client: RawClient, afterMs: number) {
    test.clock.advance(afterMs);
    client.send({ type: 'pong' });
    await client.settled();
    return { at: heardAt(test, client), now: test.server.parts.queue.now };
  }

  it('counts as heard at most ten times in the interval of pings', async () => {
    const test = await startTestServer({ pingIntervalMs: 1_000 });
    const client = await test.connect();
    const first = heardAt(test, client);
    expect((await sends(test, client, 99)).at).toBe(first);
    const second = await sends(test, client, 1);
    expect(second.at).toBe(second.now);
  });

  it('is not looked at where nobody is pinged', async () => {
    const test = await startTestServer({ pingIntervalMs: 0 });
    const client = await test.connect();
    const first = heardAt(test, client);
    expect((await sends(test, client, 3_600_000)).at).toBe(first);
  });
});

import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { pairlane } from '../../support/servers/cli-process.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

describe('ICE servers', () => {
  it('come with paired: STUN as it is, TURN with credentials that end after --turn-ttl, by the REST scheme', async () => {
    const { connect, clock } = await startTestServer({
      stunUrl: ['stun:stun.example.org:3478'],
      turnUrl: ['turn:turn.example.org:3478', 'turns:turn.example.org:5349?transport=tcp'],
      turnSecret: 'shared with coturn',
      turnTtl: 600,
    });
    const [a, b] = [await connect(), await connect()];
    a.send({ type: 'pair_request', target_id: b.id });
    for (const client of [a, b]) {
      const username = `${clock.wallTime() / 1000 + 600}:${client.id}`;
      expect((await client.next('paired')).ice_servers).toEqual([
        { urls: ['stun:stun.example.org:3478'] },
        {
          urls: ['turn:turn.example.org:3478', 'turns:turn.example.org:5349?transport=tcp'],
          username,
          credential: createHmac('sha1', 'shared with coturn').update(username).digest('base64'),
        },
      ]);
    }
  });

  it('are left to the clients when none is configured', async () => {
    const { connect } = await startTestServer();
    const [a, b] = [await connect(), await connect()];
    a.send({ type: 'pair_request', target_id: b.id });
    expect(await a.next('paired')).not.toHaveProperty('ice_servers');
  });

  it('that are wrong are told at once, without the secret', async () => {
    const run = pairlane(['serve', '--stun-url', 'http://x', '--turn-url', 'turn:y']);
    expect(await run.exited()).toBe(2);
    expect(run.stderr).toContain('--stun-url: should look like stun:HOST:PORT');
    expect(run.stderr).toContain('--turn-secret: is missing');
  });
});

/** A pairing that a second server makes again from what its clients say, as after a restart with the same secret. */
import { describe, expect, it } from '@jest/globals';
import { ResumeSecrets } from '../../../../src/server/dialects/native/resume-secrets.ts';
import { RawClient } from '../../../support/clients/raw-client.ts';
import type { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { pairUp, startTestServer } from '../../../support/servers/test-server.ts';

const options = { secret: 'a secret that both servers have' };

/** Two clients whose pairing the second server has made again. */
async function restored() {
  const [before, after] = [await startTestServer(options), await startTestServer(options)];
  const [a, b] = [await before.connectResumable(), await before.connectResumable()];
  const epoch = await pairUp(a, b);
  a.pairing = { peer_id: b.id, epoch, initiator: true };
  b.pairing = { peer_id: a.id, epoch, initiator: false };
  const clients = [await a.comeBack(after.server.url), await b.comeBack(after.server.url)] as const;
  await clients[0].next('peer_away');
  await clients[0].next('peer_back');
  return { after, clients };
}

async function report(client: ResumableClient, state: 'connected' | 'failed'): Promise<void> {
  client.send({ type: 'report', state });
  await client.settled();
}

describe('a pairing that is made again after a restart', () => {
  it.each([
    ['the one who asked first', [0, 1]],
    ['the other first', [1, 0]],
  ] as const)('is connected when both have reported it, %s, and logged as such', async (_order, order) => {
    const { after, clients } = await restored();
    const state = () => [...after.server.parts.pairings][0]?.value;
    const [first, second] = order.map((side) => clients[side]) as [ResumableClient, ResumableClient];
    await report(first, 'connected');
    expect(state()).toEqual({ negotiating: 'unordered' });
    await report(second, 'connected');
    expect(state()).toBe('connected');
    expect(after.log.filter(({ msg }) => msg.startsWith('Connected'))).toHaveLength(1);
  });

  it('is not connected by a report that was taken back', async () => {
    const { after, clients } = await restored();
    await report(clients[0], 'connected');
    await report(clients[0], 'failed');
    await report(clients[1], 'connected');
    expect([...after.server.parts.pairings][0]?.value).toEqual({ negotiating: 'unordered' });
  });
});

describe('a session that is made again after a restart', () => {
  /** Comes to a server that has just started, with a secret of the time before, as its client of that generation. */
  async function started() {
    const test = await startTestServer(options);
    const earlier = new ResumeSecrets(options.secret, 1);
    const come = async (generation: number) => {
      const client = RawClient.dial(`${test.server.url}?resume=back`);
      await client.opened();
      const token = earlier.issue('ada', generation);
      client.send({ type: 'resume', id: 'ada', token, received: 0, first: 1 });
      const welcome = await client.next('your_id');
      return { client, isBack: welcome.id === 'ada', welcome };
    };
    return { ...test, come };
  }

  it('gives way to its client with a newer secret, and to no older or equal one', async () => {
    const { come, server } = await started();
    const { client, isBack, welcome } = await come(2);
    expect([isBack, welcome.restarted, welcome.received]).toEqual([true, true, 0]);
    expect(server.parts.sessions.get('ada')?.client.generation).toBe(3);
    for (const generation of [1, 2]) expect((await come(generation)).isBack).toBe(false);
    expect(client.closed).toBeUndefined();
    expect((await come(3)).isBack).toBe(true);
    expect(await client.whenClosed()).toEqual({
      code: 4409,
      reason: 'Its client has come with a newer secret',
    });
  });
});

/** A session that has left its node and is not yet at the next: what its peer, on a third one, is told of it. */
import { describe, expect, it } from '@jest/globals';
import { threeNodes, until } from '../../support/test-cluster.ts';
import { pairUp } from '../../support/test-server.ts';

describe('a session that is on its way to another node', () => {
  /** b goes from the second node to the third, whose request for the session is under way; a is on the first. */
  async function onItsWay() {
    const cluster = await threeNodes();
    const { hub, one, two, three } = cluster;
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    await pairUp(a, b);
    const held: (() => void)[] = [];
    hub.hold((deliver) => held.push(deliver));
    const next = b.comeBackSilently(three.server.url);
    await next.opened();
    const { id, token, delivery } = b;
    const { received, first } = delivery;
    next.socket.send(JSON.stringify({ type: 'resume', id, token, received, first }));
    await until(() => held.length > 0, 'the request for the session');
    const deliverHeld = () => {
      for (const deliver of held.splice(0)) deliver();
    };
    const release = () => {
      hub.hold(undefined);
      deliverHeld();
    };
    return { ...cluster, a, b, next, deliverHeld, release };
  }

  it('is away for its peer when that node dies before it has it, and gone after the grace', async () => {
    const { three, two, a, b, sever, release, advance } = await onItsWay();
    sever(three);
    release();
    await until(() => !two.server.sessions.has(b.id), 'the departure');
    await a.settled();
    expect(a.inbox).toEqual([]);
    await advance(5_000);
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    await advance(31_000);
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id, reason: 'timed_out' });
  });

  it('is gone for its peer after the grace when it comes too late to be taken in', async () => {
    const { three, two, a, b, next, deliverHeld, release, advance } = await onItsWay();
    deliverHeld();
    await until(() => !two.server.sessions.has(b.id), 'the departure');
    // The third node waits 2 s for what is on the way now.
    three.clock.advance(2_050);
    await next.whenClosed();
    release();
    await advance(29_000);
    await a.settled();
    expect(a.inbox).toEqual([]);
    await advance(2_000);
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id, reason: 'timed_out' });
  });

  it('is away for its peer when its client has left that node again, and back when that is', async () => {
    const { three, a, b, next, release } = await onItsWay();
    // Waits for the server's answer: it knows.
    await next.close();
    release();
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    await b.comeBack(three.server.url);
    expect(await a.next('peer_back')).toMatchObject({ peer_id: b.id });
  });
});

/** A server that is killed and started again with the same secret: everybody comes back, nothing is lost or doubled. */
import { describe, expect, it } from '@jest/globals';
import { RawClient } from '../../../support/clients/raw-client.ts';
import { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { expectAllHeard, pairedOn, Restartable } from '../../../support/servers/restartable-server.ts';
import { pairUp } from '../../../support/servers/test-server.ts';

describe('a server that is killed and started again with the same secret', () => {
  it('gives both clients their ids and their pairing, and every message arrives once and in order', async () => {
    const server = await new Restartable().start();
    const clients = await pairedOn(server);
    const ids = [clients.a.id, clients.b.id];
    const said = { a: 0, b: 0 };
    const say = (who: 'a' | 'b', count: number) => {
      for (let n = 0; n < count; n += 1) {
        said[who] += 1;
        clients[who].send({ type: 'candidate', candidate: { candidate: `${who} ${said[who]}` } });
      }
    };
    for (let round = 0; round < 6; round += 1) {
      say('a', 7);
      say('b', 5);
      // Sometimes everything has arrived, sometimes nothing, and sometimes what a sent and b did not yet confirm.
      if (round % 3 > 0) await clients.a.settled();
      if (round % 3 > 1) await clients.b.settled();
      await server.restart();
      const order = round % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const);
      for (const who of order) {
        clients[who] = await clients[who].comeBack(server.url);
        say(who, 3);
      }
      await clients.a.settled();
      await clients.b.settled();
      await clients.a.settled();
    }
    await expectAllHeard(clients, said);
    expect([clients.a.id, clients.b.id]).toEqual(ids);
  });

  it('takes whatever is exchanged next: an answer to the offer of before, an offer, reports', async () => {
    const server = await new Restartable().start();
    const clients = await pairedOn(server);
    clients.a.send({ type: 'offer', sdp: 'before' });
    expect((await clients.b.next('offer')).sdp).toBe('before');
    await clients.b.settled();
    await server.restart();
    clients.b = await clients.b.comeBack(server.url);
    clients.b.send({ type: 'answer', sdp: 'after' });
    clients.a = await clients.a.comeBack(server.url);
    await clients.a.until(() => clients.a.inbox.some(({ type }) => type === 'answer'), 'the answer');
  });

  it.each([
    ['has heard it', true],
    ['has not heard it', false],
  ])('brings an offer that was sent ahead once, to a responder that %s', async (_, isHeard) => {
    const server = await new Restartable().start();
    let [a, b] = [await ResumableClient.connect(server.url), await ResumableClient.connect(server.url)];
    // What it is sent from here on is lost, or it says nothing of it.
    const accept = b.delivery.accept.bind(b.delivery);
    if (!isHeard) b.delivery.accept = () => 'duplicate';
    a.send({ type: 'pair_request', target_id: b.id });
    a.send({ type: 'offer', sdp: 'ahead', request: 1 });
    const { epoch, request } = await a.next('paired');
    a.delivery.replace(Number(request) + 1, JSON.stringify({ type: 'offer', sdp: 'ahead', epoch }));
    if (isHeard) await b.until(() => b.inbox.some(({ type }) => type === 'offer'), 'the offer');
    a.pairing = { peer_id: b.id, epoch: Number(epoch), initiator: true };
    b.pairing = { peer_id: a.id, epoch: Number(epoch), initiator: false };
    await server.restart();
    b.delivery.accept = accept;
    a = await a.comeBack(server.url);
    b = await b.comeBack(server.url);
    a.send({ type: 'candidate', candidate: { candidate: 'behind' }, epoch });
    await b.until(() => b.inbox.some(({ type }) => type === 'candidate'), 'the candidate');
    const signals = b.inbox.filter(({ type }) => type === 'offer' || type === 'candidate');
    expect(signals.map(({ type }) => type)).toEqual(['offer', 'candidate']);
  });

  it('asks for a pairing again whose initiator had no answer, with its offer', async () => {
    const server = await new Restartable().start();
    let [a, b] = [await ResumableClient.connect(server.url), await ResumableClient.connect(server.url)];
    a.delivery.accept = () => 'duplicate';
    a.send({ type: 'pair_request', target_id: b.id });
    a.send({ type: 'offer', sdp: 'ahead', request: 1 });
    expect((await b.next('paired')).peer_id).toBe(a.id);
    expect((await b.next('offer')).sdp).toBe('ahead');
    await server.restart();
    Reflect.deleteProperty(a.delivery, 'accept');
    b = await b.comeBack(server.url);
    a = await a.comeBack(server.url);
    const { epoch } = await a.next('paired');
    // It is another pairing, which begins with it.
    expect(await b.next('paired')).toMatchObject({ epoch });
    expect(await b.next('offer')).toMatchObject({ sdp: 'ahead', epoch });
  });

  it('does not take an old answer, sent again, for that to a new offer', async () => {
    const server = await new Restartable().start();
    const clients = await pairedOn(server);
    clients.a.send({ type: 'offer', sdp: 'one' });
    await clients.b.next('offer');
    clients.b.send({ type: 'answer', sdp: 'one' });
    await clients.a.next('answer');
    await server.restart();
    clients.a = await clients.a.comeBack(server.url);
    clients.a.send({ type: 'offer', sdp: 'two' });
    await clients.a.settled();
    // It has no confirmation of its first answer, and sends it again.
    clients.b = await clients.b.comeBack(server.url);
    await clients.b.until(() => clients.b.inbox.some(({ sdp }) => sdp === 'two'), 'the new offer');
    clients.b.send({ type: 'answer', sdp: 'two' });
    await clients.a.until(() => clients.a.inbox.some(({ type }) => type === 'answer'), 'the new answer');
    expect(clients.a.inbox.filter(({ type }) => type === 'answer')).toMatchObject([{ sdp: 'two' }]);
  });

  it('gives a client its session again that it has already had since, on a socket that was lost with the answer', async () => {
    const server = await new Restartable().start();
    const clients = await pairedOn(server);
    clients.a.send({ type: 'candidate', candidate: { candidate: 'a 1' } });
    await clients.a.settled();
    await server.restart();
    clients.a = await clients.a.comeBack(server.url);
    for (let time = 0; time < 3; time += 1)
      expect(await clients.b.comeBackUnheard(server.url)).toMatchObject({
        id: clients.b.id,
        restarted: true,
      });
    clients.a.send({ type: 'candidate', candidate: { candidate: 'a 2' } });
    clients.b.send({ type: 'candidate', candidate: { candidate: 'b 1' } });
    const { id } = clients.b;
    clients.b = await clients.b.comeBack(server.url);
    expect(clients.b.id).toBe(id);
    await expectAllHeard(clients, { a: 2, b: 1 });
  });

  it('gives a session to the newest of its secrets, whichever comes first, and however often an older one was used', async () => {
    const server = await new Restartable().start();
    const first = await ResumableClient.connect(server.url);
    const old = { token: first.token };
    const second = await first.comeBack(server.url);
    await second.settled();
    const third = await second.comeBack(server.url);
    await third.settled();
    await server.restart();
    let thief = await (await ResumableClient.connect(server.url)).comeBack(server.url, {
      id: third.id,
      ...old,
    });
    for (let time = 0; time < 4; time += 1) {
      await thief.settled();
      thief = await thief.comeBack(server.url);
    }
    expect(thief.id).toBe(third.id);
    const back = await third.comeBack(server.url);
    expect(back.id).toBe(third.id);
    expect(await thief.whenClosed()).toMatchObject({ code: 4409 });
    await back.settled();
    const again = await ResumableClient.connect(server.url);
    expect((await again.comeBack(server.url, { id: third.id, ...old })).id).not.toBe(third.id);
    expect(back.closed).toBeUndefined();
  });

  it('does not give a session for a secret that another server issued', async () => {
    const server = await new Restartable().start();
    const { a } = await pairedOn(server);
    await server.restart('another secret');
    const back = await a.comeBack(server.url);
    expect(back.id).not.toBe(a.id);
    expect(await back.next('error')).toMatchObject({ code: 'resume_failed' });
  });

  it('pairs nobody with a client that does not say so: not one that is there, not one that comes', async () => {
    const server = await new Restartable().start();
    const clients = await pairedOn(server);
    const victim = await ResumableClient.connect(server.url);
    const { epoch } = clients.a.pairing ?? { epoch: 0 };
    await server.restart();
    const there = await RawClient.connect(server.url);
    clients.a.pairing = { peer_id: there.id, epoch, initiator: true };
    const a = await clients.a.comeBack(server.url);
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: there.id });
    clients.b.pairing = { peer_id: victim.id, epoch, initiator: true };
    const b = await clients.b.comeBack(server.url);
    await b.next('peer_away');
    const back = await victim.comeBack(server.url);
    expect(await b.next('peer_disconnected')).toMatchObject({ peer_id: victim.id });
    expect(await pairUp(there, back)).toBeGreaterThan(epoch);
  });
});

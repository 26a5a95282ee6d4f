/**
 * An offer that is sent ahead of `paired`, right behind the request: the responder gets it once, as if it had been sent
 * later with the epoch of the pairing; where the request forms none, it is forgotten.
 */
import { describe, expect, it } from '@jest/globals';
import { isStep } from '../../../../src/protocol/index.ts';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import { ResumableClient } from '../../../support/clients/resumable-client.ts';
import fc from '../../../support/fast-check.ts';
import { openFeed } from '../../../support/inspect-feed.ts';
import { twoNodes } from '../../../support/servers/test-cluster.ts';
import { newestEpoch, pairUp, startTestServer } from '../../../support/servers/test-server.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 203.0.113.7\r\n';
const ahead = (request: number, sdp = SDP) => ({ type: 'offer', sdp, request });
/** Except for that the peer lost its socket, and came back. */
const typesIn = ({ inbox }: { inbox: { type: string }[] }) =>
  inbox.map(({ type }) => type).filter((type) => type !== 'peer_away' && type !== 'peer_back');

/** Asks for a client, and offers. @returns the seq of the request; 1 for a client that does not number its messages */
function ask(client: RawClient, target: object, sdp = SDP): number {
  client.send({ type: 'pair_request', ...target });
  const request = client instanceof ResumableClient ? client.delivery.state.sent : 1;
  client.send(ahead(request, sdp));
  return request;
}

/** Until the server has acked the client's message of that seq, which it says with what it answers. */
async function acked(client: ResumableClient, seq: number): Promise<void> {
  while (client.delivery.unacked.some((kept) => kept.seq === seq)) await client.settled();
}

/** What a client does once it knows the pairing: a server that never heard of its request gets the offer all the same. */
function keepOffer({ delivery }: ResumableClient, { request, epoch }: { [field: string]: unknown }): void {
  delivery.replace(Number(request) + 1, JSON.stringify({ type: 'offer', sdp: SDP, epoch }));
}

/** Its request pairs the two, and the offer that was sent ahead has to come again. */
async function expectForgotten(a: RawClient, b: RawClient): Promise<void> {
  ask(a, { target_id: b.id });
  const paired = await a.next('paired');
  expect(paired).not.toHaveProperty('request');
  await b.next('paired');
  a.send({ type: 'offer', sdp: 'once more', epoch: paired.epoch });
  expect(await b.next('offer')).toMatchObject({ sdp: 'once more' });
}

describe('an offer that is sent ahead', () => {
  it('reaches the responder behind `paired`, with the epoch of the pairing, and the initiator is told', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    a.send({ type: 'pair_request', target_id: b.id });
    a.send({ ...ahead(1), more: [1], from_peer: 'forged' });
    const { epoch, request } = await a.next('paired');
    expect(request).toBe(1);
    const paired = await b.next('paired');
    expect(paired).not.toHaveProperty('request');
    expect(await b.next('offer')).toEqual({ type: 'offer', sdp: SDP, epoch, from_peer: true, more: [1] });
    b.send({ type: 'answer', sdp: SDP, epoch });
    expect(await a.next('answer')).toMatchObject({ sdp: SDP });
    await a.settled();
    expect([a.inbox, b.inbox]).toEqual([[], []]);
  });

  it('also if its client has heard `paired` meanwhile, asked by key, and both may have several peers', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(3), await test.connectResumable(3)];
    b.send({ type: 'create_key' });
    const { key } = await b.next('key');
    a.send({ type: 'pair_request', key });
    const { epoch, request } = await a.next('paired');
    await b.next('paired');
    a.send(ahead(Number(request)));
    expect(await b.next('offer')).toEqual({ type: 'offer', sdp: SDP, epoch, from_peer: true });
  });

  it('also for a responder that cannot be resumed', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(), await test.connect()];
    ask(a, { target_id: b.id });
    expect(await a.next('paired')).toMatchObject({ request: 1 });
    await b.next('paired');
    expect(await b.next('offer')).toMatchObject({ sdp: SDP });
  });

  it('is for the pairing of its own request, whichever was formed since', async () => {
    const test = await startTestServer();
    const a = await test.connectResumable(3);
    const [b, c] = [await test.connectResumable(), await test.connectResumable()];
    a.send({ type: 'pair_request', target_id: b.id });
    a.send({ type: 'pair_request', target_id: c.id });
    for (const [n, request] of [1, 2].entries()) {
      expect([n, await a.next('paired')]).toEqual([n, expect.objectContaining({ request })]);
      a.send(ahead(request, `for request ${request}`));
    }
    // The server knows of the last one only: who has heard of a pairing names that.
    await c.next('paired');
    expect(await c.next('offer')).toMatchObject({ sdp: 'for request 2' });
    await b.settled();
    expect(typesIn(b)).toEqual(['paired']);
  });

  it('is acked once the responder has it: until then its client keeps it', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    const accept = b.delivery.accept.bind(b.delivery);
    // It receives, and acks nothing.
    b.delivery.accept = () => 'duplicate';
    ask(a, { target_id: b.id });
    await a.next('paired');
    await a.settled();
    expect(a.delivery.unacked.map(({ seq }) => seq)).toContain(2);
    b.delivery.accept = accept;
    const back = await b.comeBack(test.server.url);
    await back.next('paired');
    await back.next('offer');
    await back.settled();
    await a.settled();
    expect(a.delivery.unacked.map(({ seq }) => seq)).not.toContain(2);
  });

  it('is forgotten, and can be sent later, if the initiator cannot be resumed', async () => {
    const test = await startTestServer();
    await expectForgotten(await test.connect(), await test.connectResumable());
  });

  it.each([
    ['by its id', false, true],
    ['by a key', true, true],
    ['that cannot be resumed', false, false],
  ])(
    'reaches a client of another node %s, whether it comes before or after what that node says',
    async (_, isByKey, isResumable) => {
      const { one, two, hold } = await twoNodes();
      for (const isLate of [false, true]) {
        const a = await one.connectResumable();
        const b = isResumable ? await two.connectResumable() : await two.connect();
        if (isByKey) b.send({ type: 'create_key' });
        const target = isByKey ? { key: (await b.next('key')).key } : { target_id: b.id };
        const held = hold();
        a.send({ type: 'pair_request', ...target });
        const request = a.delivery.state.sent;
        if (!isLate) a.send(ahead(request));
        await a.settled();
        // Until the other client has it, it is not acked.
        expect(a.delivery.unacked.some(({ seq }) => seq === request + 1)).toBe(!isLate);
        held.release();
        const { epoch, request: answered } = await a.next('paired');
        expect(answered).toBe(request);
        if (isLate) a.send(ahead(request));
        a.send({ type: 'candidate', candidate: { candidate: 'behind' }, epoch });
        await b.next('paired');
        expect(await b.next('offer')).toEqual({ type: 'offer', sdp: SDP, epoch, from_peer: true });
        expect(await b.next('candidate')).toMatchObject({ from_peer: true });
        await b.settled();
        await acked(a, request + 1);
        expect([isLate, a.inbox, b.inbox]).toEqual([isLate, [], []]);
      }
    },
  );

  it('is relayed once, and the first, if its client offers twice for a request that another node has yet to answer', async () => {
    const { one, two, hold } = await twoNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    const held = hold();
    ask(a, { target_id: b.id }, 'first');
    a.send(ahead(1, 'second'));
    await a.settled();
    held.release();
    await a.next('paired');
    await b.next('paired');
    await b.until(() => b.inbox.length > 0, 'the offer');
    await a.settled();
    await b.settled();
    expect(b.inbox).toMatchObject([{ sdp: 'first' }]);
  });

  it('is forgotten, and acked, if another node refuses the request, and is not for the next', async () => {
    const { one, two, hold } = await twoNodes();
    const [a, b, c] = [
      await one.connectResumable(),
      await two.connectResumable(),
      await two.connectResumable(),
    ];
    await pairUp(c, b);
    const held = hold();
    ask(a, { target_id: b.id });
    await a.settled();
    held.release();
    expect(await a.next('error')).toMatchObject({
      code: 'target_already_paired',
      for: 'pair_request',
      request: 1,
    });
    await a.settled();
    expect(a.delivery.unacked.map(({ seq }) => seq)).not.toContain(2);
    a.send(ahead(1));
    b.send({ type: 'unpair' });
    await c.next('peer_disconnected');
    a.send({ type: 'pair_request', target_id: b.id });
    await a.next('paired');
    a.send(ahead(1));
    await a.settled();
    await b.settled();
    expect([a.inbox, typesIn(b)]).toEqual([[], ['paired']]);
  });

  it('of both who ask for each other at two nodes at once is that of the one whose request counts', async () => {
    const { one, two, hold } = await twoNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    const held = hold();
    ask(a, { target_id: b.id }, 'of a');
    ask(b, { target_id: a.id }, 'of b');
    await a.settled();
    await b.settled();
    held.release();
    // The lower id asked first.
    const [initiator, responder] = a.id < b.id ? [a, b] : [b, a];
    expect(await initiator.next('paired')).toMatchObject({ initiator: true, request: 1 });
    const paired = await responder.next('paired');
    expect(paired).not.toHaveProperty('request');
    await responder.until(() => responder.inbox.length === 2, 'the offer, and the refusal');
    for (const client of [a, b, a]) await client.settled();
    expect(typesIn(responder).toSorted()).toEqual(['error', 'offer']);
    expect(responder.inbox.find(({ type }) => type === 'offer')?.sdp).toBe(initiator === a ? 'of a' : 'of b');
    expect(initiator.inbox).toEqual([]);
    for (const { delivery } of [a, b]) expect(delivery.unacked.map(({ seq }) => seq)).not.toContain(2);
  });

  it('that waits for another node counts as what waits; if that is too much, its request is refused', async () => {
    const MiB = 1024 * 1024;
    const limits = { maxWaitingBytes: MiB, maxMessageBytes: 2 * MiB, maxBytesPerSecond: 0 };
    const { one, two, hold } = await twoNodes(undefined, limits);
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    const waiting = () => one.server.parts.sessions.get(a.id)?.waitingBytes ?? 0;
    const held = hold();
    ask(a, { target_id: b.id }, 'x'.repeat(MiB / 2));
    await a.settled();
    expect(waiting()).toBeGreaterThan(MiB / 2);
    held.release();
    await b.next('paired');
    await b.next('offer');
    await b.settled();
    expect(waiting()).toBeLessThan(MiB / 8);
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    await a.next('paired');

    const heldAgain = hold();
    const late = ask(a, { target_id: b.id }, 'x'.repeat(MiB + 1));
    expect(await a.next('error')).toMatchObject({ code: 'unavailable', for: 'pair_request' });
    await a.settled();
    expect(a.delivery.unacked.map(({ seq }) => seq)).not.toContain(late + 1);
    expect(waiting()).toBeLessThan(MiB / 8);
    heldAgain.release();
    await b.settled();
    expect(typesIn(b).filter((type) => type === 'offer')).toEqual([]);
  });

  it('that waits for another node is given up with its request, and not with its session, if others have too much waiting', async () => {
    const MiB = 1024 * 1024;
    const limits = { maxWaitingBytes: MiB, maxMessageBytes: 2 * MiB, maxBytesPerSecond: 0 };
    const { one, two, hold } = await twoNodes(undefined, limits);
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    const [c, d] = [await one.connectResumable(), await one.connectResumable()];
    await pairUp(c, d);
    // It receives, and acks nothing.
    d.delivery.accept = () => 'duplicate';
    hold();
    ask(a, { target_id: b.id }, 'x'.repeat(0.7 * MiB));
    await a.settled();
    c.send({ type: 'offer', sdp: 'x'.repeat(0.4 * MiB) });
    expect(await a.next('error')).toMatchObject({ code: 'unavailable', for: 'pair_request' });
    await a.settled();
    await c.settled();
    expect([a.inbox, c.inbox]).toEqual([[], []]);
    expect(a.delivery.unacked.map(({ seq }) => seq)).not.toContain(2);
  });

  it('that waits for another node is acked if its client goes to a third meanwhile, which refuses the request', async () => {
    const { one, two, hold } = await twoNodes();
    const [a, b] = [await one.connectResumable(), await two.connectResumable()];
    const held = hold();
    ask(a, { target_id: b.id });
    await a.settled();
    a.socket.terminate();
    const coming = a.comeBack(two.server.url);
    held.release();
    const back = await coming;
    await back.until(() => back.inbox.some(({ type }) => type === 'paired' || type === 'error'), 'an answer');
    await b.settled();
    await acked(back, 2);
    const isPaired = back.inbox.some(({ type }) => type === 'paired');
    expect(typesIn(b).filter((type) => type === 'offer')).toEqual(isPaired ? ['offer'] : []);
  });

  it('gets lost on purpose like any other', async () => {
    const test = await startTestServer({ chaos: 'drop=offer' });
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    ask(a, { target_id: b.id });
    await a.next('paired');
    await b.next('paired');
    await a.settled();
    await b.settled();
    expect(b.inbox).toEqual([]);
  });

  it.each([
    ['is refused', (own: string) => own, 'self_pairing'],
    ['finds nobody', () => 'nobody', 'target_not_found'],
  ])('is forgotten, and acked, if the request %s', async (_, target, code) => {
    const test = await startTestServer();
    const a = await test.connectResumable();
    ask(a, { target_id: target(a.id) });
    expect(await a.next('error')).toMatchObject({ code, for: 'pair_request', request: 1 });
    await a.settled();
    expect(a.inbox).toEqual([]);
    expect(a.delivery.unacked.map(({ seq }) => seq)).not.toContain(2);
  });

  it.each([
    ['a request that formed no pairing, after one that did', 2],
    ['a message that is no request', 3],
    ['a message that was never sent', 9_999],
  ])('is forgotten if it names %s', async (_, request) => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(3), await test.connectResumable(3)];
    a.send({ type: 'pair_request', target_id: b.id });
    a.send({ type: 'pair_request', target_id: 'nobody' });
    a.send({ type: 'create_key' });
    a.send(ahead(request));
    await a.settled();
    await b.settled();
    expect(typesIn(a)).toEqual(['paired', 'error', 'key']);
    expect(typesIn(b)).toEqual(['paired']);
  });

  it('never reaches a later peer: it is forgotten if the pairing is over', async () => {
    const test = await startTestServer();
    const [a, b, c] = [
      await test.connectResumable(),
      await test.connectResumable(),
      await test.connectResumable(),
    ];
    a.send({ type: 'pair_request', target_id: b.id });
    await a.next('paired');
    b.send({ type: 'unpair' });
    await a.next('peer_disconnected');
    c.send({ type: 'pair_request', target_id: a.id });
    await c.next('paired');
    a.send(ahead(1));
    await a.settled();
    await c.settled();
    expect(c.inbox).toEqual([]);
  });

  it('is refused like any offer if it is no text, or its request no number, and shown in no log and no record', async () => {
    const test = await startTestServer({ logLevel: 'debug' });
    const feed = await openFeed(test.server);
    await feed.next('hello');
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    for (const wrong of [{ sdp: 7 }, { request: 0 }, { request: '1' }, { request: 1.5 }]) {
      a.send({ ...ahead(1), ...wrong });
      expect(await a.next('error')).toMatchObject({ code: 'invalid_message', for: 'offer' });
    }
    ask(a, { target_id: b.id });
    await b.next('paired');
    await b.next('offer');
    await b.settled();
    const record = await feed.record(newestEpoch(test));
    const steps = record.lines.filter(isStep).map(({ event }) => event.type);
    expect(steps).toEqual(expect.arrayContaining(['PAIR_REQUESTED', 'OFFER_RECEIVED']));
    expect(test.log.map(({ event }) => event)).toContain('signal_relayed');
    expect(JSON.stringify([test.log, record, feed.inbox])).not.toContain('203.0.113.7');
  });

  it.each([
    ['on its way to the server', true],
    ['not sent yet', false],
  ])(
    'reaches the responder once, first and with its epoch if it was %s when its client went to another node',
    async (_, isSent) => {
      const { nodes } = await twoNodes();
      const [one, other] = nodes;
      if (!one || !other) throw new Error('two nodes');
      const [a, b] = [await one.connectResumable(), await one.connectResumable()];
      a.send({ type: 'pair_request', target_id: b.id });
      await b.next('paired');
      a.socket.terminate();
      // Kept until there is a socket, as what the server never got is.
      if (isSent) a.delivery.keep(JSON.stringify(ahead(1)));
      const back = await a.comeBack(other.server.url);
      const { epoch, request } = await back.next('paired');
      expect(request).toBe(1);
      if (!isSent) back.send(ahead(1));
      back.send({ type: 'candidate', candidate: { candidate: 'behind' }, epoch });
      await b.until(() => b.inbox.some(({ type }) => type === 'candidate'), 'the candidate');
      expect(typesIn(b)).toEqual(['offer', 'candidate']);
      expect(b.inbox.find(({ type }) => type === 'offer')).toEqual({
        type: 'offer',
        sdp: SDP,
        epoch,
        from_peer: true,
      });
    },
  );

  it('is neither lost nor doubled, and stays the first, however often and whenever both sockets are cut', async () => {
    const test = await startTestServer({
      maxMessagesPerSecond: 0,
      maxConnectionsPerAddress: 0,
      logLevel: 'silent',
    });
    const action = fc.constantFrom(
      'a asks',
      'a offers',
      'a says',
      'a hears',
      'a is cut',
      'b is cut',
      'b hears',
    );
    let offered = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 30, size: 'max' }), async (actions) => {
        const clients = { a: await test.connectResumable(), b: await test.connectResumable() };
        let paired: Awaited<ReturnType<typeof clients.a.next>> | undefined;
        let request: number | undefined;
        let hasOffered = false;
        let said = 0;
        const hear = () => {
          const { a } = clients;
          if (paired || request === undefined || a.inbox[0]?.type !== 'paired') return;
          paired = a.inbox.shift() as typeof paired;
          expect(paired).toMatchObject({ request });
          if (hasOffered) keepOffer(a, paired as never);
        };
        for (const what of actions) {
          const who = what.startsWith('a') ? 'a' : 'b';
          if (what === 'a asks' && request === undefined) {
            request = clients.a.delivery.state.sent + 1;
            clients.a.send({ type: 'pair_request', target_id: clients.b.id });
          } else if (what === 'a offers' && request !== undefined && !hasOffered && !said) {
            // Right behind the request, unless it has heard of the pairing already.
            hasOffered = clients.a.delivery.state.sent === request;
            if (hasOffered) clients.a.send(ahead(request));
          } else if (what === 'a says' && paired) {
            said += 1;
            clients.a.send({ type: 'candidate', candidate: { candidate: `${said}` }, epoch: paired.epoch });
          } else if (what.endsWith('cut')) {
            clients[who].socket.terminate();
            clients[who] = await clients[who].comeBack(test.server.url);
          } else if (what.endsWith('hears')) await clients[who].settled();
          hear();
        }
        if (request === undefined) return;
        offered += hasOffered ? 1 : 0;
        for (const who of ['a', 'b', 'a'] as const) await clients[who].settled();
        hear();
        expect(paired).toBeDefined();
        expect(typesIn(clients.a)).toEqual([]);
        const candidates = Array.from({ length: said }, () => 'candidate');
        expect(typesIn(clients.b)).toEqual(['paired', ...(hasOffered ? ['offer'] : []), ...candidates]);
        for (const client of Object.values(clients)) await client.close();
      }),
      { numRuns: 40 },
    );
    expect(offered).toBeGreaterThan(10);
  });
});

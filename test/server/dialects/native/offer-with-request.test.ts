/**
 * An offer that goes along with a request to be paired: the responder gets it once, right behind `paired`, as if it had
 * been sent by itself; where that cannot be, it is forgotten, and its client sends it by itself.
 */
import { describe, expect, it } from '@jest/globals';
import { isStep } from '../../../../src/protocol/index.ts';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import type { ResumableClient } from '../../../support/clients/resumable-client.ts';
import fc from '../../../support/fast-check.ts';
import { openFeed } from '../../../support/inspect-feed.ts';
import { twoNodes } from '../../../support/servers/test-cluster.ts';
import { newestEpoch, startTestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 203.0.113.7\r\n';
const request = (id: string) => ({ type: 'pair_request', target_id: id, offer: { sdp: SDP } });
/** Except for that the peer lost its socket, and came back. */
const typesIn = ({ inbox }: { inbox: { type: string }[] }) =>
  inbox.map(({ type }) => type).filter((type) => type !== 'peer_away' && type !== 'peer_back');

/** What a client does once it knows that its offer is taken: a later server gets that offer, and not the request. */
function keepOffer({ delivery }: ResumableClient, paired: { offered?: unknown; epoch?: unknown }): void {
  const { offered, epoch } = paired;
  delivery.replace(Number(offered), JSON.stringify({ type: 'offer', sdp: SDP, epoch }));
}

/** Its request pairs the two, and the offer that was sent with it has to come by itself. */
async function expectForgotten(a: RawClient, b: RawClient): Promise<void> {
  a.send(request(b.id));
  const paired = await a.next('paired');
  expect(paired).not.toHaveProperty('offered');
  await b.next('paired');
  a.send({ type: 'offer', sdp: 'by itself', epoch: paired.epoch });
  expect(await b.next('offer')).toMatchObject({ sdp: 'by itself' });
}

describe('an offer that goes along with a request', () => {
  it('reaches the responder right behind `paired`, with the epoch of the pairing, and the initiator is told', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    a.send(request(b.id));
    const { epoch, offered } = await a.next('paired');
    expect(offered).toBe(1);
    const paired = await b.next('paired');
    expect(paired).not.toHaveProperty('offered');
    expect(await b.next('offer')).toEqual({ type: 'offer', sdp: SDP, epoch, from_peer: true });
    b.send({ type: 'answer', sdp: SDP, epoch });
    expect(await a.next('answer')).toMatchObject({ sdp: SDP });
    await a.settled();
    expect([a.inbox, b.inbox]).toEqual([[], []]);
  });

  it('also if it asks by key, and for a responder that may have several peers', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(3), await test.connectResumable(3)];
    b.send({ type: 'create_key' });
    const { key } = await b.next('key');
    a.send({ type: 'pair_request', key, offer: { sdp: SDP } });
    const { epoch, offered } = await a.next('paired');
    expect(offered).toBe(1);
    await b.next('paired');
    expect(await b.next('offer')).toEqual({ type: 'offer', sdp: SDP, epoch, from_peer: true });
  });

  it('is acked once the responder has it: until then its client keeps it', async () => {
    const test = await startTestServer();
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    const silent = b.delivery.accept.bind(b.delivery);
    // It receives, and acks nothing.
    b.delivery.accept = () => 'duplicate';
    a.send(request(b.id));
    await a.next('paired');
    await a.settled();
    expect(a.delivery.unacked.map(({ seq }) => seq)).toContain(1);
    b.delivery.accept = silent;
    const back = await b.comeBack(test.server.url);
    await back.next('paired');
    await back.next('offer');
    await back.settled();
    await a.settled();
    expect(a.delivery.unacked.map(({ seq }) => seq)).not.toContain(1);
  });

  it.each([
    ['the initiator cannot be resumed', false, true, {}],
    ['the responder cannot be resumed', true, false, {}],
    ['messages get lost on purpose', true, true, { chaos: 'drop=answer' }],
  ])('is forgotten, and can be sent by itself, if %s', async (_, isOwn, isOthers, options) => {
    const test = await startTestServer(options);
    const connect = (isResumable: boolean) => (isResumable ? test.connectResumable() : test.connect());
    const [a, b] = [await connect(isOwn), await connect(isOthers)];
    await expectForgotten(a, b);
  });

  it('is forgotten if the responder has too much to read', async () => {
    const test = await startTestServer({ maxUnsentBytes: 64 * 1024, maxMessageBytes: 128 * 1024 });
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    // It acks nothing from here on, and the key is the first that waits.
    b.delivery.accept = () => 'duplicate';
    b.send({ type: 'create_key' });
    await until(() => (test.server.parts.sessions.get(b.id)?.client.waitingBytes ?? 0) > 0, 'the key');
    a.send({ ...request(b.id), offer: { sdp: 'x'.repeat(65_450) } });
    expect(await a.next('paired')).not.toHaveProperty('offered');
    await a.settled();
    expect(a.inbox).toEqual([]);
  });

  it.each([
    ['refused', (own: string) => own, 'self_pairing'],
    ['for nobody', () => 'nobody', 'target_not_found'],
  ])('is forgotten with its request if that is %s', async (_, target, code) => {
    const test = await startTestServer();
    const a = await test.connectResumable();
    a.send(request(target(a.id)));
    expect(await a.next('error')).toMatchObject({ code, for: 'pair_request' });
    await a.settled();
    expect(a.delivery.unacked.map(({ seq }) => seq)).not.toContain(1);
  });

  it('is forgotten if the other client is at another node, and can be sent by itself', async () => {
    const { nodes } = await twoNodes();
    const [a, b] = await Promise.all(nodes.map((node) => node.connectResumable()));
    if (!a || !b) throw new Error('two nodes have two clients');
    await expectForgotten(a, b);
    expect(b.inbox).toEqual([]);
  });

  it('is refused like any message if its SDP is no text, and shown in no log and no record', async () => {
    const test = await startTestServer({ logLevel: 'debug' });
    const feed = await openFeed(test.server);
    await feed.next('hello');
    const [a, b] = [await test.connectResumable(), await test.connectResumable()];
    a.send({ ...request(b.id), offer: { sdp: 7 } });
    expect(await a.next('error')).toMatchObject({ code: 'invalid_message', for: 'pair_request' });
    a.send(request(b.id));
    await b.next('paired');
    await b.next('offer');
    await b.settled();
    const record = await feed.record(newestEpoch(test));
    const steps = record.lines.filter(isStep).map(({ event }) => event.type);
    expect(steps).toEqual(expect.arrayContaining(['PAIR_REQUESTED', 'OFFER_RECEIVED']));
    expect(test.log.map(({ event }) => event)).toContain('signal_relayed');
    expect(JSON.stringify([test.log, record, feed.inbox])).not.toContain('203.0.113.7');
  });

  it('is neither lost nor doubled, and stays the first, however often and whenever both sockets are cut', async () => {
    const test = await startTestServer({
      maxMessagesPerSecond: 0,
      maxConnectionsPerAddress: 0,
      logLevel: 'silent',
    });
    const action = fc.constantFrom('a asks', 'a says', 'a hears', 'a is cut', 'b is cut', 'b hears');
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 30, size: 'max' }), async (actions) => {
        const clients = { a: await test.connectResumable(), b: await test.connectResumable() };
        let paired: Awaited<ReturnType<typeof clients.a.next>> | undefined;
        let seq: number | undefined;
        let said = 0;
        const hear = () => {
          const { a } = clients;
          if (paired || seq === undefined || a.inbox[0]?.type !== 'paired') return;
          paired = a.inbox.shift() as typeof paired;
          expect(paired).toMatchObject({ offered: seq });
          keepOffer(a, paired as never);
        };
        for (const what of actions) {
          const who = what.startsWith('a') ? 'a' : 'b';
          if (what === 'a asks' && seq === undefined) {
            seq = clients.a.delivery.state.sent + 1;
            clients.a.send(request(clients.b.id));
          } else if (what === 'a says' && paired) {
            said += 1;
            clients.a.send({ type: 'candidate', candidate: { candidate: `${said}` }, epoch: paired.epoch });
          } else if (what.endsWith('cut')) {
            clients[who].socket.terminate();
            clients[who] = await clients[who].comeBack(test.server.url);
          } else if (what.endsWith('hears')) await clients[who].settled();
          hear();
        }
        if (seq === undefined) return;
        asked += 1;
        for (const who of ['a', 'b', 'a'] as const) await clients[who].settled();
        hear();
        expect(paired).toBeDefined();
        expect(typesIn(clients.a)).toEqual([]);
        const candidates = Array.from({ length: said }, () => 'candidate');
        expect(typesIn(clients.b)).toEqual(['paired', 'offer', ...candidates]);
        for (const client of Object.values(clients)) await client.close();
      }),
      { numRuns: 40 },
    );
    expect(asked).toBeGreaterThan(10);
  });
});

/** What a webhook is told of sessions, pairings and rooms: in order, signed, again until it is taken, and bounded. */
import { describe, expect, it } from '@jest/globals';
import { EventQueue } from '../../../src/server/webhooks/event-queue.ts';
import { type LogLine, pairUp, startTestServer } from '../../support/servers/test-server.ts';
import { verifiedWebhook } from '../../support/servers/verify-webhook.ts';
import { answering, WebhookServer } from '../../support/servers/webhook-server.ts';
import { until } from '../../support/until.ts';

const webhookSecret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

interface Told {
  readonly seq: number;
  readonly type: string;
}
const toldTo = ({ requests }: WebhookServer): Told[] => requests.flatMap(({ body }) => body.events);
const typesTo = (webhook: WebhookServer) => toldTo(webhook).map(({ type }) => type);

const failed = (log: readonly LogLine[]) =>
  until(() => log.some(({ event }) => event === 'webhook_failed'), 'the failure');

async function start(answer = answering(204, '')) {
  const webhook = await WebhookServer.start(answer);
  const started = await startTestServer({ eventWebhook: webhook.url, webhookSecret });
  return { ...started, webhook };
}

describe('--event-webhook', () => {
  it('is told of a session, a pairing and a room from first to last, in order, without a gap', async () => {
    const { webhook, connect } = await start();
    const [a, b] = [await connect(), await connect()];
    const epoch = await pairUp(a, b);
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    a.send({ type: 'join_room', room: 'den', create: {} });
    await a.next('room_joined');
    await a.close();
    await until(() => typesTo(webhook).length === 8, 'the end');
    expect(typesTo(webhook)).toEqual([
      'session.opened',
      'session.opened',
      'pairing.paired',
      'pairing.ended',
      'room.opened',
      'room.joined',
      'session.ended',
      'room.left',
    ]);
    expect(toldTo(webhook).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const pairing = { epoch, initiator_id: a.id, responder_id: b.id };
    expect(toldTo(webhook)[3]).toMatchObject({ pairing, reason: 'unpaired', at: Date.UTC(2026, 0, 1) });
    expect(toldTo(webhook)[7]).toMatchObject({
      room: { app: '', name: 'den' },
      id: a.id,
      reason: 'disconnected',
    });
    for (const request of webhook.requests) expect(verifiedWebhook(request, webhookSecret)).toBe(true);
  });

  it('that fails is sent the same batch under the same id again, with backoff, and what came meanwhile after it', async () => {
    const { webhook, connect, clock, log, server } = await start(answering(500));
    await connect();
    await failed(log);
    await connect();
    webhook.answer = answering(200);
    expect(webhook.requests).toHaveLength(1);
    clock.advance(2_500);
    await webhook.asked(3);
    const [first, second, third] = webhook.requests;
    expect(second?.body.events).toEqual(first?.body.events);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(third?.headers['webhook-id']).not.toBe(first?.headers['webhook-id']);
    expect([first, second, third].map((request) => request?.body.events.map(({ seq }: Told) => seq))).toEqual(
      [[1], [1], [2]],
    );
    await until(() => log.some(({ event }) => event === 'webhook_recovered'), 'its recovery');
    await until(() => server.parts.metrics.webhookEvents.get('delivered') === 2, 'the last delivery');
  });

  it('that does not answer is aborted after 10 seconds and asked again', async () => {
    const { webhook, connect, clock } = await start(() => {});
    await connect();
    await webhook.asked(1);
    webhook.answer = answering(200);
    clock.advance(10_500);
    // The failure is known a moment after the abort.
    await until(() => {
      clock.advance(500);
      return webhook.requests.length === 2;
    }, 'the second request');
    expect(webhook.requests[1]?.text).toBe(webhook.requests[0]?.text);
  });

  it('is told what is left when the server ends', async () => {
    const { webhook, connect, server, log } = await start(answering(500));
    const client = await connect();
    await failed(log);
    webhook.answer = answering(200);
    await server.stop();
    await client.whenClosed();
    expect(typesTo(webhook).at(-1)).toBe('session.ended');
  });

  it('that is away when the server ends does not hold it up; what was for it is counted as lost', async () => {
    const { webhook, connect, server } = await start(answering(500));
    await connect();
    await webhook.asked(1);
    await server.stop();
    expect(server.parts.metrics.webhookEvents.get('lost')).toBe(2);
  });

  it('that does not answer holds up no server whose stop is cut short; what was for it is counted as lost', async () => {
    const { webhook, connect, server } = await start(() => {});
    await connect();
    await webhook.asked(1);
    const abort = new AbortController();
    const stopped = server.stop({ signal: abort.signal });
    // Its deadline of two seconds does not come: the clock stands still.
    expect(await Promise.race([stopped.then(() => 'stopped'), settled()])).toBe('not yet');
    abort.abort();
    await stopped;
    expect(server.parts.metrics.webhookEvents.get('lost')).toBe(2);
  });
});

const settled = () => new Promise<string>((resolve) => setImmediate(() => resolve('not yet')));

describe('what waits for a webhook', () => {
  const limits = { maxEvents: 3, maxBytes: 100, batchEvents: 2, batchBytes: 30 };

  it('is at most so many events: one too many is lost, counted, and leaves a gap in the numbers', () => {
    const queue = new EventQueue(limits);
    const taken = [1, 2, 3, 4].map(() => queue.push((seq) => `${seq}`));
    expect([taken, queue.lost]).toEqual([[true, true, true, false], 1]);
    queue.batch();
    queue.taken();
    queue.push((seq) => `${seq}`);
    expect([queue.batch()?.texts, queue.taken()]).toEqual([['3', '5'], 2]);
  });

  it('is at most so many bytes, and room again once it was taken', () => {
    const queue = new EventQueue(limits);
    expect([1, 2, 3].map(() => queue.push(() => 'x'.repeat(20)))).toEqual([true, true, false]);
    expect(queue.batch()?.texts).toHaveLength(1);
    expect(queue.batch()).toBe(queue.batch());
    queue.taken();
    expect(queue.push(() => 'x'.repeat(20))).toBe(true);
    expect([queue.loseRest(), queue.lost, queue.size]).toEqual([2, 3, 0]);
  });
});

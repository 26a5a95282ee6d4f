/** Who a client is and what it may do, asked of a real HTTP server: it fails closed, and an answer counts as long as it says. */
import { describe, expect, it } from '@jest/globals';
import { RawClient } from '../../support/clients/raw-client.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../support/servers/token-issuer.ts';
import { verifiedWebhook } from '../../support/servers/verify-webhook.ts';
import { answering, WebhookServer } from '../../support/servers/webhook-server.ts';
import { until } from '../../support/until.ts';

const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

async function refusedBy(url: string, token?: string) {
  const client = RawClient.dial(url, token === undefined ? {} : { token });
  const { code } = await client.whenClosed();
  return { closed: code, code: client.inbox[0]?.code };
}

describe('--auth-webhook', () => {
  it('is asked with token, address and what is wanted, signed, and answers the claims', async () => {
    const webhook = await WebhookServer.start(answering(200, { sub: 'ada', app: 'chess', may: ['pair'] }));
    const { server } = await startTestServer({ authWebhook: webhook.url, webhookSecret: WEBHOOK_SECRET });
    const client = await RawClient.connect(server.url, { token: 'anything' });
    expect(client.id).toBe('ada');
    expect(server.sessions()).toMatchObject([{ id: 'chess/ada', app: 'chess' }]);
    const [request] = webhook.requests;
    expect(request?.body).toEqual({ wants: 'connect', address: '127.0.0.1', token: 'anything' });
    expect(request && verifiedWebhook(request, WEBHOOK_SECRET)).toBe(true);
    client.send({ type: 'create_key' });
    expect(await client.next('error')).toMatchObject({ code: 'forbidden' });
  });

  it('is asked after the token was verified, is told its claims, and may allow less', async () => {
    const webhook = await WebhookServer.start(answering(200, { may: ['pair'] }));
    const { server } = await startTestServer({ authWebhook: webhook.url, jwtSecret: SECRET });
    expect(await refusedBy(server.url, await signWithSecret({}, `${SECRET}x`))).toMatchObject({
      closed: 4401,
    });
    expect(webhook.requests).toEqual([]);
    const client = await RawClient.connect(server.url, { token: await signWithSecret({ sub: 'ada' }) });
    expect(client.id).toBe('ada');
    expect(webhook.requests[0]?.body.claims).toMatchObject({ sub: 'ada', may: expect.any(Array) });
    client.send({ type: 'create_key' });
    expect(await client.next('error')).toMatchObject({ code: 'forbidden' });
  });

  it('that answers 403 refuses; 401 asks for a token, which the first message may bring', async () => {
    const webhook = await WebhookServer.start((res, { body }) =>
      answering(body.token === 'right' ? 200 : body.token === undefined ? 401 : 403)(
        res,
        webhook.requests[0] as never,
      ),
    );
    const { server } = await startTestServer({ authWebhook: webhook.url });
    expect(await refusedBy(server.url, 'wrong')).toEqual({ closed: 4401, code: 'forbidden' });
    const client = RawClient.dial(server.url);
    await client.opened();
    client.send({ type: 'auth', token: 'right' });
    await client.next('your_id');
  });

  const wrong: [string, Parameters<typeof answering>][] = [
    ['an error of its own', [500]],
    ['a redirect', [302, {}, { location: '/elsewhere' }]],
    ['no JSON', [200, 'welcome']],
    ['a list', [200, []]],
    ['what may be an error with status 200', [200, { error: 'no such user' }]],
    ['an impossible claim', [200, { app: 'a/b' }]],
    ['more than 16 KiB', [200, { metadata: 'x'.repeat(16 * 1024) }]],
    ['nothing', [204, '']],
  ];
  it('that answers what is no answer lets nobody in: 1013, and the log says why without an address', async () => {
    const webhook = await WebhookServer.start(answering(500));
    const { server, log } = await startTestServer({ authWebhook: webhook.url });
    for (const [name, answer] of wrong) {
      webhook.answer = answering(...answer);
      expect([name, await refusedBy(server.url, name)]).toEqual([
        name,
        { closed: 1013, code: 'unavailable' },
      ]);
    }
    const failures = log.filter(({ event }) => event === 'webhook_failed');
    expect(failures).toHaveLength(wrong.length);
    expect(JSON.stringify(failures)).not.toMatch(/127\.0\.0\.1:\d|no such user|elsewhere/);
  });

  it('that cannot be reached lets nobody in', async () => {
    const { server, log } = await startTestServer({ authWebhook: 'http://127.0.0.1:1/hook' });
    expect(await refusedBy(server.url, 'any')).toEqual({ closed: 1013, code: 'unavailable' });
    const failures = log.filter(({ event }) => event === 'webhook_failed');
    expect(failures).toHaveLength(1);
    expect(JSON.stringify(failures)).toMatch(/there is no answer/);
    expect(JSON.stringify(failures)).not.toContain('127.0.0.1');
  });

  it('that does not answer within --auth-webhook-timeout-ms lets nobody in, and is not waited for', async () => {
    let isGone = false;
    const webhook = await WebhookServer.start((res) => res.on('close', () => (isGone = true)));
    const { server, clock } = await startTestServer({
      authWebhook: webhook.url,
      authWebhookTimeoutMs: 3_000,
    });
    const refused = refusedBy(server.url, 'any');
    await webhook.asked(1);
    clock.advance(3_500);
    expect(await refused).toEqual({ closed: 1013, code: 'unavailable' });
    await until(() => isGone, 'the end of its request');
  });

  it('is asked 128 questions at once of one address, and those of others beside them', async () => {
    const webhook = await WebhookServer.start(() => {});
    const { server } = await startTestServer({ authWebhook: webhook.url, trustProxy: ['127.0.0.1'] });
    const ask = (token: string, address: string) => RawClient.dial(server.url, { token, address });
    const asking = Array.from({ length: 129 }, (_, n) => ask(`${n}`, '203.0.113.1'));
    const refused = await Promise.any(asking.map((client) => client.whenClosed()));
    expect(refused.code).toBe(1013);
    ask('another', '198.51.100.1');
    await until(() => webhook.requests.length === 129, 'the question of the other address');
    expect(webhook.requests.filter(({ body }) => body.address === '203.0.113.1')).toHaveLength(128);
  });

  it('counts for whoever brings the same token as long as max-age says, and a refusal, too', async () => {
    const webhook = await WebhookServer.start(answering(200, {}, { 'cache-control': 'private, max-age=60' }));
    const { server, clock } = await startTestServer({ authWebhook: webhook.url });
    await RawClient.connect(server.url, { token: 'one' });
    await RawClient.connect(server.url, { token: 'one' });
    expect(webhook.requests).toHaveLength(1);
    webhook.answer = answering(403, {}, { 'cache-control': 'max-age=5' });
    await RawClient.connect(server.url, { token: 'one' });
    expect(await refusedBy(server.url, 'two')).toMatchObject({ code: 'forbidden' });
    webhook.answer = answering(200, {}, { 'cache-control': 'no-store, max-age=60' });
    expect(await refusedBy(server.url, 'two')).toMatchObject({ code: 'forbidden' });
    expect(webhook.requests).toHaveLength(2);
    clock.advance(70_000);
    await RawClient.connect(server.url, { token: 'one' });
    await RawClient.connect(server.url, { token: 'two' });
    await RawClient.connect(server.url, { token: 'two' });
    expect(webhook.requests).toHaveLength(5);
  });

  it('is asked once by many who bring the same token at once', async () => {
    const answers: (() => void)[] = [];
    const webhook = await WebhookServer.start((res) => answers.push(() => res.end('{}')));
    const { server } = await startTestServer({ authWebhook: webhook.url });
    const clients = [1, 2, 3].map(() => RawClient.dial(server.url, { token: 'same' }));
    await Promise.all(clients.map((client) => client.opened()));
    await webhook.asked(1);
    for (const answer of answers) answer();
    for (const client of clients) await client.next('your_id');
    expect(webhook.requests).toHaveLength(1);
  });

  it.each([
    [{ authWebhook: 'http://example.com/' }, '--auth-webhook: should be an https:// URL'],
    [{ eventWebhook: 'https://example.com/' }, '--event-webhook: needs --webhook-secret-file'],
    [{ webhookSecret: 'short' }, '--webhook-secret: should be at least 24 bytes in base64'],
    [{ authWebhook: 'https://example.com/', rooms: true }, 'rooms: its clients do not say who they are'],
    [{ authWebhook: 'https://example.com/', topics: true }, 'topics: its clients do not say who they are'],
    [{ authWebhook: 'https://example.com/', authorize: () => true }, 'give one of them'],
  ])('%j is refused at the start', async (options, problem) => {
    await expect(startTestServer(options)).rejects.toThrow(problem);
  });
});

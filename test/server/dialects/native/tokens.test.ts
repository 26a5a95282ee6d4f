/** How a client brings its token, and what becomes of one that brings none, over real sockets. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { WebSocket } from 'ws';
import type { ServerOptions } from '../../../../src/server/index.ts';
import { type Bringing, RawClient } from '../../../support/clients/raw-client.ts';
import { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { runNode } from '../../../support/servers/cli-process.ts';
import { pairUp, startTestServer } from '../../../support/servers/test-server.ts';
import {
  forge,
  keyPairs,
  publish,
  SECRET,
  sign,
  signWithSecret,
} from '../../../support/servers/token-issuer.ts';
import { until } from '../../../support/until.ts';

/** A server that asks for tokens; the tokens of tests are made by the machine's clock, so its clock is that. */
async function guarded(options: Partial<ServerOptions> = {}) {
  const test = await startTestServer({ jwtSecret: SECRET, ...options });
  const { url } = test.server;
  const join = async (claims: JWTPayload) => RawClient.connect(url, { token: await signWithSecret(claims) });
  return { ...test, url, join };
}

/** Waits until the socket is closed, and takes the error that came before. */
async function refusalOf(client: RawClient) {
  const closed = await client.whenClosed();
  return { error: client.inbox.find(({ type }) => type === 'error'), closed };
}

describe('a client whose address connects too often', () => {
  const statusOf = async ({ socket }: RawClient) => {
    const [, { statusCode }] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    return statusCode;
  };

  it('comes in by a right token, and others of its address are refused, a forged one by 4401', async () => {
    const { url, join, server } = await guarded({ maxUpgradesPerSecond: 1 });
    for (let n = 0; n < 10; n += 1) await (await join({ sub: `early ${n}` })).close();
    expect(await statusOf(RawClient.dial(url))).toBe(429);
    expect((await join({ sub: 'ada' })).id).toBe('ada');
    const forged = RawClient.dial(url, { token: `${await signWithSecret({ sub: 'ada' })}x` });
    expect((await refusalOf(forged)).closed).toMatchObject({ code: 4401 });
    expect(await statusOf(RawClient.dial(url))).toBe(429);
    expect(server.parts.metrics.refused.get('upgrades')).toBe(2);
  });

  it('is one of 500 a second at most that show a token, of the whole server', async () => {
    const { server } = await guarded({ maxUpgradesPerSecond: 1 });
    const headers = new Map([['host', 'localhost']]);
    const facts = { remote: '203.0.113.9', proxied: '', headers };
    const letIn = (bringsToken: boolean) =>
      'address' in server.parts.admission.judgeRequest(facts as never, { bringsToken });
    const count = (bringsToken: boolean) =>
      Array.from({ length: 1_000 }, () => letIn(bringsToken)).filter(Boolean).length;
    expect([count(false), count(true)]).toEqual([10, 500]);
  });

  it('is refused with any token where the server asks for none', async () => {
    const { server } = await startTestServer({ maxUpgradesPerSecond: 1 });
    for (let n = 0; n < 10; n += 1) await (await RawClient.connect(server.url)).close();
    expect(await statusOf(RawClient.dial(server.url, { token: 'a.b.c' }))).toBe(429);
  });
});

describe('a token comes', () => {
  it('as `Authorization: Bearer`, and its `sub` is the id', async () => {
    const { join } = await guarded();
    expect((await join({ sub: 'ada', app: 'chess' })).id).toBe('ada');
  });

  it('as the subprotocol `pairlane.token.TOKEN` beside `pairlane`, which is answered alone', async () => {
    const { url } = await guarded();
    const token = await signWithSecret({ sub: 'ada' });
    for (const subprotocols of [
      ['pairlane', `pairlane.token.${token}`],
      [`pairlane.token.${token}`, 'other', 'pairlane'],
    ]) {
      const client = await RawClient.connect(url, { subprotocols });
      expect(client.id).toBe('ada');
      expect(client.socket.protocol).toBe('pairlane');
      await client.close();
    }
  });

  it('as the first message, `auth`', async () => {
    const { url } = await guarded();
    const client = RawClient.dial(url);
    await client.opened();
    client.send({ type: 'auth', token: await signWithSecret({ sub: 'ada' }) });
    expect(await client.next('your_id')).toMatchObject({ id: 'ada' });
  });

  it('with `max_peers`, and a client has no more peers than that, whatever it asks for', async () => {
    const { url } = await guarded();
    const token = await signWithSecret({ sub: 'ada', max_peers: 3 });
    for (const [asked, got] of [
      [2, 2],
      [8, 3],
    ]) {
      const client = RawClient.dial(`${url}?peers=${asked}`, { token });
      expect(await client.next('your_id')).toMatchObject({ max_peers: got });
    }
  });

  it('without `sub`, and the server gives the id', async () => {
    const { join } = await guarded();
    expect((await join({ app: 'chess' })).id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('and what the client sends while its keys are fetched is not lost', async () => {
    const pair = keyPairs.ES256();
    const publisher = await publish({ a: pair });
    const { server } = await startTestServer({ jwksUrl: publisher.url });
    const client = await ResumableClient.connect(server.url, {
      token: await sign({ sub: 'ada' }, pair, 'a'),
    });
    client.socket.terminate();
    // It says at once, before its token was looked at, which session it wants back.
    const back = await client.comeBack(server.url);
    expect(back.id).toBe('ada');
    expect(server.parts.sessions.size).toBe(1);
  });
});

describe('a client is refused, with a word why,', () => {
  it.each([
    ['with a token of another secret', { token: signWithSecret({}, `${SECRET}x`) }, 'signature'],
    ['with a token of no algorithm', { token: forge({ alg: 'none' }, {}) }, 'algorithm'],
    ['with an expired token', { token: signWithSecret({ exp: 1 }) }, 'expired'],
  ])('%s: 4401', async (_name, { token }, words) => {
    const { url } = await guarded();
    const { error, closed } = await refusalOf(RawClient.dial(url, { token: await token }));
    expect(error).toMatchObject({
      code: expect.stringMatching(/^token_/),
      message: expect.stringContaining(words),
    });
    expect(closed.code).toBe(4401);
  });

  it('with something else than `auth` as its first message', async () => {
    const { url, server } = await guarded();
    for (const message of [{ type: 'create_key' }, 'hello', Buffer.from('{}'), { type: 'auth' }]) {
      const client = RawClient.dial(url);
      await client.opened();
      client.send(message);
      const { error, closed } = await refusalOf(client);
      expect(error?.message).toContain('Authorization: Bearer');
      expect(closed.code).toBe(4401);
    }
    expect(server.parts.metrics.refused.get('token')).toBe(4);
  });

  it('that says nothing for 5 s: 4408', async () => {
    const { url, clock } = await guarded({ firstMessageTimeoutMs: 5_000 });
    const client = RawClient.dial(url);
    await client.opened();
    // A socket is opened here before it is there: what the server answers shows that it has it.
    client.socket.ping();
    await once(client.socket, 'pong');
    clock.advance(5_100);
    expect((await client.whenClosed()).code).toBe(4408);
  });

  it('that sends more than 8 messages before it is greeted: 1008', async () => {
    const publisher = await publish({ a: keyPairs.ES256() });
    let release = () => {};
    const { server } = await startTestServer(
      {},
      {
        authenticator: {
          authenticate: () =>
            new Promise((resolve) => {
              release = () => resolve({ refusal: { code: 'token_invalid', message: 'late' } });
            }),
        },
      },
    );
    const client = RawClient.dial(server.url, { token: publisher.url });
    await client.opened();
    for (let n = 0; n < 9; n += 1) client.send({ type: 'create_key' });
    expect((await client.whenClosed()).code).toBe(1008);
    expect(server.parts.metrics.refused.get('flood')).toBe(1);
    release();
  });

  it.each(['token', 'access_token', 'jwt'])('with a token in the URL, as `%s`: 400', async (name) => {
    const { url } = await guarded();
    expect(await answerTo(`${url}?${name}=x`)).toEqual({ status: 400, body: expect.stringContaining('URL') });
  });

  it('with a token in the URL under any name, also where no token is asked for: 400', async () => {
    const { server } = await startTestServer();
    const token = await signWithSecret({});
    for (const query of [`a=${token}`, `resume=1&b=${encodeURIComponent(token)}`, token])
      expect((await answerTo(`${server.url}?${query}`)).status).toBe(400);
    // One that only sounds like it may be somebody else's.
    (await RawClient.connect(`${server.url}?token=x`)).socket.terminate();
  });

  it('with a token as a subprotocol and without `pairlane`: 400', async () => {
    const { url } = await guarded();
    const { status, body } = await answerTo(url, { subprotocols: ['pairlane.token.x'] });
    expect(status).toBe(400);
    expect(body).toContain('`pairlane`');
  });
});

describe('a token is seen by nobody:', () => {
  it('not in the answer, the log, the metrics, the errors or the sessions', async () => {
    const { url, log, server } = await guarded({ logLevel: 'trace' });
    const good = await signWithSecret({ sub: 'ada' });
    const bad = await signWithSecret({}, `${SECRET}x`);
    const said: string[] = [];
    for (const token of [good, bad]) {
      const answer = await rawUpgrade(url, token);
      said.push(answer);
      const client = RawClient.dial(url);
      await client.opened();
      client.send({ type: 'auth', token });
      if (token === good) await client.next('your_id');
      else said.push(JSON.stringify(await refusalOf(client)));
    }
    const last = [...server.parts.sessions.values()].at(-1);
    last?.client.notify({ type: 'ping' });
    said.push(JSON.stringify(log), await server.parts.metrics.text());
    for (const session of server.parts.sessions.values())
      said.push(JSON.stringify([session.context, session.grants, session.value]));
    for (const token of [good, bad])
      for (const part of token.split('.').slice(1)) expect(said.join('\n')).not.toContain(part);
  });
});

describe('with tokens,', () => {
  it('the newest holder of an id takes it over, and the older is told so: 4410', async () => {
    const { join, server } = await guarded();
    const older = await join({ sub: 'ada', app: 'chess' });
    const newer = await join({ sub: 'ada', app: 'chess' });
    expect(await older.whenClosed()).toEqual({ code: 4410, reason: expect.stringContaining('your id') });
    expect(newer.id).toBe('ada');
    const other = await join({ sub: 'bob', app: 'chess' });
    other.send({ type: 'pair_request', target_id: 'ada' });
    expect(await newer.next('paired')).toMatchObject({ peer_id: 'bob' });
    expect(server.parts.sessions.size).toBe(2);
  });

  it.each([
    ['pair', { type: 'pair_request', target_id: 'x' }],
    ['key', { type: 'create_key' }],
  ])('what needs `%s` is refused without it, and the message names it', async (grant, message) => {
    const { join } = await guarded();
    const others = ['pair', 'key', 'join', 'create', 'lead', 'turn'].filter((one) => one !== grant);
    const client = await join({ may: others });
    client.send(message);
    expect(await client.next('error')).toEqual({
      ...{ type: 'error', code: 'forbidden', for: message.type },
      message: expect.stringContaining(`\`${grant}\``),
    });
  });

  it('the same id in two apps are two clients', async () => {
    const { join } = await guarded();
    const [one, other] = [await join({ sub: 'ada', app: 'a' }), await join({ sub: 'ada', app: 'b' })];
    await one.settled();
    await other.settled();
    expect([one.closed, other.closed]).toEqual([undefined, undefined]);
  });

  it('one that comes back needs its own secret and a token for the same id', async () => {
    const { url, server } = await guarded();
    const bringing = async (claims: JWTPayload): Promise<Bringing> => ({
      token: await signWithSecret(claims),
    });
    const ada = await ResumableClient.connect(url, await bringing({ sub: 'ada', app: 'a' }));
    ada.socket.terminate();
    const thief = await ada.comeBack(url, {}, await bringing({ sub: 'bob', app: 'a' }));
    expect(thief.id).toBe('bob');
    const foreign = await ada.comeBack(url, {}, await bringing({ sub: 'ada', app: 'b' }));
    expect([...server.parts.sessions.keys()].sort()).toEqual(['a/ada', 'a/bob', 'b/ada']);
    foreign.socket.terminate();
    const back = await ada.comeBack(url);
    expect(back.id).toBe('ada');
    expect(server.parts.sessions.get('a/ada')?.client.isOnline).toBe(true);
  });

  it('a newer token counts from `refresh_token` on, if it is of the same client', async () => {
    const { join, server } = await guarded();
    const ada = await join({ sub: 'ada', app: 'a', may: ['pair'] });
    for (const claims of [{ sub: 'bob', app: 'a' }, { sub: 'ada', app: 'b' }, { app: 'a' }]) {
      ada.send({ type: 'refresh_token', token: await signWithSecret(claims) });
      expect(await ada.next('error')).toMatchObject({ code: 'token_invalid', for: 'refresh_token' });
    }
    ada.send({ type: 'refresh_token', token: await signWithSecret({ sub: 'ada', app: 'a', may: ['key'] }) });
    const granted = () => server.parts.sessions.get('a/ada')?.grants.may;
    await until(
      () => !granted()?.includes('pair'),
      undefined,
      () => ada.settled(),
    );
    expect(granted()).toEqual(['key']);
  });
});

describe('the end of a token, 30 s after its `exp` because clocks may be that far apart,', () => {
  const inS = (clock: { wallTime(): number }, seconds: number) =>
    Math.floor(clock.wallTime() / 1_000) + seconds;

  it('is told a minute before, and ends the session: its peer, its room and itself are told', async () => {
    const { join, clock, server } = await guarded({ pingIntervalMs: 0 });
    const exp = inS(clock, 600);
    const ada = await join({ sub: 'ada', exp });
    const bob = await join({ sub: 'bob', exp: inS(clock, 9_000) });
    for (const one of [ada, bob]) {
      one.send({ type: 'join_room', room: 'den', create: { topology: 'none' } });
      await one.next('room_joined');
    }
    await ada.next('peer_joined');
    await pairUp(ada, bob);
    clock.advance(569_000);
    await ada.settled();
    expect(ada.inbox.filter(({ type }) => type === 'token_expiring')).toEqual([]);
    clock.advance(1_050);
    expect(await ada.next('token_expiring')).toMatchObject({ expires_at: exp * 1_000 });
    clock.advance(60_050);
    expect(await refusalOf(ada)).toMatchObject({
      error: { code: 'token_expired' },
      closed: { code: 4401 },
    });
    expect(await bob.next('peer_disconnected')).toMatchObject({ peer_id: 'ada', reason: 'refused' });
    expect(await bob.next('peer_left')).toMatchObject({ id: 'ada', reason: 'refused' });
    expect([...server.parts.sessions.keys()]).toEqual(['/bob']);
  });

  it('is put off by `refresh_token`, also once it was told', async () => {
    const { join, clock, server } = await guarded({ pingIntervalMs: 0 });
    const ada = await join({ sub: 'ada', exp: inS(clock, 600) });
    clock.advance(600_000);
    await ada.next('token_expiring');
    const expiresAt = () => server.parts.sessions.get('/ada')?.grants.expiresAt;
    const before = expiresAt();
    ada.send({ type: 'refresh_token', token: await signWithSecret({ sub: 'ada', exp: inS(clock, 600) }) });
    await until(
      () => expiresAt() !== before,
      undefined,
      () => ada.settled(),
    );
    clock.advance(500_000);
    await ada.settled();
    expect(ada.closed).toBeUndefined();
    clock.advance(131_000);
    expect(await refusalOf(ada)).toMatchObject({ closed: { code: 4401 } });
  });
});

it('without tokens, a client that brings one comes in as it is', async () => {
  const { server } = await startTestServer();
  const token = await signWithSecret({ sub: 'ada' });
  const client = await RawClient.connect(server.url, {
    subprotocols: ['pairlane', `pairlane.token.${token}`],
  });
  expect(client.id).toMatch(/^[0-9a-f-]{36}$/);
  expect(client.socket.protocol).toBe('pairlane');
  client.send({ type: 'auth', token });
  client.send({ type: 'refresh_token', token });
  await client.settled();
  expect(client.inbox).toEqual([]);
  const resumable = await ResumableClient.connect(server.url);
  resumable.socket.terminate();
  const silent = resumable.comeBackSilently(server.url);
  await silent.opened();
  silent.socket.send(JSON.stringify({ type: 'auth', token }));
  const { id, token: secret, delivery } = resumable;
  silent.socket.send(JSON.stringify({ type: 'resume', id, token: secret, received: delivery.received }));
  expect(await silent.next('your_id')).toMatchObject({ id });
});

it('without tokens, `jose` is not loaded', async () => {
  // Hooks run in a thread of their own, so they write by themselves.
  const hooks = `
    import { writeSync } from 'node:fs';
    export async function load(url, context, next) {
      if (url.includes('/jose/')) writeSync(1, 'jose ');
      return next(url, context);
    }`;
  const program = `
    import { writeSync } from 'node:fs';
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
    const { startServer } = await import('./dist/server/index.js');
    await (await startServer({ port: 0, logLevel: 'silent' })).stop();
    writeSync(1, 'without | ');
    await (await startServer({ port: 0, logLevel: 'silent', jwtSecret: 'x'.repeat(32) })).stop();
    writeSync(1, 'with');
    process.exit();`;
  const run = runNode(['--input-type=module', '-e', program]);
  expect(`${await run.exited()} ${run.stderr}`).toBe('0 ');
  expect(run.stdout).toMatch(/^without \| (jose )+with$/);
});

/** How an upgrade is refused. */
async function answerTo(url: string, { subprotocols = [] }: Bringing = {}) {
  const socket = new WebSocket(url, [...subprotocols]);
  const [, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode as number, body };
}

/** All bytes of the answer to an upgrade whose token is in the subprotocol, until the server has greeted or closed. */
async function rawUpgrade(url: string, token: string): Promise<string> {
  const { port } = new URL(url);
  const socket = createConnection(Number(port), '127.0.0.1');
  socket.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: pairlane, pairlane.token.${token}\r\n\r\n`,
  );
  let said = '';
  for await (const chunk of socket) {
    said += chunk;
    if (/your_id|"error"/.test(said)) break;
  }
  expect(said).toMatch(/sec-websocket-protocol: pairlane\r\n/i);
  return said;
}

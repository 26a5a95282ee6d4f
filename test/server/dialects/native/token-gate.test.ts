/** What becomes of a client while, and once, it is asked who it is: the test answers for the authenticator. */
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type {
  Authenticator,
  Credentials,
  TokenVerdict,
} from '../../../../src/server/admission/tokens/authenticator.ts';
import { noLimits } from '../../../../src/server/admission/tokens/grants.ts';
import type { NativeClient } from '../../../../src/server/dialects/native/native-client.ts';
import type { ServerOptions } from '../../../../src/server/index.ts';
import type { ServerSession } from '../../../../src/server/signaling/session.ts';
import { RawClient } from '../../../support/clients/raw-client.ts';
import { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

/** The year 2100. */
const expiresAt = 4_102_444_800_000;
const IN: TokenVerdict = { grants: { ...noLimits, sub: 'ada', expiresAt } };
const NO_TOKEN: TokenVerdict = { refusal: { code: 'token_invalid', message: 'you brought none' } };

async function guarded({
  needsRequest = false,
  ...options
}: Partial<ServerOptions> & Pick<Authenticator, 'needsRequest'> = {}) {
  const asked: (Credentials & { answer(verdict: TokenVerdict): void; fail(error: Error): void })[] = [];
  const authenticate = (credentials: Credentials) =>
    new Promise<TokenVerdict>((answer, fail) => asked.push({ ...credentials, answer, fail }));
  const test = await startTestServer(options, {
    authenticator: { authenticate, ...(needsRequest && { needsRequest }) },
  });
  /** Opens a socket, and waits until the server asks who it is. */
  const dial = async (query = '', token?: string) => {
    const count = asked.length;
    const client = RawClient.dial(test.server.url + query, token === undefined ? {} : { token });
    await client.opened();
    await until(() => asked.length > count, 'the question');
    return { client, question: asked[count] as (typeof asked)[0] };
  };
  /** The same for a client without a token, which is told to bring it in its first message. */
  const dialBare = async () => {
    const { client, question } = await dial();
    question.answer(NO_TOKEN);
    return client;
  };
  /** A client that may come back, and was let in with that token. */
  const join = async (token: string) => {
    const joining = ResumableClient.connect(test.server.url, { token });
    await until(() => asked.length === 1, 'the question');
    asked[0]?.answer(IN);
    return joining;
  };
  const { refused } = test.server.parts.metrics;
  return { ...test, url: test.server.url, asked, dial, dialBare, join, refused };
}

/** Waits until the server has received what the client sent; it answers nothing yet. */
async function heard({ socket }: RawClient): Promise<void> {
  socket.ping();
  await once(socket, 'pong');
}

const typesOf = ({ inbox }: RawClient) => inbox.map(({ type }) => type);

describe('a client that may come in', () => {
  it('is answered what it sent meanwhile, in order, and after its greeting', async () => {
    const { dial, asked } = await guarded();
    const { client, question } = await dial('', 'its-token');
    client.send({ type: 'create_key' });
    client.send({ type: 'pair_request', target_id: 'nobody' });
    await heard(client);
    question.answer(IN);
    await client.settled();
    expect(typesOf(client)).toEqual(['your_id', 'key', 'error']);
    expect(asked).toHaveLength(1);
  });

  it('may bring its token in its first message, with others right behind it, and however long that is looked at', async () => {
    const { dialBare, asked, clock } = await guarded({ firstMessageTimeoutMs: 5_000 });
    const client = await dialBare();
    client.send({ type: 'auth', token: 'its-token' });
    client.send({ type: 'create_key' });
    await heard(client);
    expect(asked.map(({ token }) => token)).toEqual([undefined, 'its-token']);
    clock.advance(60_000);
    asked[1]?.answer(IN);
    await client.settled();
    expect(typesOf(client)).toEqual(['your_id', 'key']);
  });

  it('may have sent that before it was asked for', async () => {
    const { dial, asked } = await guarded();
    const { client, question } = await dial();
    client.send({ type: 'auth', token: 'its-token' });
    await heard(client);
    question.answer(NO_TOKEN);
    await until(() => asked.length === 2, 'the second question');
    asked[1]?.answer(IN);
    await client.next('your_id');
  });

  it.each([
    ['64 KiB', 65_536, 'your_id'],
    ['one byte more', 65_537, 'error'],
  ])('may bring a first message of %s: %i bytes, answered by %s', async (_what, bytes, answer) => {
    const { dialBare, asked } = await guarded();
    const client = await dialBare();
    client.send(JSON.stringify({ type: 'auth', token: 'its-token' }).padEnd(bytes));
    if (answer === 'your_id') {
      await until(() => asked.length === 2, 'the second question');
      asked[1]?.answer(IN);
    }
    await client.next(answer);
  });

  it('is asked for as what it wants: to connect, to come back, or to bring a newer token', async () => {
    const { url, asked, server, join } = await guarded();
    const client = await join('one');
    client.socket.terminate();
    await until(() => server.parts.sessions.get('/ada')?.client.isOnline === false);
    const returning = client.comeBack(url, {}, { token: 'two' });
    await until(() => asked.length === 2, 'the question of its return');
    asked[1]?.answer(IN);
    const back = await returning;
    back.send({ type: 'refresh_token', token: 'three' });
    await until(() => asked.length === 3, 'the question of its newer token');
    const address = '127.0.0.1';
    expect(asked).toMatchObject([
      { token: 'one', wants: 'connect', address },
      { token: 'two', wants: 'resume', address },
      { token: 'three', wants: 'refresh', address },
    ]);
  });

  it.each([
    ['where the authenticator looks at it', true],
    ['nowhere else', false],
  ])(
    'is asked for with its request %s, and neither that nor its token is kept',
    async (_where, needsRequest) => {
      const { dial, server } = await guarded({ needsRequest });
      const { client, question } = await dial('?a=b', 'its-token');
      expect(question.request?.headers.get('authorization')).toBe(
        needsRequest ? 'Bearer its-token' : undefined,
      );
      question.answer(IN);
      await client.next('your_id');
      const ada = (server.parts.sessions.get('/ada') as ServerSession).client as NativeClient;
      expect(ada.socket?.getUserData()).toMatchObject({ token: undefined, request: undefined });
    },
  );

  it('is asked for by nobody where there is no authenticator, and nothing is kept of its request', async () => {
    const { server, connect } = await startTestServer();
    const { id } = await connect();
    const client = (server.parts.sessions.get(id) as ServerSession).client as NativeClient;
    expect(client.socket?.getUserData().request).toBeUndefined();
  });

  it('and comes back with another token may do what that says', async () => {
    const { url, asked, server, join } = await guarded();
    const client = await join('one');
    client.socket.terminate();
    const returning = client.comeBack(url, {}, { token: 'two' });
    await until(() => asked.length === 2, 'the question of its return');
    asked[1]?.answer({ grants: { app: '', sub: 'ada', may: ['join'], expiresAt } });
    const back = await returning;
    expect(server.parts.sessions.get('/ada')?.grants.may).toEqual(['join']);
    back.send({ type: 'create_key' });
    expect(await back.next('error')).toMatchObject({ code: 'forbidden' });
  });

  it('and left meanwhile has no session', async () => {
    const { dial, server, log } = await guarded();
    const { client, question } = await dial('', 'its-token');
    // Waits for the server's answer: it knows.
    await client.close();
    question.answer(IN);
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.parts.sessions.size).toBe(0);
    expect(log.filter(({ level }) => level >= 50)).toEqual([]);
  });
});

describe('a client that may not come in', () => {
  it.each([
    ['token_invalid', 4401, 'Bring another token'],
    ['token_expired', 4401, 'Bring another token'],
    ['forbidden', 4401, 'You may not come in'],
    ['unavailable', 1013, 'It cannot be determined who you are'],
  ] as const)('is told %s, and closed with %i; that is counted and logged', async (code, close, reason) => {
    const { dial, refused, log } = await guarded();
    const { client, question } = await dial('', 'its-token');
    const message = 'the reason of the app';
    question.answer({ refusal: { code, message } });
    expect(await client.next('error')).toEqual({ type: 'error', code, message, for: 'auth' });
    expect(await client.whenClosed()).toEqual({ code: close, reason });
    expect(refused.get('token')).toBe(1);
    expect(log).toContainEqual(expect.objectContaining({ level: 40, msg: `Refused a client: ${message}` }));
  });

  it('because it cannot be asked for is told so at once, also without a token', async () => {
    const { dial } = await guarded();
    const { client, question } = await dial();
    question.answer({ refusal: { code: 'unavailable', message: 'later' } });
    expect(await client.whenClosed()).toMatchObject({ code: 1013 });
  });

  it.each([
    ['in 5 s, to the millisecond', 5_000, [4_999, 1]],
    ['at any time, with 0', 0, [1_000_000, 0]],
  ])('has to say who it is %s', async (_when, firstMessageTimeoutMs, [early, more]) => {
    const { dialBare, clock, refused } = await guarded({ firstMessageTimeoutMs, pingIntervalMs: 0 });
    const client = await dialBare();
    await heard(client);
    clock.advance(early as number);
    await heard(client);
    expect(refused.get('first_message')).toBeUndefined();
    if (more === 0) return;
    clock.advance(more as number);
    expect(await client.whenClosed()).toEqual({ code: 4408, reason: 'You did not say who you are' });
    expect(refused.get('first_message')).toBe(1);
  });

  it('because of our own mistake is closed with 1011, which is logged', async () => {
    const { dial, log } = await guarded();
    const { client, question } = await dial('', 'its-token');
    question.fail(new Error('on purpose'));
    expect(await client.whenClosed()).toEqual({ code: 1011, reason: 'Internal error' });
    expect(log).toContainEqual(expect.objectContaining({ level: 50, event: 'client_failed' }));
  });
});

describe('a newer token', () => {
  it('is refused with its reason, and another only while that has no answer', async () => {
    const { dial, asked } = await guarded();
    const { client, question } = await dial('', 'its-token');
    question.answer(IN);
    await client.next('your_id');
    client.send({ type: 'refresh_token', token: 'two' });
    client.send({ type: 'refresh_token', token: 'too early' });
    expect(await client.next('error')).toMatchObject({ code: 'request_pending', for: 'refresh_token' });
    const message = 'the reason of the app';
    asked[1]?.answer({ refusal: { code: 'token_expired', message } });
    expect(await client.next('error')).toEqual({
      ...{ type: 'error', code: 'token_expired', message, for: 'refresh_token' },
    });
    client.send({ type: 'refresh_token', token: 'three' });
    await client.settled();
    expect(asked.map(({ token }) => token)).toEqual(['its-token', 'two', 'three']);
  });
});

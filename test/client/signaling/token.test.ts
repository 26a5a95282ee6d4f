/** A peer of a server that asks who its clients are. */
import { describe, expect, it } from '@jest/globals';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';
import { errorOf, event, open, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../support/servers/token-issuer.ts';

const guarded = () => startTestServer({ jwtSecret: SECRET });

describe('a peer with a token', () => {
  it('is who the token says, and is connected with another one', async () => {
    const { server } = await guarded();
    const ann = await testPeer(server.url, { token: await signWithSecret({ sub: 'ann' }) });
    const bob = await testPeer(server.url, { token: () => signWithSecret({ sub: 'bob' }) });
    expect([ann.id, bob.id]).toEqual(['ann', 'bob']);
    await open(ann, bob);
  });

  it('gets another one for each socket', async () => {
    const { server } = await guarded();
    const tcp = await TcpProxy.start(server.url);
    let asked = 0;
    const token = () => {
      asked += 1;
      return signWithSecret({ sub: 'ann' });
    };
    const peer = await testPeer(tcp.url, { token, reconnect: { baseMs: 10, capMs: 20 } });
    const back = new Promise<void>((resolve) => {
      peer.on('signaling', (state) => state === 'online' && resolve());
    });
    tcp.cut();
    await back;
    expect([asked, peer.id]).toEqual([2, 'ann']);
  });

  it('does not begin when it is refused, and says why: no token, an expired one, one that is none', async () => {
    const { server, clock } = await guarded();
    const expired = await signWithSecret({ sub: 'ann', exp: Math.floor(clock.wallTime() / 1_000) - 3_600 });
    let nameless: { code?: string } | undefined;
    void errorOf(testPeer(server.url)).then((error) => {
      nameless = error;
    });
    // The server waits some seconds for its first message, from when its socket is there.
    while (!nameless) {
      clock.advance(1_000);
      await settled();
    }
    const refusals = [
      nameless,
      await errorOf(testPeer(server.url, { token: expired })),
      await errorOf(testPeer(server.url, { token: () => 'not.a.token' })),
    ];
    expect(refusals.map(({ code }) => code)).toEqual(['token_missing', 'token_expired', 'token_invalid']);
  });

  it('gives its id up to another one with the same `sub`, says so, and does not take it back', async () => {
    const { server } = await guarded();
    const token = () => signWithSecret({ sub: 'ann' });
    const older = await testPeer(server.url, { token, reconnect: { baseMs: 1, capMs: 1 } });
    const [failed, over] = [event(older, 'error'), event(older, 'signaling')];
    const newer = await testPeer(server.url, { token });
    expect(await failed).toMatchObject({ code: 'replaced' });
    expect([await over, older.signaling]).toEqual(['lost', 'lost']);
    expect([newer.id, newer.signaling, server.parts.sessions.size]).toEqual(['ann', 'online', 1]);
  });

  it('does not begin when its callback fails, and tells with what', async () => {
    const { server } = await guarded();
    const cause = new Error('the app server is down');
    const token = () => Promise.reject(cause);
    const logged: object[] = [];
    const logger = { debug() {}, warn: (fields: object) => logged.push(fields) };
    const error = await errorOf(testPeer(server.url, { token, logger }));
    expect(error).toMatchObject({ code: 'token_failed', cause });
    // Whoever starts it is told, and nobody else.
    expect(logged).toEqual([]);
    expect(await errorOf(testPeer(server.url, { token: () => '' }))).toMatchObject({ code: 'token_failed' });
  });

  it.each([
    [['key'], 'pair', (peer: Awaited<ReturnType<typeof testPeer>>) => peer.connect({ id: 'bob' })],
    [['pair'], 'key', (peer: Awaited<ReturnType<typeof testPeer>>) => peer.createKey()],
    [['pair'], 'join', (peer: Awaited<ReturnType<typeof testPeer>>) => peer.join('den')],
    [['join'], 'create', (peer: Awaited<ReturnType<typeof testPeer>>) => peer.join('den')],
  ] as const)('that allows only %p is told that `%s` is missing', async (may, missing, call) => {
    const { server } = await guarded();
    const peer = await testPeer(server.url, { token: await signWithSecret({ sub: 'ann', may }) });
    expect(await errorOf(call(peer))).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining(missing),
    });
  });

  it('may do more with a newer one', async () => {
    const { server } = await guarded();
    const peer = await testPeer(server.url, { token: await signWithSecret({ sub: 'ann', may: ['pair'] }) });
    peer.refreshToken(await signWithSecret({ sub: 'ann' }));
    // Until the server has looked at it, the old one counts.
    let made: object | undefined;
    while (!made) made = await peer.createKey().catch(() => undefined);
    expect(made).toMatchObject({ key: expect.any(String) });
  });

  it('that is not for its id is told so, and stays as it is', async () => {
    const { server } = await guarded();
    const peer = await testPeer(server.url, { token: await signWithSecret({ sub: 'ann' }) });
    const error = event(peer, 'error');
    peer.refreshToken(await signWithSecret({ sub: 'bob' }));
    expect(await error).toMatchObject({ code: 'token_invalid', for: 'refresh_token' });
    expect([peer.id, peer.signaling]).toEqual(['ann', 'online']);
  });

  it('that comes after its peer was closed opens nothing', async () => {
    let bring = (_token: string) => {};
    const late = new Promise<string>((resolve) => {
      bring = resolve;
    });
    const tokens = ['a.b.1', late];
    const { peer, server, clock } = await playedPeer({ token: () => tokens.shift() as string });
    server.cut();
    await settled();
    clock.advance(1_000);
    expect(tokens).toEqual([]);
    await peer.close();
    bring('a.b.2');
    await settled();
    expect(server.urls).toHaveLength(1);
  });

  it('whose callback fails while the link is lost is told, and asked again later', async () => {
    const tokens = ['a.b.1', undefined, 'a.b.3'];
    const token = () => Promise.resolve(tokens.shift() as string);
    const { peer, server, clock } = await playedPeer({ token });
    const error = event(peer, 'error');
    server.cut();
    await settled();
    clock.advance(1_000);
    expect(await error).toMatchObject({ code: 'token_failed' });
    expect(server.urls).toHaveLength(1);
    await settled();
    clock.advance(2_000);
    await settled();
    expect([tokens, server.urls.length]).toEqual([[], 2]);
  });

  it('is never in a URL', async () => {
    const { server } = await playedPeer({ token: 'a.b.c' });
    expect(server.urls.map(({ href }) => href.includes('a.b.c'))).toEqual([false]);
  });
});

describe('a token that is about to expire', () => {
  const expiring = { type: 'token_expiring', expires_at: 1_000 };

  it('is told, and a callback is asked for the next, which is brought', async () => {
    const tokens = ['a.b.1', 'a.b.2'];
    const { peer, server } = await playedPeer({ token: () => tokens.shift() as string });
    const told = event(peer, 'token_expiring');
    server.say(expiring);
    expect(await told).toEqual({ expiresAt: new Date(1_000) });
    await settled();
    expect(server.of('refresh_token')).toEqual([{ type: 'refresh_token', token: 'a.b.2' }]);
  });

  it('is only told where it is a text: its user brings the next', async () => {
    const { peer, server } = await playedPeer({ token: 'a.b.1' });
    peer.on('token_expiring', () => peer.refreshToken('a.b.2'));
    server.say(expiring);
    await settled();
    expect(server.of('refresh_token')).toEqual([{ type: 'refresh_token', token: 'a.b.2' }]);
  });

  it('whose callback fails is an error, and the session goes on', async () => {
    let asked = 0;
    const { peer, server } = await playedPeer({
      token: () => {
        asked += 1;
        if (asked > 1) throw new Error('no more');
        return 'a.b.1';
      },
    });
    const error = event(peer, 'error');
    server.say(expiring);
    expect(await error).toMatchObject({ code: 'token_failed' });
    expect(peer.signaling).toBe('online');
  });
});

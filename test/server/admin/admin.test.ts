/** The admin API of one server: what it shows, what it ends, whom it lets in, and what it says of a wrong request. */
import { request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { firstAfter } from '../../../src/server/admin/first-after.ts';
import { askAdmin } from '../../support/clients/admin-client.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../support/servers/token-issuer.ts';

const TOKEN = 'a token of this test, long enough';

describe('what it shows', () => {
  it('a session with its peers, rooms and keys, and its pairing and room', async () => {
    const { server, connectPair } = await startTestServer({ admin: true });
    const [a, b] = await connectPair();
    a.send({ type: 'create_key' });
    await a.next('key');
    a.send({
      type: 'join_room',
      room: 'den',
      create: { topology: 'none', password: 'x', metadata: { is: 1 } },
    });
    await a.next('room_joined');
    const { body: session } = await askAdmin(server, 'GET', `/sessions/${a.id}`);
    expect(session).toEqual({
      id: a.id,
      public_id: a.id,
      app: '',
      node: server.options.node,
      is_online: true,
      opened_at: server.parts.clock.wallTime(),
      peers: [{ id: b.id, epoch: expect.any(Number) }],
      rooms: ['den'],
      keys: 1,
    });
    const { body: pairing } = await askAdmin(server, 'GET', `/pairings/${session.peers[0].epoch}`);
    expect(pairing).toMatchObject({ initiator_id: a.id, responder_id: b.id, state: 'paired', app: '' });
    const { body: room } = await askAdmin(server, 'GET', '/rooms/den');
    expect(room).toMatchObject({
      name: 'den',
      topology: 'none',
      members: 1,
      has_password: true,
      is_locked: false,
      leader: a.id,
      ids: [a.id],
      metadata: { is: 1 },
    });
    expect(JSON.stringify(room)).not.toContain('hash');
    const { body: apps } = await askAdmin(server, 'GET', '/apps');
    expect(apps.items).toEqual([
      { app: '', sessions: 2, online: 2, pairings: 1, connected: 0, rooms: 1, members: 1, keys: 1 },
    ]);
  });

  it('lists a page after another, each session once and in order', async () => {
    const { server, connect } = await startTestServer({ admin: true });
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push((await connect()).id);
    const seen: string[] = [];
    let after = '';
    for (let pages = 0; pages < 4; pages += 1) {
      const { body } = await askAdmin(server, 'GET', `/sessions?limit=2${after}`);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      if (body.next === undefined) break;
      after = `&after=${encodeURIComponent(body.next)}`;
    }
    expect(seen).toEqual([...ids].sort());
  });

  it('one app only, by the name that its ids have in front', async () => {
    const { server } = await startTestServer({ admin: true, jwtSecret: SECRET });
    await RawClient.connect(server.url, { token: await signWithSecret({ sub: 'ada', app: 'chess' }) });
    await RawClient.connect(server.url, { token: await signWithSecret({ sub: 'ada', app: 'go' }) });
    const { body } = await askAdmin(server, 'GET', '/sessions?app=go');
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['go/ada']);
    expect((await askAdmin(server, 'GET', '/sessions/chess%2Fada')).body).toMatchObject({ public_id: 'ada' });
    const { body: apps } = await askAdmin(server, 'GET', '/apps');
    expect(apps.items.map(({ app, sessions }: { app: string; sessions: number }) => [app, sessions])).toEqual(
      [
        ['chess', 1],
        ['go', 1],
      ],
    );
  });
});

describe('what it does', () => {
  it('ends a session, whose client is told why, and a pairing, whose two stay', async () => {
    const { server, connectPair, log } = await startTestServer({ admin: true });
    const [a, b] = await connectPair();
    const epoch = [...server.parts.pairings][0]?.epoch;
    expect(await askAdmin(server, 'DELETE', `/pairings/${epoch}`)).toEqual({
      status: 200,
      body: { ended: true },
    });
    for (const client of [a, b])
      expect(await client.next('peer_disconnected')).toMatchObject({ reason: 'closed' });
    expect((await askAdmin(server, 'GET', `/pairings/${epoch}`)).body.error.code).toBe('unknown_pairing');
    expect(await askAdmin(server, 'DELETE', `/sessions/${a.id}?reason=off%20with%20you`)).toMatchObject({
      status: 200,
    });
    expect(await a.whenClosed()).toMatchObject({ code: 1008, reason: 'off with you' });
    expect(server.sessions().map(({ id }) => id)).toEqual([b.id]);
    const changes = log.filter(({ event }) => event === 'admin_changed');
    expect(changes.map(({ operation }) => operation)).toEqual(['end_pairing', 'end_session']);
  });

  it('ends a room, whose members are told', async () => {
    const { server, connect } = await startTestServer({ admin: true });
    const a = await connect();
    a.send({ type: 'join_room', room: 'a/b ?', create: {} });
    await a.next('room_joined');
    await askAdmin(server, 'DELETE', `/rooms/${encodeURIComponent('a/b ?')}`);
    expect(await a.next('peer_left')).toMatchObject({ room: 'a/b ?', id: a.id, reason: 'closed' });
    expect((await askAdmin(server, 'DELETE', '/rooms/den')).body.error.code).toBe('unknown_room');
  });

  it('makes a key that pairs, until the session has 16', async () => {
    const { server, connect } = await startTestServer({ admin: true });
    const [a, b] = [await connect(), await connect()];
    const made = await askAdmin(server, 'POST', `/sessions/${a.id}/keys`, { body: { ttl_s: 60, uses: 1 } });
    expect(made.status).toBe(201);
    expect(made.body.expires_at).toBe(server.parts.clock.wallTime() + 60_000);
    b.send({ type: 'pair_request', key: made.body.key });
    expect(await b.next('paired')).toMatchObject({ peer_id: a.id });
    for (let n = 0; n < 16; n += 1)
      await askAdmin(server, 'POST', `/sessions/${a.id}/keys`, { body: { ttl_s: 0 } });
    const refused = await askAdmin(server, 'POST', `/sessions/${a.id}/keys`);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'too_many_keys']);
    expect((await askAdmin(server, 'POST', '/sessions/nobody/keys')).body.error.code).toBe('unknown_session');
  });
});

describe('whom it lets in', () => {
  it('nobody without --admin or --admin-token', async () => {
    const { server } = await startTestServer();
    const response = await fetch(`${server.url.replace('ws', 'http')}admin/apps`);
    expect(response.status).toBe(404);
  });

  it('without a token no page of another origin or site, no other name, and no proxy that speaks for others', async () => {
    const { server } = await startTestServer({ admin: true, publicHost: ['*'] });
    const statusWith = async (headers: Record<string, string>) => {
      // Not fetch: it sets these headers itself.
      const asked = request({ port: server.port, path: '/admin/apps', headers });
      return new Promise<number | undefined>((resolve) => {
        asked.on('response', (response) => resolve(response.resume().statusCode)).end();
      });
    };
    const host = `127.0.0.1:${server.port}`;
    expect(await statusWith({ host })).toBe(200);
    expect(await statusWith({ host, origin: `http://${host}` })).toBe(200);
    expect(await statusWith({ host, origin: 'https://elsewhere.example' })).toBe(403);
    expect(await statusWith({ host, 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await statusWith({ host: 'elsewhere.example' })).toBe(403);
    expect(await statusWith({ host, 'x-forwarded-for': '192.0.2.1' })).toBe(403);
  });

  it('with a token whoever brings it, from this machine, too; a wrong one is counted', async () => {
    const { server } = await startTestServer({ adminToken: TOKEN });
    const ask = (authorization?: string) =>
      askAdmin(server, 'GET', '/apps', authorization === undefined ? {} : { headers: { authorization } });
    expect((await ask(`Bearer ${TOKEN}`)).status).toBe(200);
    expect((await ask()).body.error.code).toBe('unauthorized');
    expect((await ask(`Bearer ${TOKEN}.`)).status).toBe(401);
    expect((await ask(`Basic ${TOKEN}`)).status).toBe(401);
    expect(server.parts.metrics.refused.get('admin_token')).toBe(3);
  });

  it('a token that changed by a reload counts at once, and once there is none nobody comes in', async () => {
    const { server } = await startTestServer({ adminToken: TOKEN });
    const status = async (token: string) =>
      (await askAdmin(server, 'GET', '/apps', { headers: { authorization: `Bearer ${token}` } })).status;
    const { port, node, maxUpgradesPerSecond } = server.options;
    await server.reload({ port, node, maxUpgradesPerSecond, adminToken: `${TOKEN} 2` });
    expect([await status(TOKEN), await status(`${TOKEN} 2`)]).toEqual([401, 200]);
    await server.reload({ port, node, maxUpgradesPerSecond });
    expect(await status(`${TOKEN} 2`)).toBe(403);
  });

  it('a token of fewer than 20 characters is refused at the start', async () => {
    await expect(startTestServer({ adminToken: 'x'.repeat(19) })).rejects.toThrow(
      '--admin-token: should have at least 20',
    );
  });
});

describe('a wrong request', () => {
  const wrong: [
    method: string,
    path: string,
    status: number,
    code: string,
    message: RegExp,
    body?: unknown,
  ][] = [
    ['GET', '/nothing', 404, 'not_found', /openapi/],
    ['POST', '/sessions', 405, 'method_not_allowed', /does not have this method/],
    ['GET', '/sessions?limit=0', 400, 'invalid_request', /`limit` should be a whole number from 1 to 500/],
    ['GET', '/sessions?limit=many', 400, 'invalid_request', /`limit` should be a whole number/],
    ['GET', '/sessions?limt=5', 400, 'invalid_request', /did you mean `limit`/],
    ['GET', '/pairings?after=x', 400, 'invalid_request', /`next` of a page/],
    ['GET', '/pairings/x', 400, 'invalid_request', /`epoch` should be a whole number/],
    ['GET', '/sessions/%E0%A4%A', 400, 'invalid_request', /percent-encoded/],
    ['GET', '/rooms/', 400, 'invalid_request', /`name` should be/],
    ['DELETE', `/sessions/x?reason=${'%C3%A4'.repeat(62)}`, 400, 'invalid_request', /123 bytes/],
    ['POST', '/sessions/x/keys', 400, 'invalid_request', /JSON object/, '{'],
    ['POST', '/sessions/x/keys', 400, 'invalid_request', /JSON object/, '[]'],
    ['POST', '/sessions/x/keys', 400, 'invalid_request', /did you mean `uses`/, { use: 1 }],
    ['POST', '/sessions/x/keys', 400, 'invalid_request', /`uses` should be a whole number/, { uses: -1 }],
    ['DELETE', '/sessions/x', 400, 'invalid_request', /no body/, {}],
    ['POST', '/sessions/x/keys', 413, 'too_large', /16 KiB/, 'x'.repeat(16 * 1024 + 1)],
  ];
  it('is answered by a status and an error in JSON that does not echo it', async () => {
    const { server } = await startTestServer({ admin: true });
    for (const [method, path, status, code, message, body] of wrong) {
      const reply = await askAdmin(server, method, path, { body });
      expect([path, reply.status, reply.body.error.code]).toEqual([path, status, code]);
      expect(reply.body.error.message).toMatch(message);
    }
  });
});

describe('where it is', () => {
  it('below --base-path, as all else is; HEAD has the headers of GET', async () => {
    const { server } = await startTestServer({ admin: true, basePath: '/signal' });
    expect((await askAdmin(server, 'GET', '/apps')).body.items).toEqual([]);
    const head = await fetch(`http://127.0.0.1:${server.port}/signal/admin/apps`, { method: 'HEAD' });
    expect([head.status, head.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect((await fetch(`http://127.0.0.1:${server.port}/admin/apps`)).status).toBe(404);
  });
});

describe('a page', () => {
  it('has the first keys after the one given, whatever order they come in', () => {
    const items = [5, 3, 9, 1, 7, 4];
    const same = (n: number) => n;
    expect(firstAfter(items, same, { limit: 3 })).toEqual([1, 3, 4]);
    expect(firstAfter(items, same, { after: 4, limit: 10 })).toEqual([5, 7, 9]);
    expect(firstAfter(items, same, { after: 1, limit: 2, fits: (n) => n % 2 === 1 })).toEqual([3, 5]);
  });
});

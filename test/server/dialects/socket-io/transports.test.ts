/** What Socket.IO brings along, on the server's own port: polling, the upgrade, its client's files; and our limits. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { RoomClient } from '../../../support/clients/room-client.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const start = (options = {}) => startTestServer({ rooms: true, ...options });
const urlOf = ({ server }: TestServer) => `http://127.0.0.1:${server.port}`;

const transportOf = ({ socket }: RoomClient) => socket.io.engine.transport.name;

/** One HTTP request, as raw as it may be. */
async function http(url: string, options: object = {}, body?: string | Buffer) {
  const sent = request(url, { agent: false, ...options });
  sent.end(body);
  const [response] = await once(sent, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

describe('the transports', () => {
  it('relay for a client on polling alone', async () => {
    const server = await start();
    const one = await RoomClient.connect(urlOf(server), { transports: ['polling'] });
    const two = await RoomClient.connect(urlOf(server));
    await one.join('g', 1);
    await two.join('g', 2);
    two.signal('g', 1, 'offer', { sdp: 'ä'.repeat(20_000) });
    await one.next('player_joined');
    expect(await one.next('webrtc_signal')).toMatchObject({ payload: { sdp: 'ä'.repeat(20_000) } });
    one.signal('g', 2, 'answer', 'sdp');
    expect(await two.next('webrtc_signal')).toMatchObject({ type: 'answer' });
    expect(transportOf(one)).toBe('polling');
  });

  it('are changed from polling to WebSocket under way, and nothing is lost or comes twice', async () => {
    const server = await start();
    const two = await RoomClient.connect(urlOf(server));
    await two.join('g', 2);
    const one = await RoomClient.connect(urlOf(server), { transports: ['polling', 'websocket'] });
    await one.join('g', 1);
    const upgraded =
      transportOf(one) === 'websocket' ? Promise.resolve() : once(one.socket.io.engine as never, 'upgrade');
    for (let i = 0; i < 20; i += 1) {
      two.signal('g', 1, 'ice-candidate', i);
      await new Promise(setImmediate);
    }
    await upgraded;
    for (let i = 20; i < 40; i += 1) two.signal('g', 1, 'ice-candidate', i);
    await two.settled();
    await one.settled();
    expect(one.inbox.map(({ payload }) => payload)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(transportOf(one)).toBe('websocket');
  });

  it.each([
    ['as the server was told', 1_000, 5_000, { pingInterval: 1_000, pingTimeout: 5_000 }],
    ['never, which is a day, with 0', 0, 0, { pingInterval: 86_400_000, pingTimeout: 86_400_000 }],
  ])(
    'say when a client is pinged, and how long it has to answer: %s',
    async (...[, every, timeout, said]) => {
      const server = await start({ pingIntervalMs: every, pingTimeoutMs: timeout });
      const handshake = await http(`${urlOf(server)}/socket.io/?EIO=4&transport=polling`);
      expect(JSON.parse(handshake.body.slice(1))).toMatchObject(said);
    },
  );

  it.each([
    ['for polling', 'EIO=4&transport=polling'],
    ['for polling in the end', 'EIO=4&transport=websocket&transport=polling'],
    ['of a polling session', 'EIO=4&transport=polling&sid='],
    ['for nothing', 'EIO=4'],
  ])('refuse an upgrade %s: one such request ended the process', async (_what, query) => {
    const server = await start();
    const handshake = await http(`${urlOf(server)}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse(handshake.body.slice(1));
    const { connections } = server.server.parts.admission;
    const path = `/socket.io/?${query.replace('sid=', `sid=${sid}`)}`;
    const { status } = await http(urlOf(server) + path, {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    });
    expect(status).toBe(400);
    expect(server.server.parts.admission.connections).toBe(connections);
    await (await RoomClient.connect(urlOf(server))).join('g', 1);
  });

  it('answer one polling request on a connection, and close it', async () => {
    const server = await start();
    const agent = new Agent({ keepAlive: true });
    const answer = await http(`${urlOf(server)}/socket.io/?EIO=4&transport=polling`, { agent });
    agent.destroy();
    expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
  });

  it('leave the native protocol and the other paths of the port as they are', async () => {
    const server = await start();
    const [a, b] = await server.connectPair();
    a.send({ type: 'offer', sdp: 'sdp' });
    expect(await b.next('offer')).toMatchObject({ from_peer: true });
    expect(await http(`${urlOf(server)}/healthz`)).toMatchObject({ status: 200, body: 'ok\n' });
    expect((await http(`${urlOf(server)}/socket.io/socket.io.esm.min.js`)).status).toBe(200);
    expect((await http(`${urlOf(server)}/socket.io/../../package.json`)).status).toBe(404);
  });

  it('are not there without --rooms', async () => {
    const server = await startTestServer();
    expect((await http(`${urlOf(server)}/socket.io/?EIO=4&transport=polling`)).status).toBe(404);
    expect(server.server.parts.features.started.rooms).toBeUndefined();
  });

  it('let pages of other origins poll when --allow-origin names them, and no others', async () => {
    const origin = 'https://game.example';
    const ask = async (server: TestServer) =>
      (await http(`${urlOf(server)}/socket.io/?EIO=4&transport=polling`, { headers: { origin } })).headers[
        'access-control-allow-origin'
      ];
    expect(await ask(await start())).toBeUndefined();
    expect(await ask(await start({ allowOrigin: ['https://other.example'] }))).toBeUndefined();
    expect(await ask(await start({ allowOrigin: ['https://other.example', origin] }))).toBe(origin);
    expect(await ask(await start({ allowOrigin: ['*'] }))).toBe('*');
  });
});

describe('the limits', () => {
  it('refuse a message over --max-message-bytes, and the connection stays', async () => {
    const server = await start({ maxMessageBytes: 2_000 });
    const [one, two] = [await RoomClient.connect(urlOf(server)), await RoomClient.connect(urlOf(server))];
    await one.join('g', 1);
    await two.join('g', 2);
    one.signal('g', 2, 'offer', { sdp: 'ä'.repeat(1_000) });
    await one.next('player_joined');
    expect(await one.next('signal_error')).toMatchObject({ code: 'message_too_large' });
    one.signal('g', 2, 'offer', { sdp: 'a'.repeat(1_000) });
    expect(await two.next('webrtc_signal')).toMatchObject({ payload: { sdp: 'a'.repeat(1_000) } });
  });

  it('refuse a flood once, then pass it over, and end one that goes on', async () => {
    const server = await start({ maxMessagesPerSecond: 1, maxMessageBurst: 3 });
    const one = await RoomClient.connect(urlOf(server));
    const { metrics } = server.server.parts;
    for (let i = 0; i < 6; i += 1) one.socket.emit('leave_game');
    // What is passed over has no answer; an event without anything counts as 4 bytes.
    await until(() => metrics.bytesReceived === 6 * 4, 'all six events');
    await one.until(() => one.inbox.length === 4, 'four answers');
    expect(one.inbox.map(({ code }) => code)).toEqual([...Array(3).fill('not_in_game'), 'too_many_messages']);
    server.clock.advance(1_000);
    expect(await one.join('g', 1)).toEqual({ players: [1] });
    for (let i = 0; i < 4; i += 1) one.socket.emit('leave_game');
    await one.until(() => !one.socket.connected, 'the end of the connection');
    expect(server.server.parts.features.started.rooms?.games.all.size).toBe(0);
  });

  it('of connections count both protocols together', async () => {
    const server = await start({ maxConnections: 2 });
    const one = await RoomClient.connect(urlOf(server));
    await server.connect();
    await expect(RoomClient.connect(urlOf(server))).rejects.toThrow();
    await expect(RoomClient.connect(urlOf(server), { transports: ['polling'] })).rejects.toThrow();
    const closed = once(one.socket.io.engine as never, 'close');
    one.socket.disconnect();
    await closed;
    const again = await RoomClient.connect(urlOf(server)).catch(() => RoomClient.connect(urlOf(server)));
    expect(again.socket.connected).toBe(true);
  });

  it('of connections per address hold for Socket.IO, too', async () => {
    const server = await start({ maxConnectionsPerAddress: 1 });
    await RoomClient.connect(urlOf(server));
    await expect(RoomClient.connect(urlOf(server))).rejects.toThrow();
  });

  it('of a client that never fetches its messages are its senders’ matter: they are told `peer_slow`, and it stays', async () => {
    const server = await start({ maxUnsentBytes: 64 * 1024 });
    const one = await RoomClient.connect(urlOf(server));
    await one.join('g', 1);
    const poll = `${urlOf(server)}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await http(poll)).body.slice(1));
    await http(`${poll}&sid=${sid}`, { method: 'POST' }, '40');
    await http(`${poll}&sid=${sid}`, { method: 'POST' }, '42["join_game",{"game_id":"g","player_id":2}]');
    await one.next('player_joined');
    for (let i = 0; i < 5; i += 1) one.signal('g', 2, 'ice-candidate', 'x'.repeat(16_000));
    expect(await one.next('signal_error')).toMatchObject({ code: 'peer_slow' });
    const waiting = (await http(`${poll}&sid=${sid}`)).body;
    expect(waiting).toContain('x'.repeat(16_000));
    expect(waiting.length).toBeLessThan(80_000);
  });
});

describe('bad input', () => {
  it.each<[string, (payload: unknown) => unknown]>([
    ['binary data', () => Buffer.from('sdp')],
    ['binary data deep inside', () => ({ a: [new Uint8Array(3)], b: { _placeholder: true, num: 0 } })],
    ['a thousand levels', () => JSON.parse('['.repeat(1_000) + ']'.repeat(1_000))],
  ])('of %s as payload is refused, and reaches nobody', async (_what, make) => {
    const server = await start();
    const [one, two] = [await RoomClient.connect(urlOf(server)), await RoomClient.connect(urlOf(server))];
    await one.join('g', 1);
    await two.join('g', 2);
    await one.next('player_joined');
    one.signal('g', 2, 'offer', make(undefined));
    expect(await one.next('signal_error')).toMatchObject({ code: 'invalid_message' });
    await two.settled();
    expect(two.inbox).toEqual([]);
  });

  it.each([
    ['an unknown type', { type: 'hangup' }, '`type` should be one of offer, answer, ice-candidate'],
    ['no payload', { payload: undefined }, '`payload` is missing'],
    ['no target', { target_player_id: undefined }, '`target_player_id` should be'],
  ])('of %s in a signal is refused with what it should have been', async (_what, wrong, message) => {
    const server = await start();
    const one = await RoomClient.connect(urlOf(server));
    await one.join('g', 1);
    const signal = { game_id: 'g', target_player_id: 2, type: 'offer', payload: 'sdp', ...wrong };
    one.socket.emit('webrtc_signal', signal);
    expect(await one.next('signal_error')).toMatchObject({
      code: 'invalid_message',
      message: expect.stringContaining(message),
    });
  });

  it('of unknown events, and events of the prototype, is refused', async () => {
    const server = await start();
    const one = await RoomClient.connect(urlOf(server));
    for (const name of ['constructor', '__proto__', 'xstate.stop', 'SOCKET_CLOSED']) {
      expect(await one.ask(name, {})).toMatchObject({ code: 'unknown_type' });
    }
  });

  it('below Socket.IO, in its own packets and requests, ends nobody else', async () => {
    const server = await start();
    const witness = await RoomClient.connect(urlOf(server));
    const base = `${urlOf(server)}/socket.io/`;
    const poll = `${base}?EIO=4&transport=polling`;
    for (const query of [
      ...[
        '',
        '?EIO=4',
        '?EIO=4&transport=__proto__',
        '?EIO=3&transport=polling',
        '?EIO=4&transport=websocket',
      ],
      ...['__proto__', 'constructor', 'toString', 'x'.repeat(2_000)].map(
        (sid) => `?EIO=4&transport=polling&sid=${sid}`,
      ),
    ]) {
      for (const method of ['GET', 'POST', 'PUT', 'OPTIONS']) {
        const { status } = await http(base + query, { method }, method === 'GET' ? undefined : 'x');
        expect([query, method, status]).toEqual([query, method, expect.any(Number)]);
      }
    }
    const packets = [
      '',
      '9',
      '4',
      '49',
      '451-',
      '42',
      '42["a"',
      '42{}',
      '420',
      '42[]',
      '42["disconnect"]',
      '43[]',
      '40/x,',
      '2probe',
      '5',
      '6',
    ];
    for (const packet of packets) {
      const { sid } = JSON.parse((await http(poll)).body.slice(1));
      await http(`${poll}&sid=${sid}`, { method: 'POST' }, '40');
      await http(`${poll}&sid=${sid}`, { method: 'POST' }, packet).catch(() => {});
      const socket = new WebSocket(`${base.replace('http', 'ws')}?EIO=4&transport=websocket`);
      await once(socket, 'open');
      socket.send('40');
      socket.send(packet);
      socket.send(Buffer.from(packet));
      socket.send(`42["join_game",${'['.repeat(20_000)}${']'.repeat(20_000)}]`);
      socket.terminate();
    }
    expect(await witness.join('g', 1)).toEqual({ players: [1] });
  });
});

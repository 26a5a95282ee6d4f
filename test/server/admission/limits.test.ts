import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { closeCodes } from '../../../src/protocol/index.ts';
import { addressKey, addressText } from '../../../src/server/admission/client-address.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { refusalOf } from '../../support/clients/refusal-of.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

/** Waits until the client has read what it was sent. */
async function flushed({ parts }: TestServer['server'], id: string): Promise<void> {
  while (!parts.sessions.get(id)?.client.hasRoomFor(64 * 1024))
    await new Promise((resolve) => setImmediate(resolve));
}

describe('limits', () => {
  it('lets 2 clients of one address connect with --max-connections-per-address 2, and refuses the third with 429', async () => {
    const { server, connect } = await startTestServer({ maxConnectionsPerAddress: 2 });
    const [first] = [await connect(), await connect()];
    expect(await refusalOf(server.url)).toBe(429);
    await first.close();
    await connect();
    expect(server.parts.metrics.refused.get('connections_per_address')).toBe(1);
  });

  it('lets 1 client connect with --max-connections 1, and refuses the second with 503', async () => {
    const { server, connect } = await startTestServer({ maxConnections: 1 });
    await connect();
    expect(await refusalOf(server.url)).toBe(503);
    expect(server.parts.metrics.refused.get('connections')).toBe(1);
  });

  it('has no limits where they are 0', async () => {
    const { connect, connectPair } = await startTestServer({
      maxConnectionsPerAddress: 0,
      maxConnections: 0,
      maxMessagesPerSecond: 0,
      maxMessagesPerAddress: 0,
      maxBytesPerSecond: 0,
      maxUpgradesPerSecond: 0,
      maxMessageBytes: 0,
      maxUnsentBytes: 0,
      maxKeyGuessesPerMinute: 0,
    });
    const [a, b] = await connectPair();
    for (let sent = 0; sent < 500; sent += 1) a.send({ type: 'pong' });
    a.send({ type: 'offer', sdp: 'x'.repeat(2_000_000) });
    expect(String((await b.next('offer')).sdp)).toHaveLength(2_000_000);
    const guesser = await connect();
    for (let guess = 0; guess < 50; guess += 1) guesser.send({ type: 'pair_request', key: '000000000000' });
    await guesser.settled();
    expect(guesser.inbox.every((message) => message.code === 'key_not_found')).toBe(true);
  });

  it('refuses what a peer sends to a client that leaves 64 KiB unread with --max-unsent-bytes 65536, and keeps the client', async () => {
    const { server, connect, log } = await startTestServer({
      maxUnsentBytes: 65_536,
      maxMessagesPerSecond: 0,
      maxBytesPerSecond: 0,
    });
    const reader = await connect();
    const address = new URL(server.url);
    // A client that completes the handshake and then reads nothing more.
    const deaf = connectTcp(Number(address.port), address.hostname);
    // Cut off while it still writes, it is told of a reset.
    deaf.on('error', () => {});
    deaf.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    const [greeting] = await once(deaf, 'data');
    deaf.pause();
    const id = /"id":"([^"]+)"/.exec(String(greeting))?.[1] ?? String((await once(deaf, 'data'))[0]);
    reader.send({ type: 'pair_request', target_id: id });
    await reader.next('paired');
    const flood = async () => {
      while (reader.inbox.length === 0) {
        reader.send({ type: 'offer', sdp: 'x'.repeat(60_000) });
        await reader.settled();
      }
    };
    await flood();
    expect(await reader.next('error')).toMatchObject({ code: 'peer_slow', for: 'offer' });
    expect(log.map((line) => line.msg)).not.toContain(`Client ${id} does not read what it is sent`);
    expect(server.parts.sessions.get(id)?.seats[0]?.peer?.id).toBe(reader.id);
    deaf.resume();
    await once(deaf, 'data');
    await flushed(server, id);
    reader.send({ type: 'candidate', candidate: null });
    await reader.settled();
    expect(reader.inbox).toEqual([]);
  });

  it('counts sessions that wait for their clients, who come back to their own places', async () => {
    const { server, connectResumable } = await startTestServer({ maxConnectionsPerAddress: 2 });
    const [a, b] = [await connectResumable(), await connectResumable()];
    const session = server.parts.sessions.get(a.id);
    a.socket.terminate();
    await until(() => !session?.client.isOnline);
    expect(await refusalOf(server.url)).toBe(429);
    const impostor = await b.comeBackSilently(server.url);
    await impostor.opened();
    impostor.send('{"type":"resume","id":"nobody","token":"","received":0}');
    expect((await impostor.whenClosed()).code).toBe(1013);
    const back = await a.comeBack(server.url);
    expect(back.id).toBe(a.id);
    expect(await refusalOf(server.url)).toBe(429);
    await back.close();
    await RawClient.connect(server.url);
  });

  it.each(['uws', 'ws'] as const)(
    'counts the session of a client that was silent, and waits for it, on %s',
    async (shell) => {
      const { server, clock, connectResumable } = await startTestServer({
        maxConnectionsPerAddress: 1,
        shell,
      });
      const a = await connectResumable();
      clock.advance(31_000);
      await a.next('ping');
      clock.advance(31_000);
      expect((await a.whenClosed()).code).toBe(closeCodes.timedOut);
      await until(() => server.parts.admission.connections === 0, 'the socket to be gone');
      expect(server.parts.sessions.size).toBe(1);
      expect(await refusalOf(server.url)).toBe(429);
      const back = await a.comeBack(server.url);
      expect(back.id).toBe(a.id);
      await back.close();
      await RawClient.connect(server.url);
    },
  );

  it('lets 1 MiB wait in all with --max-waiting-bytes 1048576: the pairing with most of it ends, and no session', async () => {
    const { server, connect, connectResumable } = await startTestServer({ maxWaitingBytes: 1024 * 1024 });
    const waiting = async (megabytes: number) => {
      const [away, peer] = [await connectResumable(), await connect()];
      await pairUp(peer, away);
      const session = server.parts.sessions.get(away.id);
      away.socket.terminate();
      await until(() => !session?.client.isOnline);
      await peer.next('peer_away');
      for (let sent = 0; sent < megabytes * 20; sent += 1)
        peer.send({ type: 'offer', sdp: 'x'.repeat(50_000) });
      await peer.settled();
      return { away, peer };
    };
    const [less, most] = [await waiting(0.3), await waiting(0.5)];
    expect([less.peer.inbox, most.peer.inbox]).toEqual([[], []]);
    await waiting(0.4);
    const ended = { type: 'peer_disconnected', peer_id: most.away.id, reason: 'overfull' };
    expect([less.peer.inbox, most.peer.inbox]).toEqual([[], [ended]]);
    expect(server.parts.signaling.waiting.total).toBeLessThan(1024 * 1024);
    const back = await most.away.comeBack(server.url);
    expect(back.id).toBe(most.away.id);
    // In the places of what was dropped came acks, which say nothing new.
    await back.until(() => back.inbox.some(({ type }) => type === 'peer_disconnected'), 'the end');
    expect(back.inbox.some(({ type }) => type === 'offer')).toBe(false);
    back.inbox.length = 0;
    most.peer.inbox.length = 0;
    await pairUp(back, most.peer);
    const other = await less.away.comeBack(server.url);
    for (let n = 0; n < 6; n += 1) await other.next('offer');
  });

  it('closes a client that leaves unread what the server answers it, with --max-unsent-bytes 65536', async () => {
    const { server, log } = await startTestServer({
      maxUnsentBytes: 65_536,
      maxMessagesPerSecond: 0,
    });
    const address = new URL(server.url);
    const deaf = connectTcp(Number(address.port), address.hostname);
    // Cut off while it still writes, it is told of a reset.
    deaf.on('error', () => {});
    deaf.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await once(deaf, 'data');
    deaf.pause();
    // Masked with zeros: no JSON, which is answered each time.
    const nothing = Buffer.from([0x81, 0x80, 0, 0, 0, 0]);
    const many = Buffer.concat(Array.from({ length: 2_000 }, () => nothing));
    const isRefused = () => server.parts.metrics.refused.get('unsent_bytes') === 1;
    while (!isRefused()) await new Promise<void>((resolve) => deaf.write(many, () => setImmediate(resolve)));
    expect(log.some(({ msg }) => msg.endsWith('does not read what it is sent'))).toBe(true);
    deaf.destroy();
  });

  it('closes nobody for what is left unread with --max-unsent-bytes 0', async () => {
    const { connect } = await startTestServer({
      maxUnsentBytes: 0,
      maxMessagesPerSecond: 0,
      maxBytesPerSecond: 0,
    });
    const [writer, reader] = [await connect(), await connect()];
    await pairUp(writer, reader);
    reader.socket.pause();
    // 18 MB, more than the system keeps for a socket.
    const count = 300;
    for (let n = 0; n < count; n += 1) {
      writer.send({ type: 'offer', sdp: `${n} ${'x'.repeat(60_000)}` });
      await writer.settled();
    }
    expect(writer.inbox).toEqual([]);
    reader.socket.resume();
    for (let n = 0; n < count; n += 1) {
      expect(String((await reader.next('offer')).sdp).split(' ')[0]).toBe(`${n}`);
    }
    expect(reader.closed).toBeUndefined();
  });

  it('refuses 1 upgrade in 11 at once of one address with --max-upgrades-per-second 1, and lets 1 in a second later', async () => {
    const { server, connect, clock } = await startTestServer({ maxUpgradesPerSecond: 1 });
    for (let connected = 0; connected < 10; connected += 1) await connect();
    expect(await refusalOf(server.url)).toBe(429);
    clock.advance(1_000);
    await connect();
    expect(server.parts.metrics.refused.get('upgrades')).toBe(1);
  });

  it('refuses what 2 clients of one address send over 40 messages at once with --max-messages-per-address 10, and nothing of another address', async () => {
    const test = await startTestServer({ trustProxy: ['127.0.0.1'], maxMessagesPerAddress: 10 });
    const from = async (address: string) => {
      const clients = [];
      for (let n = 0; n < 2; n += 1) clients.push(await RawClient.connect(test.server.url, { address }));
      return clients as [RawClient, RawClient];
    };
    const [one, other] = [await from('203.0.113.1'), await from('203.0.113.2')];
    const pass = async ([a, b]: [RawClient, RawClient], count: number) => {
      for (const client of [a, b]) {
        for (let n = 0; n < count; n += 1) client.send({ type: 'list_rooms' });
        // Counts, too.
        client.socket.ping();
        await once(client.socket, 'pong');
      }
      return [a, b].map(({ inbox }) => inbox.splice(0).map(({ type }) => type));
    };
    const answers = (count: number, ...more: string[]) => [...Array<string>(count).fill('rooms'), ...more];
    expect(await pass(one, 30)).toEqual([answers(30), answers(9, 'error')]);
    expect(await pass(other, 10)).toEqual([answers(10), answers(10)]);
    test.clock.advance(2_000);
    expect(await pass(one, 5)).toEqual([answers(5), answers(5)]);
  });

  it('refuses what a client sends over 4,096 bytes a second after as many at once, and relays it a second later', async () => {
    const { server, connectPair, clock } = await startTestServer({ maxBytesPerSecond: 4_096 });
    const [a, b] = await connectPair();
    a.send({ type: 'offer', sdp: 'x'.repeat(3_900) });
    await b.next('offer');
    a.send({ type: 'offer', sdp: 'y'.repeat(900) });
    expect(await a.next('error')).toMatchObject({
      message: 'Too many bytes per second',
      code: 'too_many_bytes',
    });
    clock.advance(1_000);
    a.send({ type: 'offer', sdp: 'z'.repeat(900) });
    expect(String((await b.next('offer')).sdp)[0]).toBe('z');
    expect(server.parts.metrics.refused.get('too_many_bytes')).toBe(1);
  });

  it('closes a client that says it comes back and names no session for 100 ms with --first-message-timeout-ms 100', async () => {
    const { server, clock, connectResumable } = await startTestServer({ firstMessageTimeoutMs: 100 });
    const silent = (await connectResumable()).comeBackSilently(server.url);
    await silent.opened();
    clock.advance(150);
    expect(await silent.whenClosed()).toEqual({
      code: 4408,
      reason: 'You did not say which session is yours',
    });
    expect(server.parts.metrics.refused.get('first_message')).toBe(1);
  });

  it('lets such a client be silent for an hour with --first-message-timeout-ms 0', async () => {
    const { server, clock, connectResumable } = await startTestServer({
      firstMessageTimeoutMs: 0,
      resumeGraceMs: 7_200_000,
      pingIntervalMs: 0,
    });
    const client = await connectResumable();
    const silent = client.comeBackSilently(server.url);
    await silent.opened();
    clock.advance(3_600_000);
    await client.settled();
    expect(silent.closed).toBeUndefined();
  });

  it('closes a client that repeats a numbered frame more than 200 times at once and as often again', async () => {
    const { server, connectResumable } = await startTestServer();
    const client = await connectResumable();
    client.send({ type: 'pong' });
    for (let sent = 0; sent < 500; sent += 1) client.send('[1,0,{"type":"pong"}]');
    expect(await client.whenClosed()).toEqual({ code: 1008, reason: 'Too many messages' });
    expect(server.parts.metrics.refused.get('too_many_messages')).toBe(1);
    expect(server.parts.metrics.refused.get('flood')).toBe(1);
  });

  it('reads no more than 64 KiB from a client that comes back', async () => {
    const { server, connectResumable } = await startTestServer();
    const client = await connectResumable();
    const back = client.comeBackSilently(server.url);
    await back.opened();
    const message = { type: 'resume', id: client.id, token: client.token, received: 0 };
    back.send(JSON.stringify({ ...message, more: 'x'.repeat(65_536) }));
    expect((await back.next('your_id')).id).not.toBe(client.id);
    expect(await back.next('error')).toMatchObject({ code: 'resume_failed' });
  });

  it('counts 2 hosts of one IPv6 /64 as 1 address with --max-connections-per-address 1', async () => {
    const { server } = await startTestServer({ maxConnectionsPerAddress: 1, trustProxy: ['127.0.0.1'] });
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const first = new WebSocket(server.url, { headers: from('2001:db8:0:1::1') });
    await once(first, 'open');
    expect(await refusalOf(server.url, from('2001:db8:0:1:ffff::2'))).toBe(429);
    const other = new WebSocket(server.url, { headers: from('2001:db8:0:2::1') });
    await once(other, 'open');
    for (const socket of [first, other]) socket.terminate();
  });

  it('counts an IPv4 address as itself, also mapped into IPv6, and IPv6 by its /64', () => {
    const keyOf = (...bytes: number[]) => addressKey(addressText(new Uint8Array(bytes).buffer));
    const v6 = (...tail: number[]) => keyOf(0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, ...tail);
    expect(keyOf(192, 0, 2, 1)).toBe('192.0.2.1');
    expect(keyOf(...Array(10).fill(0), 255, 255, 192, 0, 2, 1)).toBe('192.0.2.1');
    expect(v6(0, 0, 0, 0, 0, 0, 0, 1)).toBe(v6(9, 9, 9, 9, 9, 9, 9, 9));
    expect(v6(0, 0, 0, 0, 0, 0, 0, 1)).toBe(addressKey('2001:db8:0:1::7'));
    expect(addressKey('::1')).toBe(addressKey('0000:0000:0000:0000::2'));
  });
});

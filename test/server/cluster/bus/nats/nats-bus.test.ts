import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import { pino } from 'pino';
import { NatsBus, type NatsBusOptions } from '../../../../../src/server/cluster/bus/nats/nats-bus.ts';
import { BusNode } from '../../../../support/network/bus-node.ts';
import { TcpProxy } from '../../../../support/network/tcp-proxy.ts';
import { keepLogs } from '../../../../support/relay/relay-logs.ts';
import { NatsServer } from '../../../../support/servers/nats-server.ts';
import { describeBus } from '../bus-suite.ts';

const silent = pino({ level: 'silent' });

/** What a broken or hostile client of the broker may send: no text, no fragment, headers that are none. */
async function sendJunk(server: NatsServer, to: number): Promise<void> {
  const subjects = [`pairlane.node.${to}`, 'pairlane.all', `pairlane.claim.${to}`, 'pairlane.reply.x.1'];
  const stranger = await connect({ servers: `127.0.0.1:${server.port}` });
  const junk = ['', 'junk', 'PL1 ', 'PL1 a 1 1 1\n', 'PL1 a 1 0 99999\nx', new Uint8Array([0xff, 0, 0xc3])];
  for (const subject of subjects)
    for (const data of junk) stranger.publish(subject, data, { reply: `pairlane.node.${to}` });
  await stranger.flush();
  await stranger.close();
  const raw = connectTcp(server.port, '127.0.0.1');
  raw.write('CONNECT {"verbose":false,"headers":true}\r\n');
  const headers = 'NATS/1.0 x\r\n: \r\nno header\r\n\r\n';
  for (const subject of subjects)
    raw.write(`HPUB ${subject} ${headers.length} ${headers.length}\r\n${headers}\r\n`);
  raw.write('PING\r\n');
  for await (const answer of raw) if (String(answer).includes('PONG')) break;
}

describeBus('NATS', async () => {
  const server = await NatsServer.start();
  return {
    hasBroker: true,
    bus: (node) => new NatsBus({ url: server.url, node, log: silent }),
    goAway: () => server.kill(),
    comeBack: () => server.restart(),
    sendJunk: (to) => sendJunk(server, to),
    end: () => server.kill(),
  };
});

describe('the NATS bus', () => {
  const nodes: BusNode[] = [];
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(({ bus }) => bus.stop()));
  });
  const nodeAt = (url: string, id = 1, options: Partial<NatsBusOptions> = {}) => {
    const node = new BusNode(new NatsBus({ url, node: id, log: silent, ...options }), id);
    nodes.push(node);
    return node;
  };
  const withCredentials = (server: NatsServer, credentials: string) =>
    `nats://${credentials}@127.0.0.1:${server.port}`;

  it.each([
    ['a name and password', ['--user', 'ada', '--pass', 'p@:/%7'], 'ada:p%40%3A%2F%257'],
    ['a token', ['--auth', 's3cret:token'], 's3cret%3Atoken'],
  ])('connects with %s in the URL', async (_what, args, credentials) => {
    const server = await NatsServer.start(...args);
    const [ada, bob] = [1, 2].map((id) => nodeAt(withCredentials(server, credentials), id)) as [
      BusNode,
      BusNode,
    ];
    await Promise.all([ada.start(), bob.start()]);
    await ada.reaches(bob);
  });

  it.each(['ada:wrong-secret', 'wrong-secret', ''])(
    'refuses to start with wrong credentials, and does not repeat them (%j)',
    async (credentials) => {
      const server = await NatsServer.start('--user', 'ada', '--pass', 'right');
      const { log, text } = keepLogs();
      const url = credentials ? withCredentials(server, credentials) : server.url;
      const error = await nodeAt(url, 1, { log })
        .start()
        .catch((problem: Error) => problem);
      expect(`${(error as Error).stack}${text()}`).not.toMatch(/wrong-secret|127\.0\.0\.1/);
      expect((error as Error).message).toBe(
        'The NATS server refuses these credentials. Correct the name, password or token in --nats',
      );
    },
  );

  it('logs what is wrong when the broker comes back with other credentials, and goes on trying', async () => {
    const server = await NatsServer.start();
    const { log, lines, text } = keepLogs();
    const node = nodeAt(withCredentials(server, 'ada:old-secret'), 1, { log });
    await node.start();
    await server.kill();
    await node.isDown();
    await server.restart('--user', 'ada', '--pass', 'new');
    await node.until('it is refused', () => lines.some(({ msg }) => /refuses these credentials/.test(msg)));
    expect(text()).not.toMatch(/old-secret|127\.0\.0\.1/);
    await server.kill();
    await server.restart();
    await node.isUp();
  });

  it.each([
    'localhost',
    'localhost:4222',
    'http://localhost',
    'nats://',
    'nats://secret@:4222',
    'nats://user:secret@host name',
    'nats://user:secret@host:99999',
    'nats://user:secret@host/path',
    'nats://user:sec%ret@host',
    'nats://user:sec/ret@host',
    'nats://user:secret@host,tls://host',
    '',
  ])('refuses to start with the URL %j, and does not repeat it', async (url) => {
    const error = (await nodeAt(url)
      .start()
      .catch((problem: Error) => problem)) as Error;
    expect(error.name).toBe('BusError');
    expect(error.message).toMatch(/^--nats: /);
    expect(error.message).not.toMatch(/sec.?ret/);
  });

  it('refuses a prefix that is no subject', async () => {
    for (const prefix of ['', 'a b', 'a.*', '>', 'a..b'])
      await expect(nodeAt('nats://127.0.0.1:1', 1, { prefix }).start()).rejects.toThrow(/^--nats-prefix: /);
  });

  it('names the subjects when the user may not use them', async () => {
    const config = join(tmpdir(), `pairlane-nats-${process.pid}.conf`);
    writeFileSync(
      config,
      'authorization { users = [{ user: a, password: b, permissions: { subscribe: "x.>", publish: ">" } }] }',
    );
    const server = await NatsServer.start('--config', config);
    await expect(nodeAt(withCredentials(server, 'a:b')).start()).rejects.toThrow(
      'Allow it to publish and subscribe to pairlane.>',
    );
    await nodeAt(withCredentials(server, 'a:b'), 1, { prefix: 'x.games' }).start();
  });

  it('keeps clusters with different prefixes apart on one broker', async () => {
    const server = await NatsServer.start();
    const [ada, bob, eve] = [
      nodeAt(server.url, 1),
      nodeAt(server.url, 2),
      nodeAt(server.url, 1, { prefix: 'other' }),
    ];
    for (const node of [ada, bob, eve]) await node.start();
    eve.bus.broadcast('only ours');
    eve.bus.send(2, 'nor you');
    expect(await eve.nextUnreachable()).toBe(2);
    await ada.reaches(bob);
    expect([ada.texts, bob.texts]).toEqual([[], []]);
  });

  it('writes once in a turn, whatever is said to several nodes', async () => {
    const bus = new NatsBus({ url: 'nats://127.0.0.1', node: 1, log: silent });
    const order: string[] = [];
    bus.endOfTurn(() => {
      order.push('to the second');
      // As the client of the broker does.
      queueMicrotask(() => order.push('written'));
    });
    bus.endOfTurn(() => order.push('to the third'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['to the second', 'to the third', 'written']);
  });

  it('cuts messages to what the broker takes', async () => {
    const config = join(tmpdir(), `pairlane-nats-small-${process.pid}.conf`);
    writeFileSync(config, 'max_payload: 2048');
    const server = await NatsServer.start('--config', config);
    const [ada, bob] = [nodeAt(server.url, 1), nodeAt(server.url, 2)];
    for (const node of [ada, bob]) await node.start();
    ada.bus.send(2, '日本'.repeat(10_000));
    expect(await bob.next()).toBe('日本'.repeat(10_000));
  });

  it('is down when the broker goes silent, however much waits to be sent, and comes back by itself', async () => {
    const server = await NatsServer.start();
    const proxy = await TcpProxy.start(server.url);
    const [ada, bob] = [nodeAt(proxy.url, 1), nodeAt(server.url, 2)];
    for (const node of [ada, bob]) await node.start();
    proxy.stall();
    // More than the system buffers: the client's own end would wait for it.
    for (let i = 0; i < 10; i += 1) ada.bus.send(2, 'x'.repeat(3_000_000));
    await ada.isDown();
    expect(ada.reasons).toEqual(['it does not answer']);
    proxy.heal();
    await ada.isUp();
    await ada.reaches(bob);
    await bob.reaches(ada);
  });

  it('lets one of two with the same number in when both start at once', async () => {
    const server = await NatsServer.start();
    for (let round = 0; round < 5; round += 1) {
      const both = [nodeAt(server.url, 7), nodeAt(server.url, 7)];
      const outcomes = await Promise.allSettled(both.map((node) => node.start()));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await Promise.all(both.map(({ bus }) => bus.stop()));
    }
  });

  it('tells who has the number when the broker comes back and two have it', async () => {
    const server = await NatsServer.start();
    await server.kill();
    const { log, lines } = keepLogs();
    const both = [nodeAt(server.url, 7, { log }), nodeAt(server.url, 7, { log })];
    await Promise.all(both.map((node) => node.start()));
    await server.restart();
    const [ada] = both as [BusNode];
    await ada.until('one is refused', () => lines.some(({ msg }) => /has the number 7/.test(msg)));
    await ada.until('one is up', () => both.some((node) => node.states.at(-1) === 'up'));
    expect(both.map((node) => node.states.at(-1)).sort()).toEqual(['down', 'up']);
  });

  it('starts when its last life was killed and the broker has not noticed', async () => {
    const server = await NatsServer.start();
    const proxy = await TcpProxy.start(server.url);
    const dead = nodeAt(proxy.url, 1);
    await dead.start();
    proxy.stall();
    const again = nodeAt(server.url, 1);
    await again.start();
    expect(again.states).toEqual(['up']);
  });

  it('leaves no socket open when a broker takes it and says nothing, nor after its stop', async () => {
    const sockets = new Set<Socket>();
    let taken = 0;
    const hole = createServer((socket) => {
      taken += 1;
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => sockets.delete(socket))
        .resume();
    }).listen(0, '127.0.0.1');
    await once(hole, 'listening');
    const node = nodeAt(`nats://127.0.0.1:${(hole.address() as AddressInfo).port}`, 1, { random: () => 0 });
    await node.start();
    expect(node.reasons).toEqual(['it does not answer']);
    await node.until('it tried again', () => taken === 2);
    await node.until('its first socket is gone', () => sockets.size === 1);
    await node.bus.stop();
    await node.until('all its sockets are gone', () => sockets.size === 0);
    hole.close();
  });

  it('starts in vain where something else listens, and says what it found', async () => {
    const other = createServer((socket) => socket.end('SSH-2.0-other\r\n')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const node = nodeAt(`nats://127.0.0.1:${(other.address() as AddressInfo).port}`);
    await node.start();
    expect([node.states, node.reasons]).toEqual([['down'], ['what answers is no NATS server']]);
    other.close();
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import {
  RELAY_NODE_INFO,
  RelayBus,
  type RelayBusOptions,
} from '../../../../../src/server/cluster/bus/relay/relay-bus.ts';
import { BusNode } from '../../../../support/network/bus-node.ts';
import { TcpProxy } from '../../../../support/network/tcp-proxy.ts';
import { RelayNetwork } from '../../../../support/relay/relay-network.ts';
import { raw } from '../../../../support/relay/relay-raw-host.ts';
import { describeBus } from '../bus-suite.ts';

const silent = pino({ level: 'silent' });
/** Backoff without much chance: soon. */
const soon = { host: '127.0.0.1', log: silent, random: () => 0.1 };
/** The id of the relay server in the middle, which knows nothing of nodes. */
const HUB = 9_999;
/** Two of these are more than what a node leaves unacked. */
const LONG = 'x'.repeat(33_000);

describeBus('relay', async () => {
  const network = new RelayNetwork();
  await network.start(HUB);
  return {
    bus: (node) => new RelayBus({ node, connect: `127.0.0.1:${network.portOf(HUB)}`, ...soon }),
    goAway: () => network.kill(HUB),
    async comeBack() {
      await network.start(HUB, { port: network.portOf(HUB) });
    },
    async sendJunk(to) {
      const human = await network.join(HUB, 500);
      const server = await network.connect(HUB);
      server.send(raw.server(501, 0, 'another server', 'another kind'));
      const liar = await network.connect(HUB);
      liar.send(raw.server(502, 0, 'a liar', RELAY_NODE_INFO));
      for (const text of [
        'hello?',
        '',
        'PL1 a 1 0 1\nforged',
        'PLC 1',
        `PL1 a 1 0 2\n${'x'.repeat(60_000)}`,
      ]) {
        human.send(raw.chat(500, to, text));
        server.send(raw.chat(501, to, text));
        if (!text.includes('forged')) liar.send(raw.chat(502, to, text));
        // In the name of a node that is somewhere else.
        liar.send(raw.chat(2, to, text));
      }
      await Promise.all(
        [human, server, liar].map(async (host, i) => {
          host.send(raw.chat(500 + i, 77, 'are you there?'));
          await host.next('status', ({ code }) => code === 1);
        }),
      );
    },
    end: () => network.end(),
  };
});

describe('the relay bus', () => {
  const nodes: BusNode[] = [];
  let network: RelayNetwork;
  beforeEach(() => {
    network = new RelayNetwork();
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(({ bus }) => bus.stop()));
    await network.end();
  });
  const join = async (id: number, options: Partial<RelayBusOptions>) => {
    const bus = new RelayBus({ node: id, ...soon, ...options });
    const node = new BusNode(bus, id);
    nodes.push(node);
    await node.start();
    return { node, bus, address: `127.0.0.1:${bus.port}` };
  };
  const hubAddress = async () => {
    await network.start(HUB);
    return `127.0.0.1:${network.portOf(HUB)}`;
  };

  it('joins nodes with no server but their own: one listens, others connect to it', async () => {
    const ada = await join(1, { port: 0 });
    const bob = await join(2, { port: 0, connect: ada.address });
    const eve = await join(3, { connect: bob.address });
    for (const { node } of [ada, bob, eve]) expect(node.states).toEqual(['up']);
    await eve.node.reaches(ada.node);
    await ada.node.reaches(eve.node);
    ada.node.bus.broadcast('to all');
    expect([await bob.node.next(), await eve.node.next()]).toEqual(['to all', 'to all']);
    await eve.bus.stop();
    await ada.node.misses(3);
    expect(ada.node.states).toEqual(['up']);
  });

  it('keeps nodes together when the one in the middle leaves: they move to its parent', async () => {
    const ada = await join(1, { port: 0 });
    const bob = await join(2, { port: 0, connect: ada.address });
    const eve = await join(3, { connect: bob.address });
    await eve.node.reaches(ada.node);
    await bob.bus.stop();
    await eve.node.until('it is up again', () => eve.node.states.length === 3);
    await eve.node.reaches(ada.node);
    expect(eve.node.states).toEqual(['up', 'down', 'up']);
  });

  it('refuses a node with the number of its parent', async () => {
    const ada = await join(1, { port: 0 });
    await expect(join(1, { connect: ada.address })).rejects.toThrow('has the number 1');
  });

  it('sends nothing to servers and clients that are no nodes, whatever is sent', async () => {
    const connect = await hubAddress();
    const human = await network.join(HUB, 500);
    const other = await network.connect(HUB);
    other.send(raw.server(501, 0, 'another server', 'another kind'));
    await other.next('server');
    const [ada, bob] = [await join(1, { connect }), await join(2, { connect })];
    await ada.node.reaches(bob.node);
    ada.bus.broadcast('for nodes');
    for (const id of [500, 501, HUB]) {
      ada.bus.send(id, 'not for you');
      expect(await ada.node.nextUnreachable()).toBe(id);
    }
    expect(await bob.node.next()).toBe('for nodes');
    // What would have been sent before has come before.
    human.send(raw.chat(500, 501, 'from a client'));
    human.send(raw.chat(500, 500, 'to itself'));
    expect(await other.next('chat')).toMatchObject({ source: 500 });
    expect(await human.next('chat')).toMatchObject({ source: 500 });
  });

  it('acks what came from a node once it is 64 KiB, and not each message', async () => {
    const ada = await join(1, { connect: await hubAddress() });
    const other = await network.connect(HUB);
    other.send(raw.server(2, 0, 'another node', RELAY_NODE_INFO));
    const texts = [
      'PL1 a 1 0 1\nshort',
      'PL1 a 2 0 1\nshort',
      ...[0, 1].map((at) => `PL1 a 3 ${at} 2\n${LONG}`),
    ];
    for (const text of texts) other.send(raw.chat(2, 1, text));
    expect(await other.next('chat')).toMatchObject({ source: 1, text: `PLC ${texts.join('').length}` });
    expect([await ada.node.next(), await ada.node.next()]).toEqual(['short', 'short']);
  });

  it('sends at once when its parent is back, whatever was under way to a node that acked nothing', async () => {
    const ada = await join(1, { connect: await hubAddress() });
    const nodeTwo = async () => {
      const host = await network.connect(HUB);
      host.send(raw.server(2, 0, 'another node', RELAY_NODE_INFO));
      host.send(raw.chat(2, 1, 'PL1 a 1 0 1\nhere'));
      expect(await ada.node.next()).toBe('here');
      return host;
    };
    const before = await nodeTwo();
    ada.bus.send(2, 'x'.repeat(1024 * 1024));
    await before.next('chat');
    await network.kill(HUB);
    await ada.node.isDown();
    await network.start(HUB, { port: network.portOf(HUB) });
    await ada.node.isUp();
    const after = await nodeTwo();
    ada.bus.send(2, 'after all');
    expect((await after.next('chat')).text).toMatch(/\nafter all$/);
  });

  it('brings 8 MiB over a link that stands still meanwhile, and no server on the way closes it', async () => {
    const connect = await hubAddress();
    const proxy = await TcpProxy.start(`tcp://${connect}`);
    const [ada, bob] = [await join(1, { connect }), await join(2, { connect: new URL(proxy.url).host })];
    const eve = await join(3, { connect });
    await ada.node.reaches(bob.node);
    proxy.stall('down');
    const text = 'x'.repeat(8 * 1024 * 1024);
    ada.bus.send(2, text);
    // The server in the middle was given what it will be given for now.
    await ada.node.reaches(eve.node);
    proxy.heal();
    expect((await bob.node.next()).length).toBe(text.length);
    expect([ada, bob, eve].map(({ node }) => node.states)).toEqual([['up'], ['up'], ['up']]);
  });

  it('is down when its parent goes silent, comes back by itself, and asks without troubling anybody', async () => {
    const connect = await hubAddress();
    const proxy = await TcpProxy.start(`tcp://${connect}`);
    const [ada, bob] = [await join(1, { connect: new URL(proxy.url).host }), await join(2, { connect })];
    await ada.node.reaches(bob.node);
    proxy.stall();
    await ada.node.isDown();
    proxy.cut();
    proxy.heal();
    await ada.node.isUp();
    await ada.node.reaches(bob.node);
    expect([bob.node.states, ada.node.unreachable, network.view(HUB).status_log]).toEqual([['up'], [], []]);
  });

  it.each(['localhost', '127.0.0.1:', ':9000', '127.0.0.1:99999', 'secret host:1'])(
    'refuses to connect to %j, and does not repeat it',
    async (connect) => {
      await expect(join(1, { connect })).rejects.toThrow(
        /^--relay-connect: should be HOST:PORT, like 127\.0\.0\.1:9000 or \[::1\]:9000$/,
      );
    },
  );

  it('names the option when its port is in use', async () => {
    const ada = await join(1, { port: 0 });
    await expect(join(2, { port: ada.bus.port })).rejects.toThrow(
      `Cannot listen on --relay-port ${ada.bus.port} (EADDRINUSE). Choose another one`,
    );
  });
});

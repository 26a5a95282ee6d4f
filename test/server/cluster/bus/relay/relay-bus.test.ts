import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import {
  RELAY_NODE_INFO,
  RelayBus,
  type RelayBusOptions,
} from '../../../../../src/server/cluster/bus/relay/relay-bus.ts';
import { freePort } from '../../../../../tools/free-port.ts';
import { BusNode } from '../../../../support/network/bus-node.ts';
import { TcpProxy } from '../../../../support/network/tcp-proxy.ts';
import { RelayTestClock } from '../../../../support/relay/relay-clock.ts';
import { RelayNetwork, untilTrue } from '../../../../support/relay/relay-network.ts';
import { RawListener, raw } from '../../../../support/relay/relay-raw-host.ts';
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
    hasBroker: false,
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

  it('refuses a node with the number of its parent, and leaves nothing of it running', async () => {
    const ada = await join(1, { port: 0 });
    const clock = new RelayTestClock();
    await expect(join(1, { connect: ada.address, clock })).rejects.toThrow('has the number 1');
    expect(clock.waiting).toBe(0);
  });

  it('is stopped while it starts, and leaves its port free and nothing of it running', async () => {
    const clock = new RelayTestClock();
    const port = await freePort();
    const options = { node: 1, port, ...soon };
    const bus = new RelayBus({ ...options, clock, host: 'localhost' });
    const starting = new BusNode(bus, 1).start();
    await bus.stop();
    await starting;
    expect(clock.waiting).toBe(0);
    const next = createServer().listen(port, 'localhost');
    await once(next, 'listening');
    next.close();
  });

  it('brings messages to nodes below it while its own parent is away', async () => {
    const top = await join(1, { port: 0 });
    const middle = await join(2, { port: 0, connect: top.address });
    const below = await join(3, { connect: middle.address });
    await middle.node.reaches(below.node);
    await top.bus.stop();
    await middle.node.isDown();
    middle.bus.send(3, 'still here');
    expect(await below.node.next()).toBe('still here');
  });

  it('sends nothing to servers and clients that are no nodes, whatever is sent', async () => {
    const connect = await hubAddress();
    const human = await network.join(HUB, 500);
    await network.join(HUB, 502, 'who says to be a node', RELAY_NODE_INFO);
    const other = await network.connect(HUB);
    other.send(raw.server(501, 0, 'another server', 'another kind'));
    await other.next('server');
    const [ada, bob] = [await join(1, { connect }), await join(2, { connect })];
    await ada.node.reaches(bob.node);
    ada.bus.broadcast('for nodes');
    for (const id of [500, 501, 502, HUB]) {
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
    const clock = new RelayTestClock();
    const ada = await join(1, { connect: new URL(proxy.url).host, clock });
    const bob = await join(2, { connect });
    await ada.node.reaches(bob.node);
    proxy.stall();
    clock.pass(7_990);
    expect(ada.node.states).toEqual(['up']);
    clock.pass(10);
    await ada.node.isDown();
    proxy.cut();
    proxy.heal();
    clock.pass(1_000);
    await ada.node.isUp();
    await ada.node.reaches(bob.node);
    expect([bob.node.states, ada.node.unreachable, network.view(HUB).status_log]).toEqual([['up'], [], []]);
  });

  it('stays up as long as its parent answers', async () => {
    const connect = await hubAddress();
    const clock = new RelayTestClock();
    const [ada, bob] = [await join(1, { connect, clock }), await join(2, { connect })];
    for (let round = 0; round < 10; round += 1) {
      clock.pass(2_000);
      // There and back: the parent's answer has come before.
      await ada.node.reaches(bob.node);
      await bob.node.reaches(ada.node);
    }
    expect(ada.node.states).toEqual(['up']);
  });

  it('leaves nothing running after its stop, and nothing twice after its parent was away', async () => {
    const clock = new RelayTestClock();
    const { node, bus } = await join(1, { connect: await hubAddress(), clock });
    await node.isUp();
    const { waiting } = clock;
    await network.kill(HUB);
    await node.isDown();
    await network.start(HUB, { port: network.portOf(HUB) });
    clock.pass(1_000);
    await node.isUp();
    expect(clock.waiting).toBe(waiting);
    await bus.stop();
    expect(clock.waiting).toBe(0);
  });

  it('forgets what was under way to a node that has left, once another one came', async () => {
    const ada = await join(1, { connect: await hubAddress() });
    const hosts = new Map<number, Awaited<ReturnType<RelayNetwork['connect']>>>();
    const comes = async (id: number) => {
      const host = await network.connect(HUB);
      host.send(raw.server(id, 0, 'another node', RELAY_NODE_INFO));
      host.send(raw.chat(id, 1, `PL1 a ${id} 0 1\nhere`));
      expect(await ada.node.next()).toBe('here');
      hosts.set(id, host);
      return host;
    };
    const leaver = await comes(2);
    ada.bus.send(2, 'x'.repeat(1024 * 1024));
    await leaver.next('chat');
    leaver.socket.destroy();
    await untilTrue('the others know that it has left', () => !network.known(HUB).includes(2));
    await comes(3);
    const again = await comes(2);
    ada.bus.send(2, 'after all');
    expect((await again.next('chat')).text).toMatch(/\nafter all$/);
  });

  describe('with a parent that the test plays', () => {
    const PARENT = 7_777;
    let parent: RawListener;
    let clock: RelayTestClock;
    beforeEach(async () => {
      parent = await RawListener.listen();
      clock = new RelayTestClock();
    });
    afterEach(() => parent.end());

    const dial = async (options: Partial<RelayBusOptions> = {}) => {
      const accepted = parent.accept();
      const bus = new RelayBus({ node: 1, connect: `127.0.0.1:${parent.port}`, clock, ...soon, ...options });
      const node = new BusNode(bus, 1);
      nodes.push(node);
      const started = node.start();
      const link = await accepted;
      await link.next('server');
      return { node, bus, started, link };
    };
    /** Accepted, and there are that many other nodes, from the number 100 on. */
    const joinNodes = async (count: number, options: Partial<RelayBusOptions> = {}) => {
      const { started, ...rest } = await dial(options);
      const others = Array.from({ length: count }, (_, at) =>
        raw.server(100 + at, PARENT, 'another node', RELAY_NODE_INFO),
      );
      rest.link.send(raw.server(PARENT, PARENT), ...others, raw.chat(100, 1, 'PL1 a 1 0 1\nhere'));
      await started;
      expect(await rest.node.next()).toBe('here');
      return rest;
    };

    it('is down when that has not accepted it within 3 s, and up once it does', async () => {
      const { node, started, link } = await dial();
      clock.pass(2_999);
      expect(node.states).toEqual([]);
      clock.pass(1);
      await started;
      expect([node.states, node.reasons]).toEqual([['down'], ['its parent cannot be reached']]);
      link.send(raw.server(PARENT, PARENT));
      await node.isUp();
    });

    it('can be stopped while it connects', async () => {
      const bus = new RelayBus({ node: 1, connect: `127.0.0.1:${parent.port}`, clock, ...soon });
      const node = new BusNode(bus, 1);
      await Promise.all([node.start(), bus.stop()]);
      expect([node.told, clock.waiting]).toEqual([0, 0]);
    });

    it('stays up after 3 s when that has accepted it, and tells when the link was lost', async () => {
      const { node, link } = await joinNodes(1);
      clock.pass(3_000);
      expect(node.states).toEqual(['up']);
      link.socket.destroy();
      await node.isDown();
      expect(node.reasons).toEqual(['the link to its parent was lost']);
    });

    it('sends a long text in fragments of 32 KiB at most, and hardly less', async () => {
      const { bus, link } = await joinNodes(1);
      bus.send(100, 'x'.repeat(100_000));
      await link.has(4, 'chat');
      const bytes = link.inbox.flatMap((message) => (message.type === 'chat' ? [message.text.length] : []));
      expect(bytes.slice(0, 3).every((count) => count <= 32 * 1024 && count > 32 * 1024 - 100)).toBe(true);
    });

    it('sends as much more to a node as that has acked', async () => {
      const { node, bus, link } = await joinNodes(2);
      bus.send(100, 'x'.repeat(1024 * 1024));
      const [first] = await link.has(5, 'chat').then(() => link.inbox.filter(({ type }) => type === 'chat'));
      const { text } = first as { text: string };
      link.send(raw.chat(100, 1, `PLC ${text.length}`), raw.chat(100, 1, 'PL1 a 2 0 1\nacked'));
      expect(await node.next()).toBe('acked');
      bus.send(101, 'what came before has been sent before');
      await link.next('chat', ({ destination }) => destination === 101);
      const sent = link.inbox.filter((message) => message.type === 'chat' && message.destination === 100);
      expect(sent).toHaveLength(6);
    });

    it('heeds no status but that an id is unknown', async () => {
      const { node, bus, link } = await joinNodes(2);
      bus.broadcast('to all');
      await link.has(2, 'chat');
      link.send(raw.status(PARENT, 1, 2, 'Unknown ID 100'), raw.status(PARENT, 1, 1, 'Unknown ID 101'));
      expect(await node.nextUnreachable()).toBe(101);
    });

    it('gives up the link once 64 MiB wait for it, and not before', async () => {
      const { node, bus, link } = await joinNodes(640);
      link.socket.pause();
      // Four fragments: what may be under way to one node.
      const text = 'x'.repeat(4 * 32 * 1024 - 400);
      const sendTo = (from: number, to: number) => {
        for (let at = from; at < to; at += 1) bus.send(100 + at, text);
      };
      sendTo(0, 500);
      expect(node.states).toEqual(['up']);
      // The system may have taken a few of them.
      sendTo(500, 640);
      await node.isDown();
    });

    it('logs what is no message of a node, and nothing of what is', async () => {
      const lines: { event?: string }[] = [];
      const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
      const { node, bus, link } = await joinNodes(2, { log });
      const events = () =>
        lines.flatMap(({ event }) =>
          event === 'relay_message_dropped' || event === 'relay_status' ? [event] : [],
        );
      bus.send(101, 'hello?');
      link.send(
        raw.chat(100, 1, `PL1 a 2 0 2\n${LONG}`),
        raw.chat(100, 1, 'PLC 1'),
        raw.status(PARENT, 1, 1, 'Unknown ID 101'),
      );
      expect(await node.nextUnreachable()).toBe(101);
      expect(events()).toEqual([]);
      link.send(raw.status(PARENT, 1, 2, 'of another kind'), raw.chat(PARENT, 1, 'from no node'));
      link.send(raw.chat(100, 1, 'PL1 a 3 0 1\nthe last'));
      expect(await node.next()).toBe('the last');
      expect(events()).toEqual(['relay_status', 'relay_message_dropped']);
    });
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

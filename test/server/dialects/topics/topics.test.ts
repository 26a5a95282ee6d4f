/** The wires of y-webrtc and of Trystero's relay, by hand: who gets what, and where it ends. */
import { describe, expect, it } from '@jest/globals';
import { MAX_EXTRA_DEPTH, type TopicWire } from '../../../../src/protocol/index.ts';
import { LocalBusHub } from '../../../../src/server/cluster/bus/local-bus.ts';
import type { ServerOptions } from '../../../../src/server/index.ts';
import { JsonClient } from '../../../support/clients/json-client.ts';
import { startTestCluster } from '../../../support/servers/test-cluster.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const wires: readonly TopicWire[] = ['y-webrtc', 'trystero'];

const frames = {
  'y-webrtc': {
    subscribe: (topic: string) => ({ type: 'subscribe', topics: [topic] }),
    unsubscribe: (topic: string) => ({ type: 'unsubscribe', topics: [topic] }),
    publish: (topic: string, data: unknown) => ({ type: 'publish', topic, data }),
    delivered: (topic: string, data: unknown, clients: number) => ({ type: 'publish', topic, data, clients }),
  },
  trystero: {
    subscribe: (topic: string) => ({ type: 'subscribe', topic }),
    unsubscribe: (topic: string) => ({ type: 'unsubscribe', topic }),
    publish: (topic: string, payload: unknown) => ({ type: 'publish', topic, payload }),
    delivered: (topic: string, payload: unknown, _clients: number) => ({ topic, payload }),
  },
} as const;

async function serve(options: Partial<ServerOptions> = {}) {
  const test = await startTestServer({ topics: true, ...options });
  return { ...test, join: (wire: TopicWire) => join(test, wire) };
}

const join = ({ server }: Pick<TestServer, 'server'>, wire: TopicWire) =>
  JsonClient.open(`${server.url}${wire}`);

/** What the server has done with everything that a client sent: it comes back to the client itself. */
async function settled(client: JsonClient, wire: TopicWire): Promise<void> {
  const mark = `mark ${Math.random()}`;
  client.send(frames[wire].subscribe(mark));
  client.send(frames[wire].publish(mark, 'mark'));
  await client.until(() => client.inbox.some((message) => message.topic === mark), 'the mark');
  client.inbox.splice(
    client.inbox.findIndex((message) => message.topic === mark),
    1,
  );
}

describe.each(wires)('a client of %s', (wire) => {
  const { subscribe, unsubscribe, publish, delivered } = frames[wire];

  it('gets what anybody publishes to a topic that it subscribes to, in order, its own too, and nothing else', async () => {
    const { join } = await serve();
    const [a, b, c] = [await join(wire), await join(wire), await join(wire)];
    for (const client of [a, b]) client.send(subscribe('here'));
    c.send(subscribe('there'));
    for (const client of [a, b, c]) await settled(client, wire);
    for (let n = 0; n < 20; n += 1) a.send(publish('here', { n }));
    const all = Array.from({ length: 20 }, (_, n) => delivered('here', { n }, 2));
    expect(await a.take(20)).toEqual(all);
    expect(await b.take(20)).toEqual(all);
    await settled(c, wire);
    expect(c.inbox).toEqual([]);
  });

  it('gets it as text, which browsers hand on as text', async () => {
    const { join } = await serve();
    const a = await join(wire);
    const areBinary: boolean[] = [];
    a.socket.on('message', (_data, isBinary) => areBinary.push(isBinary));
    a.send(subscribe('here'));
    a.send(publish('here', 1));
    await a.takeOne();
    expect(areBinary).toEqual([false]);
  });

  it('gets nothing more once it has unsubscribed, while others do', async () => {
    const { join } = await serve();
    const [a, b] = [await join(wire), await join(wire)];
    for (const client of [a, b]) {
      client.send(subscribe('here'));
      await settled(client, wire);
    }
    a.send(unsubscribe('here'));
    a.send(publish('here', 'for the other'));
    expect(await b.takeOne()).toEqual(delivered('here', 'for the other', 1));
    await settled(a, wire);
    expect(a.inbox).toEqual([]);
  });

  it('is known by its wire, and each of its messages is counted by its type', async () => {
    const { join, server } = await serve();
    const a = await join(wire);
    expect([...server.parts.sessions.values()].map(({ client }) => client.dialect)).toEqual([wire]);
    const { received } = server.parts.metrics;
    for (const message of [subscribe('here'), publish('here', 1), unsubscribe('here')]) a.send(message);
    await until(() => received.get('unsubscribe') === 1, 'the last of them');
    expect(Object.fromEntries(received)).toEqual({ subscribe: 1, publish: 1, unsubscribe: 1 });
  });

  it('gets nothing more once it has unsubscribed, and a topic without subscribers is forgotten', async () => {
    const { join } = await serve();
    const [a, b] = [await join(wire), await join(wire)];
    a.send(subscribe('here'));
    await settled(a, wire);
    a.send(unsubscribe('here'));
    await settled(a, wire);
    b.send(publish('here', 'nobody hears it'));
    await settled(b, wire);
    await settled(a, wire);
    expect(a.inbox).toEqual([]);
  });

  it('lives on after frames that are no message, which are counted, and nobody else gets', async () => {
    const { join, server } = await serve();
    const [a, b] = [await join(wire), await join(wire)];
    b.send(subscribe('here'));
    await settled(b, wire);
    const deep = '['.repeat(MAX_EXTRA_DEPTH + 2) + ']'.repeat(MAX_EXTRA_DEPTH + 2);
    for (const frame of [
      'no json',
      '',
      'null',
      '[]',
      '"publish"',
      '{}',
      '{"type":"publish"}',
      '{"type":"publish","topic":7,"payload":1}',
      '{"type":"publish","topic":["here"],"payload":1}',
      '{"type":"subscribe","topics":"here"}',
      '{"type":"subscribe","topics":[1,null,{}],"topic":{}}',
      '{"type":"toString","topic":"here","payload":1}',
      `{"type":"publish","topic":"here","payload":${deep}}`,
      '{"type":"publish","topic":"here","payload":"\\ud800"}',
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
      Buffer.from('\ufeff{"type":"publish","topic":"here","payload":1}'),
    ])
      a.send(frame);
    await settled(a, wire);
    await settled(b, wire);
    expect([a.inbox, b.inbox, a.closed]).toEqual([[], [], undefined]);
    const { refused } = server.parts.metrics;
    // The first two, and what is no UTF-8 or begins with a byte order mark; y-webrtc subscribes to no topic without a
    // word.
    expect([refused.get('invalid_json'), refused.get('invalid_message')]).toEqual([
      4,
      wire === 'y-webrtc' ? 10 : 12,
    ]);
  });

  it('is heard in binary frames that hold text', async () => {
    const { join } = await serve();
    const a = await join(wire);
    for (const message of [subscribe('here'), publish('here', 'ä')])
      a.send(Buffer.from(JSON.stringify(message)));
    expect(await a.takeOne()).toEqual(delivered('here', 'ä', 1));
  });

  it.each([
    ['the 129th topic of one client', {}, 128, 'too_many_topics', 'You subscribe to more topics'],
    [
      'more subscriptions than 3 of all',
      { maxSubscriptions: 3 },
      3,
      'too_many_subscriptions',
      'There are as many subscriptions',
    ],
  ])('is closed with 1008 at %s', async (_what, options, allowed, kind, reason) => {
    const { join, server } = await serve({ maxMessagesPerSecond: 0, ...options });
    const a = await join(wire);
    for (let n = 0; n <= allowed; n += 1) a.send(subscribe(`topic ${n}`));
    const closed = await a.whenClosed();
    expect([closed.code, closed.reason]).toEqual([1008, expect.stringContaining(reason)]);
    expect(server.parts.metrics.refused.get(kind)).toBe(1);
  });

  it('is closed with 1008 at a topic with as many subscribers as it may have, which keep it', async () => {
    const { join } = await serve({ maxSubscribersPerTopic: 2 });
    const [a, b, c] = [await join(wire), await join(wire), await join(wire)];
    for (const client of [a, b]) client.send(subscribe('full'));
    for (const client of [a, b]) await settled(client, wire);
    c.send(subscribe('full'));
    expect((await c.whenClosed()).code).toBe(1008);
    a.send(publish('full', 1));
    expect(await b.takeOne()).toEqual(delivered('full', 1, 2));
  });

  it('is closed with 1008 at a topic of 1,025 characters', async () => {
    const { join } = await serve();
    const a = await join(wire);
    a.send(subscribe('x'.repeat(1_024)));
    await settled(a, wire);
    a.send(subscribe('x'.repeat(1_025)));
    expect((await a.whenClosed()).code).toBe(1008);
  });

  it('is not heard above its rate, and is closed with 1008 when it does not stop', async () => {
    const { join, server } = await serve({ maxMessagesPerSecond: 10, maxMessageBurst: 10 });
    const [a, b] = [await join(wire), await join(wire)];
    b.send(subscribe('here'));
    await settled(b, wire);
    for (let n = 0; n < 30; n += 1) a.send(publish('here', n));
    expect((await a.whenClosed()).code).toBe(1008);
    await settled(b, wire);
    expect(b.inbox.length).toBe(10);
    expect(server.parts.metrics.refused.get('flood')).toBe(1);
  });

  it('is heard no more once its address has published 1 MiB a second, counted for each subscriber', async () => {
    const { join, clock, server } = await serve({
      maxDeliveredBytesPerSecond: 1024 * 1024,
      maxMessagesPerSecond: 0,
      maxBytesPerSecond: 0,
    });
    const { refused } = server.parts.metrics;
    const [a, b] = [await join(wire), await join(wire)];
    for (const client of [a, b]) client.send(subscribe('here'));
    for (const client of [a, b]) await settled(client, wire);
    for (let n = 0; n < 15; n += 1) a.send(publish('here', 'x'.repeat(60_000)));
    await until(() => refused.get('delivered_bytes') === 6, 'six refusals');
    await b.until(() => b.inbox.length === 9, 'the nine before them');
    const before = a.inbox.length;
    clock.advance(2_000);
    a.send(publish('here', 'again'));
    await a.until(() => a.inbox.length > before, 'the next');
  });

  it('pays for the subscribers of another node, too, as for its own', async () => {
    const options = { topics: true, maxDeliveredBytesPerSecond: 1024 * 1024, maxMessagesPerSecond: 0 };
    const { nodes } = await startTestCluster(2, options);
    const [one, two] = nodes as [TestServer, TestServer];
    const a = await join(one, wire);
    const others: JsonClient[] = [];
    for (let n = 0; n < 9; n += 1) others.push(await join(two, wire));
    for (const client of others) client.send(subscribe('here'));
    for (const client of [...others, a]) await settled(client, wire);
    const { refused } = one.server.parts.metrics;
    for (let n = 0; n < 15; n += 1) a.send(publish('here', 'x'.repeat(30_000)));
    await until(() => refused.get('delivered_bytes') === 10, 'ten refusals');
    const [last] = others.slice(-1) as [JsonClient];
    await last.until(() => last.inbox.length > 0, 'what was published');
    await settled(last, wire);
    // The other node has told of 8 of its 9: each message costs 240 KB, and the fifth goes over 1 MiB.
    expect(last.inbox.length).toBe(5);
  });

  it('that does not answer pings of WebSocket is closed with 4408', async () => {
    const { server, clock } = await serve();
    const a = new (class extends JsonClient {
      constructor() {
        super(`${server.url}${wire}`);
        (this.socket as unknown as { _autoPong: boolean })._autoPong = false;
      }
    })();
    await a.opened();
    await settled(a, wire);
    clock.advance(31_000);
    clock.advance(11_000);
    expect((await a.whenClosed()).code).toBe(4408);
  });

  it('that does not read is closed with 1013, and the others get everything', async () => {
    const { join, server, log } = await serve({
      maxUnsentBytes: 64 * 1024,
      maxMessagesPerSecond: 0,
      maxBytesPerSecond: 0,
      maxDeliveredBytesPerSecond: 0,
    });
    const [a, b, slow] = [await join(wire), await join(wire), await join(wire)];
    for (const client of [b, slow]) {
      client.send(subscribe('here'));
      await settled(client, wire);
    }
    slow.socket.pause();
    const count = 400;
    for (let n = 0; n < count; n += 1) {
      a.send(publish('here', `${n} ${'x'.repeat(50_000)}`));
      await b.until(() => b.inbox.length === n + 1, 'what it can read at once');
    }
    expect(server.parts.metrics.refused.get('unsent_bytes')).toBe(1);
    const told = `Closed a ${wire} client that does not read what it is sent`;
    expect(log.filter(({ msg }) => msg?.includes(told))).toHaveLength(1);
    slow.socket.resume();
    expect([1006, 1013]).toContain((await slow.whenClosed()).code);
  });

  it('that does not read is cut off once 1 MiB waits for all, with --max-waiting-bytes 1048576', async () => {
    const { join, server } = await serve({
      maxWaitingBytes: 1024 * 1024,
      maxUnsentBytes: 0,
      maxMessagesPerSecond: 0,
      maxBytesPerSecond: 0,
      maxDeliveredBytesPerSecond: 0,
    });
    const [a, slow] = [await join(wire), await join(wire)];
    slow.send(subscribe('here'));
    await settled(slow, wire);
    slow.socket.pause();
    const { sessions, signaling } = server.parts;
    const count = sessions.size;
    for (let n = 0; n < 400 && sessions.size === count; n += 1) {
      a.send(publish('here', 'x'.repeat(60_000)));
      await settled(a, wire);
    }
    expect([sessions.size, a.closed]).toEqual([count - 1, undefined]);
    expect(signaling.waiting.total).toBeLessThan(1024 * 1024);
    slow.socket.terminate();
  });

  it('reaches the subscribers of another node, and those that come later', async () => {
    const { nodes } = await startTestCluster(2, { topics: true });
    const [one, two] = nodes as [TestServer, TestServer];
    const [a, b] = [await join(one, wire), await join(two, wire)];
    for (const client of [a, b]) client.send(subscribe('here'));
    for (const client of [a, b]) await settled(client, wire);
    a.send(publish('here', 'over the bus'));
    expect(await b.takeOne()).toEqual(delivered('here', 'over the bus', 1));
    expect(await a.takeOne()).toEqual(delivered('here', 'over the bus', 1));
    b.send(unsubscribe('here'));
    await settled(b, wire);
    a.send(publish('here', 'for one'));
    expect(await a.takeOne()).toEqual(delivered('here', 'for one', 1));
    await settled(b, wire);
    expect(b.inbox).toEqual([]);
  });
});

describe('a node that comes later', () => {
  it.each(wires)('is told of the topics that the others have: %s', async (wire) => {
    const { subscribe, publish, delivered } = frames[wire];
    const hub = new LocalBusHub();
    const one = await startTestServer({ topics: true, node: 1 }, { bus: hub.bus(1) });
    const a = await join(one, wire);
    a.send(subscribe('here'));
    await settled(a, wire);
    const two = await startTestServer({ topics: true, node: 2 }, { bus: hub.bus(2) });
    await until(() => two.server.parts.cluster?.links.open.length === 1, 'the link to be open');
    const b = await join(two, wire);
    b.send(publish('here', 'to the one before'));
    expect(await a.takeOne()).toEqual(delivered('here', 'to the one before', 0));
  });
});

describe('topics', () => {
  it('of one wire are none of the other', async () => {
    const { join } = await serve();
    const [a, b] = [await join('y-webrtc'), await join('trystero')];
    a.send(frames['y-webrtc'].subscribe('here'));
    b.send(frames.trystero.subscribe('here'));
    await settled(a, 'y-webrtc');
    b.send(frames.trystero.publish('here', 1));
    expect(await b.takeOne()).toEqual({ topic: 'here', payload: 1 });
    await settled(a, 'y-webrtc');
    expect(a.inbox).toEqual([]);
  });

  it("answer y-webrtc's ping, and a GET as its own server does", async () => {
    const { join, server } = await serve();
    const a = await join('y-webrtc');
    const { metrics } = server.parts;
    const before = metrics.bytesSent;
    a.send({ type: 'ping' });
    expect(await a.takeOne()).toEqual({ type: 'pong' });
    expect(metrics.bytesSent - before).toBe('{"type":"pong"}'.length);
    const answer = await fetch(`${server.url.replace(/^ws/, 'http')}y-webrtc`);
    expect([answer.status, await answer.text()]).toEqual([200, 'okay']);
  });

  it('a publisher cannot forge the number of subscribers', async () => {
    const { join } = await serve();
    const a = await join('y-webrtc');
    a.send(frames['y-webrtc'].subscribe('here'));
    a.send({ ...frames['y-webrtc'].publish('here', 1), clients: 99 });
    expect(await a.takeOne()).toMatchObject({ clients: 1 });
  });

  it('that a client asks for after one that is refused are none of its own: nobody counts it there', async () => {
    const { join } = await serve();
    const [a, b] = [await join('y-webrtc'), await join('y-webrtc')];
    a.send({ type: 'subscribe', topics: ['before', 'x'.repeat(1_025), 'after'] });
    expect((await a.whenClosed()).code).toBe(1008);
    for (const topic of ['before', 'after']) {
      b.send(frames['y-webrtc'].subscribe(topic));
      b.send(frames['y-webrtc'].publish(topic, 1));
      expect(await b.takeOne()).toMatchObject({ topic, clients: 1 });
    }
  });
});

it('each subscription that ends counts like a message: with 100 in a message, a third time is too often', async () => {
  const { join, clock, server } = await serve();
  const { refused } = server.parts.metrics;
  const a = await join('y-webrtc');
  const topics = Array.from({ length: 100 }, (_, n) => `topic ${n}`);
  const churn = async () => {
    for (const type of ['subscribe', 'unsubscribe', 'unsubscribe']) a.send({ type, topics });
    a.send({ type: 'ping' });
  };
  await churn();
  await a.until(() => a.inbox.length === 1, 'the first to be done');
  await churn();
  await until(() => refused.get('too_many_messages') === 1, 'the second to be the last');
  clock.advance(10_000);
  await churn();
  await a.until(() => a.inbox.length === 2, 'it to go on later');
});

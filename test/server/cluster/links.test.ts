/** What clients notice of the links between their nodes: of nodes that die, of a bus that is away, of links that end. */
import { describe, expect, it } from '@jest/globals';
import type { NodeMessage } from '../../../src/protocol/cluster/index.ts';
import { closeCodes } from '../../../src/protocol/index.ts';
import { LocalBusHub } from '../../../src/server/cluster/bus/local-bus.ts';
import type { Cluster } from '../../../src/server/cluster/cluster.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import {
  ask,
  keepsTryingAt,
  nobodyOn,
  pairAcross,
  pairingsOn,
  plainPairAcross,
  startTestCluster,
  twoNodes,
} from '../../support/servers/test-cluster.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../support/servers/token-issuer.ts';
import { turn, until } from '../../support/until.ts';

describe('a node that dies', () => {
  it('has the peers of its clients told within 5 s', async () => {
    const { sever, two, advance, a, b, one } = await plainPairAcross();
    sever(two);
    await advance(4_900);
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id });
    expect(pairingsOn(one)).toEqual([]);
  });

  it('has them told that one who may come back is away, and gone after the grace', async () => {
    const { sever, two, advance, a, b } = await pairAcross();
    sever(two);
    await advance(4_900);
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    await advance(30_100);
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id, reason: 'timed_out' });
  });

  it('while one who may come back is away ends the wait for it after the grace, too', async () => {
    const { sever, two, advance, a, b } = await pairAcross();
    b.socket.terminate();
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    sever(two);
    await advance(4_900);
    await a.settled();
    // It knows.
    expect(a.inbox).toEqual([]);
    await advance(30_100);
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id, reason: 'timed_out' });
  });

  it('is named in the log of the others, once, and so is that it was there', async () => {
    const { sever, one, two, advance } = await twoNodes();
    sever(two);
    await advance(4_900);
    expect(one.log.filter(({ node }) => node === 2).map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      '30 Node 2 is there',
      '40 Node 2 is lost',
    ]);
  });

  it('that says goodbye is known at once', async () => {
    const { two, a, b } = await plainPairAcross();
    await two.server.stop();
    expect(await a.next('peer_disconnected')).toMatchObject({ peer_id: b.id });
  });
});

describe('nodes that meet', () => {
  it('hear of each other within 5 s where the first words were lost', async () => {
    const hub = new LocalBusHub();
    hub.hold(() => {});
    const one = await startTestServer({ node: 1 }, { bus: hub.bus(1) });
    const two = await startTestServer({ node: 2 }, { bus: hub.bus(2) });
    const open = () => [one, two].map(({ server }) => server.parts.cluster?.links.open);
    hub.hold(undefined);
    for (const { clock } of [one, two]) clock.advance(5_000);
    await until(() => open().every((nodes) => nodes?.length === 1), 'both links to be open');
    expect(open()).toEqual([[2], [1]]);
  });

  it('agree which of two clients with the same `sub` came later: it stays, and the other one is closed', async () => {
    const hub = new LocalBusHub();
    const { nodes } = await startTestCluster(2, { jwtSecret: SECRET }, hub);
    const [one, two] = nodes as [TestServer, TestServer];
    const join = async ({ server }: TestServer, sub: string) =>
      RawClient.connect(server.url, { token: await signWithSecret({ sub }) });
    hub.goAway();
    const [ann, bob] = [await join(one, 'ann'), await join(two, 'bob')];
    for (const { clock } of nodes) clock.advance(10);
    const [laterAnn, laterBob] = [await join(two, 'ann'), await join(one, 'bob')];
    hub.comeBack();
    expect(await Promise.all([ann, bob].map(async (client) => (await client.whenClosed()).code))).toEqual([
      ...[closeCodes.replaced, closeCodes.replaced],
    ]);
    await Promise.all([laterAnn, laterBob].map((client) => client.settled()));
    expect(nodes.map(({ server }) => [...server.parts.sessions.values()].map((one) => one.publicId))).toEqual(
      [['bob'], ['ann']],
    );
  });

  it('keep nothing of what the other one has acked, be it by a sign of life alone', async () => {
    const { one, two, advance } = await plainPairAcross();
    await advance(2_000);
    const unacked = [one, two].flatMap(({ server }) =>
      [...(server.parts.cluster?.links.links.values() ?? [])].map(({ delivery }) => delivery.unacked),
    );
    expect(unacked).toEqual([[], []]);
  });
});

describe('a node that says much', () => {
  /** What arrives at the second of two nodes from the first, from now on. */
  async function deliveries() {
    const hub = new LocalBusHub();
    const cluster = await twoNodes(hub);
    const links = cluster.one.server.parts.cluster?.links;
    const counts = new Map<string, number>();
    let isCut = false;
    hub.hold((deliver, pair) => {
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
      if (!isCut) queueMicrotask(deliver);
    });
    return {
      ...cluster,
      say: (message: object) => links?.send(2, message as NodeMessage),
      unacked: () => links?.links.get(2)?.delivery.unacked.length,
      received: () => cluster.two.server.parts.cluster?.links.links.get(1)?.delivery.received,
      count: (pair = '1 2') => counts.get(pair) ?? 0,
      cut: (cut: boolean) => {
        isCut = cut;
      },
    };
  }
  const left = { type: 'left', id: nobodyOn(2) };

  it('says what belongs to one turn at once, and what is longer than 32 KB in several pieces', async () => {
    const { say, count, received } = await deliveries();
    const before = received() ?? 0;
    for (let n = 0; n < 20; n += 1) say(left);
    await until(() => received() === before + 20, 'all of the turn to be there');
    expect(count()).toBe(1);
    const long = { ...left, more: 'x'.repeat(16_000) };
    for (let n = 0; n < 5; n += 1) say(long);
    await until(() => received() === before + 25, 'the long ones to be there');
    expect(count()).toBe(1 + 2);
  });

  it.each([
    ['alone where it has no answer', left],
    ['with the answers', { type: 'move', number: 1, id: nobodyOn(2), token: 'none', received: 0 }],
  ])('is acked at once, %s', async (_how, message) => {
    const { say, count, unacked } = await deliveries();
    for (let n = 0; n < 20; n += 1) say(message);
    await until(() => unacked() === 0, 'the ack');
    expect(count('2 1')).toBe(1);
  });

  it('says again what the bus lost of a turn', async () => {
    const { say, cut, received, unacked, advance } = await deliveries();
    const before = received() ?? 0;
    cut(true);
    for (let n = 0; n < 20; n += 1) say(left);
    await advance(500);
    cut(false);
    await advance(3_000);
    expect([received(), unacked()]).toEqual([before + 20, 0]);
  });

  it('is heard though one message of a turn is none', async () => {
    const { say, received, two } = await deliveries();
    const before = received() ?? 0;
    say(left);
    say({ type: 'gibberish' });
    say(left);
    await until(() => received() === before + 3, 'all three to be there');
    expect(two.log.filter(({ event }) => event === 'node_message_invalid')).toHaveLength(1);
  });
});

describe('without the bus, where the nodes themselves are the bus', () => {
  it('the others are lost 3.5 s after it, their clients can come back here, and all comes back with it', async () => {
    const hub = new LocalBusHub({ hasBroker: false });
    const { one, two, a, b, epoch, advance } = await pairAcross(hub);
    b.pairing = { peer_id: a.id, epoch, initiator: false };
    hub.goAway();
    await advance(3_000);
    await a.settled();
    expect(a.inbox).toEqual([]);
    await advance(500);
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    const back = await keepsTryingAt(one, b, advance);
    expect(back.id).toBe(b.id);
    expect(await a.next('peer_back')).toMatchObject({ peer_id: b.id });
    hub.comeBack();
    await until(() => !two.server.parts.sessions.has(b.id), 'the older copy to be given up');
    back.send({ type: 'offer', sdp: 'from where it is now' });
    expect((await a.next('offer')).sdp).toBe('from where it is now');
  });
});

describe('without the bus', () => {
  it('pairs of one node go on, requests across nodes are refused at once, and all comes back', async () => {
    const { hub, one, two, a, b, advance } = await pairAcross();
    const [c, d] = [await one.connect(), await one.connect()];
    hub.goAway();
    c.send(ask(nobodyOn(2)));
    expect(await c.next('error')).toMatchObject({ code: 'unavailable', message: expect.any(String) });
    c.send({ type: 'pair_request', key: '0000-0000-0000' });
    expect(await c.next('error')).toMatchObject({ code: 'unavailable' });
    await pairUp(c, d);
    // However long: that a node is silent says nothing now.
    await advance(20_000);
    a.send({ type: 'offer', sdp: 'while the bus is away' });
    await a.settled();
    hub.comeBack();
    expect((await b.next('offer')).sdp).toBe('while the bus is away');
    expect([a.inbox, b.inbox, pairingsOn(two)]).toEqual([[], [], [{ negotiating: 'offered' }]]);
    const e = await two.connect();
    const f = await one.connect();
    await pairUp(e, f);
  });

  it('at the start as later, the log says so once, and once that it is there again', async () => {
    const hub = new LocalBusHub();
    hub.goAway();
    const { log } = await startTestServer({ node: 1 }, { bus: hub.bus(1) });
    const told = () =>
      log.filter(({ msg }) => /\bbus\b/.test(msg)).map(({ level, msg }) => `${level} ${msg}`);
    const [away, back] = [
      '40 The bus between the nodes is lost: ',
      '30 The bus between the nodes is connected',
    ];
    expect(told()).toEqual([expect.stringContaining(away)]);
    expect(told()[0]).toMatch(/Reconnecting/);
    hub.comeBack();
    expect(told()).toEqual([expect.stringContaining(away), back]);
    hub.goAway();
    hub.comeBack();
    expect(told().slice(2)).toEqual([expect.stringContaining(away), back]);
  });

  it('a node says that it is not ready, and why, until the bus is back', async () => {
    const hub = new LocalBusHub();
    const { server } = await startTestServer({ node: 1 }, { bus: hub.bus(1) });
    const readiness = async () => {
      const response = await fetch(new URL('/readyz', server.url.replace('ws:', 'http:')));
      return [response.status, await response.text()];
    };
    expect(await readiness()).toEqual([200, 'ready\n']);
    hub.goAway();
    expect(await readiness()).toEqual([503, expect.stringContaining('bus_away')]);
    hub.comeBack();
    expect(await readiness()).toEqual([200, 'ready\n']);
  });

  it('a request that is under way is refused', async () => {
    const { hub, one, two } = await twoNodes();
    const [a, b] = [await one.connect(), await two.connect()];
    hub.hold(() => {});
    a.send(ask(b.id));
    await until(() => one.server.parts.sessions.get(a.id)?.pendingPairRequest !== undefined, 'the request');
    hub.goAway();
    expect(await a.next('error')).toMatchObject({ code: 'unavailable' });
  });
});

describe('a link between two nodes', () => {
  it.each([
    ['warns of a node that has another secret', 'of nobody else', 1],
    ['says nothing of one that has the same', 'of all nodes', 0],
  ])('%s', async (_what, secret, warnings) => {
    const hub = new LocalBusHub();
    const one = await startTestServer({ node: 1, secret: 'of all nodes' }, { bus: hub.bus(1) });
    const two = await startTestServer({ node: 2, secret }, { bus: hub.bus(2) });
    const [a, b] = [await one.connect(), await two.connect()];
    await pairUp(a, b);
    const told = one.log.filter(({ msg }) => /Node 2 has another --secret: .*same --secret/.test(msg));
    expect(told).toHaveLength(warnings);
    expect(JSON.stringify(one.log)).not.toContain(secret);
  });

  it('that opens brings word of no sessions when there are none', async () => {
    const hub = new LocalBusHub();
    const bus = hub.bus(2);
    const sent: string[] = [];
    const send = bus.send.bind(bus);
    bus.send = (node, text) => {
      sent.push(text);
      send(node, text);
    };
    const one = await startTestServer({ node: 1 }, { bus: hub.bus(1) });
    const two = await startTestServer({ node: 2 }, { bus });
    const [a, b] = [await one.connect(), await two.connect()];
    await pairUp(a, b);
    expect(sent.filter((text) => text.includes('"hello"'))).not.toEqual([]);
    expect(sent.filter((text) => text.includes('"hosting"'))).toEqual([]);
  });

  it('that never opened ends without a word in the log', async () => {
    const { hub, one, advance } = await twoNodes();
    const stranger = hub.bus(3);
    await stranger.start({ received() {}, unreachable() {}, up() {}, down() {} });
    stranger.send(1, JSON.stringify({ node: 3, link: 1, to_link: 0, seq: 0, ack: 0 }));
    await until(() => one.server.parts.cluster?.links.links.has(3) === true, 'the link');
    await advance(5_000);
    expect(one.server.parts.cluster?.links.links.has(3)).toBe(false);
    expect(one.log.map(({ msg }) => msg).join()).not.toMatch(/Node 3/);
  });

  it('that fails is logged and ended, and the next one is made', async () => {
    const hub = new LocalBusHub();
    const one = await startTestServer({ node: 1 }, { bus: hub.bus(1) });
    const cluster = one.server.parts.cluster as Cluster;
    const { opened } = cluster;
    cluster.opened = () => {
      cluster.opened = opened;
      throw new RangeError('made to fail');
    };
    const two = await startTestServer({ node: 2 }, { bus: hub.bus(2) });
    await until(() => one.log.some(({ level }) => level === 50), 'the failure');
    expect(one.log.filter(({ level }) => level === 50)).toMatchObject([
      { event: 'node_link_failed', node: 2, effect: 'announceOpen' },
    ]);
    const isOpen = () => [one, two].every(({ server }) => server.parts.cluster?.links.open.length === 1);
    await until(isOpen, 'the next link', () => {
      for (const { clock } of [one, two]) clock.advance(500);
      return turn();
    });
    const [a, b] = [await one.connect(), await two.connect()];
    await pairUp(a, b);
  });

  it('brings what comes after a message that failed, and says afterwards what failed first', async () => {
    const { hub, one, two } = await twoNodes();
    const cluster = one.server.parts.cluster as Cluster;
    const received: string[] = [];
    cluster.received = (_node, { type }) => {
      received.push(type);
      throw new RangeError(`${received.length} made to fail`);
    };
    const failures: string[] = [];
    hub.hold((deliver) => {
      try {
        deliver();
      } catch (error) {
        failures.push((error as Error).message);
      }
    });
    for (const type of ['rooms_told', 'left'])
      two.server.parts.cluster?.links.send(1, { type, id: 'x' } as NodeMessage);
    await until(() => failures.length > 0, 'the failure');
    expect([received, failures]).toEqual([['rooms_told', 'left'], ['1 made to fail']]);
  });

  it('that is lost while a client is away leaves it away when the nodes find each other again', async () => {
    const { hold, one, two, advance, a, b } = await pairAcross();
    const held = hold();
    await advance(6_000);
    expect(await a.next('peer_away')).toMatchObject({ peer_id: b.id });
    b.socket.terminate();
    await until(() => two.server.parts.sessions.get(b.id)?.client.isOnline !== true, 'the loss');
    held.release();
    await advance(6_000);
    await until(
      () => [one, two].every(({ server }) => server.parts.cluster?.links.open.length === 1),
      'the link',
    );
    const back = await b.comeBack(two.server.url);
    expect(await a.next('peer_back')).toMatchObject({ peer_id: back.id });
    expect([pairingsOn(one).length, pairingsOn(two).length]).toEqual([1, 1]);
  });

  it('is given up when 65,536 messages wait for the other, and another one is made', async () => {
    const { hold, one, advance } = await twoNodes();
    const { links } = one.server.parts.cluster ?? {};
    const old = links?.links.get(2);
    const held = hold();
    for (let n = 0; n < 65_600; n += 1) links?.send(2, { type: 'left', id: 'nobody' });
    expect(old?.value).toBe('lost');
    held.release();
    await advance(6_000);
    await until(() => links?.isOpen(2) === true, 'the next link');
  });

  it('that is not answered is greeted each second, given up after 4 s, and begun anew by the next request', async () => {
    const { hub, one, advance } = await twoNodes();
    const greetings: { link: number; to_link: number }[] = [];
    const isGreeting = ({ link }: { link: number }) => link !== 0;
    const nothing = () => {};
    // A node that hears and never says anything.
    await hub.bus(3).start({
      received: (text) => void greetings.push(JSON.parse(text)),
      ...{ unreachable: nothing, up: nothing, down: nothing },
    });
    const a = await one.connect();
    const refusal = async () => {
      a.send(ask(nobodyOn(3)));
      await until(() => one.server.parts.sessions.get(a.id)?.pendingPairRequest !== undefined, 'the request');
      await advance(3_500);
      return (await a.next('error')).code;
    };
    expect(await refusal()).toBe('unavailable');
    const first = greetings.filter(isGreeting);
    expect(first.map(({ link, to_link }) => [link, to_link])).toEqual(Array(4).fill([first[0]?.link, 0]));
    await advance(1_000);
    expect(one.server.parts.cluster?.links.links.has(3)).toBe(false);
    expect(await refusal()).toBe('unavailable');
    expect(greetings.filter(isGreeting)[4]?.link).toBeGreaterThan(first[0]?.link as number);
  });

  it('that is not open yet is given up when the bus goes away', async () => {
    const { hub, one } = await twoNodes();
    const { links } = one.server.parts.cluster ?? {};
    hub.hold(() => {});
    links?.send(77, { type: 'left', id: 'nobody' });
    const link = links?.links.get(77);
    hub.goAway();
    expect(link?.value).toBe('lost');
  });

  it('that was begun while the bus was away has the whole 4 s from when it is back', async () => {
    const { hub, one, advance } = await twoNodes();
    const { links } = one.server.parts.cluster ?? {};
    hub.goAway();
    links?.send(77, { type: 'left', id: 'nobody' });
    const link = links?.links.get(77);
    await advance(3_000);
    expect(link?.value).toBe('greeting');
    // Nobody ever answers.
    hub.hold(() => {});
    hub.comeBack();
    await advance(2_500);
    expect(link?.value).toBe('greeting');
    await advance(1_500);
    expect(link?.value).toBe('lost');
  });
});

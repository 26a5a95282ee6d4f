/** A relay server's inspector over its feed: the network, its links, their records, and what is never told. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { diagnose } from '../../../src/inspector/records/diagnose-pairing.ts';
import { replay } from '../../../src/inspector/records/replay.ts';
import { sequenceOf } from '../../../src/inspector/records/sequence-diagram.ts';
import { isStep, type PairingRecord } from '../../../src/protocol/index.ts';
import {
  LOST_SHOWN_MS,
  MAX_EVENTS,
  MAX_GONE,
  MAX_TEXT_CHARS,
  RelayHistory,
} from '../../../src/server/relay/relay-history.ts';
import { MAX_HOSTS, relayNetwork } from '../../../src/server/relay/relay-network.ts';
import { RelayServer } from '../../../src/server/relay/relay-server.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { openFeed, type TestFeed } from '../../support/inspect-feed.ts';
import { ELEVEN, RelayNetwork, untilTrue } from '../../support/relay/relay-network.ts';
import { serveRelay } from '../../support/relay/relay-page.ts';
import { raw } from '../../support/relay/relay-raw-host.ts';

let network: RelayNetwork;
let clock: ManualClock;
beforeEach(() => {
  network = new RelayNetwork();
  clock = new ManualClock();
});
afterEach(() => network.end());

/** Opens the feed of a server that is there, and is welcome. */
async function look(id: number): Promise<TestFeed> {
  const feed = await openFeed(await serveRelay(network.server(id)));
  expect((await feed.next('hello')).machines).toEqual(['relay-link']);
  return feed;
}

const texts = (record: PairingRecord) => diagnose(record).map(({ text }) => text);
const linkTo = async (feed: TestFeed, id: number): Promise<number> => {
  const { rows } = await feed.list({ of: 'relay-link', query: String(id) });
  return rows.at(-1)?.epoch as number;
};

describe('the network', () => {
  it('is told to whoever looks, as the server knows it, with its parent and the links that are its own', async () => {
    await network.addTree(ELEVEN);
    await network.join(2, 100, 'Ada', 'likes chess');
    await network.join(10, 101, 'Bob');
    await untilTrue('server 2 knows Bob', () => network.known(2).includes(101));
    const feed = await look(2);
    const { network: told } = await feed.next('network');
    expect(told).toMatchObject({ id: 2, name: 'server 2', info: 'info 2', parent_id: 1, hidden: 0 });
    expect(told.hosts.map(({ id }) => id)).toEqual([1, 4, 5, 3, 6, 7, 8, 9, 10, 11, 100, 101]);
    const host = (id: number) => told.hosts.find((each) => each.id === id);
    expect(host(100)).toEqual({
      id: 100,
      kind: 'client',
      name: 'Ada',
      info: 'likes chess',
      first_link: 100,
      link: expect.any(Number),
    });
    expect(host(101)).toEqual({ id: 101, kind: 'client', name: 'Bob', info: '', first_link: 4 });
  });

  it('is told again within a second when it changed, and not when it did not', async () => {
    await network.add(1, undefined, { clock });
    const feed = await look(1);
    await feed.next('network');
    clock.advance(1_000);
    await feed.next('population');
    await feed.next('network');
    clock.advance(3_000);
    for (let i = 0; i < 3; i += 1) await feed.next('population');
    expect(feed.inbox.filter(({ type }) => type === 'network')).toEqual([]);
    const ada = await network.join(1, 100, 'Ada');
    clock.advance(1_000);
    expect((await feed.next('network')).network.hosts).toMatchObject([{ id: 100, name: 'Ada' }]);
    ada.send(raw.clientQuit(100, 'bye'));
    await untilTrue('Ada is gone', () => network.known(1).length === 0);
    clock.advance(1_000);
    expect((await feed.next('network')).network.hosts).toEqual([]);
  });

  it(`has at most ${MAX_HOSTS} hosts, servers first, and at most ${MAX_TEXT_CHARS} characters of what each says`, async () => {
    const server = await network.add(1);
    const { table } = server.node;
    for (let id = 2; id <= MAX_HOSTS + 12; id += 1)
      table.add({ id, kind: 'client', name: `client ${id}`, info: 'x'.repeat(60_000), firstHop: 2 });
    table.add({ id: 9_999, kind: 'server', name: 'last', info: '', firstHop: 2 });
    const { hosts, hidden } = relayNetwork(server.node);
    expect(hosts).toHaveLength(MAX_HOSTS);
    expect(hidden).toBe(12);
    expect(hosts[0]?.id).toBe(9_999);
    expect(Math.max(...hosts.map(({ info }) => info.length))).toBe(MAX_TEXT_CHARS);
  });

  it('has the newest of the status log', async () => {
    await network.add(1);
    const ada = await network.join(1, 100);
    ada.send(raw.status(100, 1, 7, 'a word for the operator'));
    await network.add(2, 1);
    const other = await network.connect(2);
    other.send(raw.server(3));
    await other.next('server');
    other.send(raw.status(3, 2, 7, 'to server 2'));
    await untilTrue('server 2 has a status', () => network.view(2).status_log.length === 1);
    expect(relayNetwork(network.server(2).node).status_log).toEqual(['to server 2']);
  });
});

describe('what happened in the network', () => {
  it('is told with its time: who joined, left, moved, was lost and was refused, over which link and why', async () => {
    await network.add(1, undefined, { clock });
    await network.add(2, 1);
    await network.add(3, 1);
    const feed = await look(1);
    const ada = await network.join(2, 100, 'Ada');
    await untilTrue('server 1 knows Ada', () => network.known(1).includes(100));
    ada.send(raw.clientQuit(100, 'our secret'));
    await untilTrue('Ada is gone', () => !network.known(1).includes(100));
    await network.join(3, 100, 'Ada');
    await untilTrue('server 1 knows Ada again', () => network.known(1).includes(100));
    const third = await network.connect(1);
    third.send(raw.server(3));
    await third.next('status');
    await network.kill(3);
    await untilTrue('server 3 is gone', () => !network.known(1).includes(3));
    clock.advance(1_000);
    const { network: told } = await feed.next('network', ({ network }) => network.events.length >= 7);
    const server = (id: number) => ({ host: { id, kind: 'server', name: `server ${id}` }, over: id });
    const client = { host: { id: 100, kind: 'client', name: 'Ada' } };
    const at = clock.wallTime() - 1_000;
    const event = { at, more: 0 };
    expect(told.events).toEqual([
      { ...event, kind: 'joined', ...server(2) },
      { ...event, kind: 'joined', ...server(3) },
      { ...event, kind: 'joined', ...client, over: 2 },
      { ...event, kind: 'left', ...client, over: 2, reason: 'it quit' },
      { ...event, kind: 'moved', ...client, over: 3, from: 2 },
      {
        ...event,
        kind: 'refused',
        host: { id: 3, kind: 'server', name: expect.any(String) },
        over: 3,
        reason: 'its id is in use',
      },
      { ...event, kind: 'lost', ...server(3), more: 1, reason: 'the other end closed it' },
    ]);
  });

  it('keeps lost hosts with the reason for some seconds, and takes them away when they are back', async () => {
    await network.add(1, undefined, { clock });
    await network.add(2, 1);
    await network.join(2, 100, 'Ada');
    await untilTrue('server 1 knows Ada', () => network.known(1).includes(100));
    const server = network.server(1);
    const shown = () => relayNetwork(server.node).hosts.map(({ id, lost }) => [id, lost]);
    await network.kill(2);
    await untilTrue('server 2 is gone', () => network.known(1).length === 0);
    expect(shown()).toEqual([
      [2, 'the other end closed it'],
      [100, 'the other end closed it'],
    ]);
    clock.advance(LOST_SHOWN_MS - 1);
    expect(shown()).toHaveLength(2);
    await network.join(1, 100, 'Ada');
    expect(shown()).toEqual([
      [2, 'the other end closed it'],
      [100, undefined],
    ]);
    clock.advance(1);
    expect(shown()).toEqual([[100, undefined]]);
  });

  it('is bounded, whoever joins and is refused how often, whatever they call themselves', () => {
    const history = new RelayHistory(clock);
    const long = 'n'.repeat(60_000);
    const host = (id: number, firstHop: number) =>
      ({ id, kind: 'client', name: long, info: long, firstHop }) as const;
    for (let id = 2; id < 1_000; id += 1) {
      history.joined(host(id, id));
      history.gone('lost', [host(id, id), host(id + 10_000, id)], 'the other end closed it');
      history.refused('its id is in use', host(id, id));
    }
    expect(history.events).toHaveLength(MAX_EVENTS);
    expect(history.lost).toHaveLength(MAX_GONE);
    expect(JSON.stringify([history.events, history.lost]).length).toBeLessThan(500_000);
    expect(history.lost.at(-1)?.id).toBe(10_999);
  });

  it('is one event if it happens to many at once over one link, and two if not at once', () => {
    const history = new RelayHistory(clock);
    const host = (id: number) => ({ id, kind: 'client', name: 'a', info: '', firstHop: 2 }) as const;
    for (let id = 3; id < 50; id += 1) history.joined(host(id));
    expect(history.events).toMatchObject([{ host: { id: 3 }, more: 46 }]);
    clock.advance(1_000);
    history.joined(host(50));
    expect(history.events).toMatchObject([{ more: 46 }, { host: { id: 50 }, more: 0 }]);
  });
});

describe('a host that is gone', () => {
  it('has moved if it is back over another link within a minute, else it has joined', () => {
    const history = new RelayHistory(clock);
    const over = (firstHop: number, id = 100) =>
      ({ id, kind: 'client', name: 'Ada', info: '', firstHop }) as const;
    const kinds = () => history.events.map(({ kind }) => kind);
    history.gone('lost', [over(2)], 'its link was lost');
    history.joined(over(2));
    history.gone('lost', [over(2)], 'its link was lost');
    clock.advance(59_999);
    history.joined(over(3));
    history.gone('lost', [over(3)], 'its link was lost');
    clock.advance(60_000);
    history.joined(over(2));
    expect(kinds()).toEqual(['lost', 'joined', 'lost', 'moved', 'lost', 'joined']);
    // Those that come from different links did not move at once.
    history.gone('left', [over(2)], 'it quit');
    history.gone('left', [over(3, 101)], 'it quit');
    history.joined(over(4));
    history.joined(over(4, 101));
    expect(history.events.slice(-2)).toMatchObject([
      { kind: 'moved', from: 2, more: 0 },
      { kind: 'moved', from: 3, more: 0 },
    ]);
  });

  it('was lost though it was not linked to this server; who breaks the protocol at once was refused, who only hangs up was not', async () => {
    await network.add(1);
    await network.add(2, 1);
    const ada = await network.join(2, 100, 'Ada');
    await untilTrue('server 1 knows Ada', () => network.known(1).includes(100));
    ada.socket.destroy();
    await untilTrue('Ada is gone', () => !network.known(1).includes(100));
    const { node } = network.server(1);
    const shy = await network.connect(1);
    await untilTrue('it is linked', () => node.links.size === 2);
    shy.socket.destroy();
    await untilTrue('the link is gone', () => node.links.size === 1);
    const hasty = await network.connect(1);
    hasty.send(raw.chat(5, 1, 'hello'));
    await hasty.closed();
    expect(node.history.events.slice(-2).map(({ kind, host, reason }) => [kind, host?.id, reason])).toEqual([
      ['lost', 100, 'its link was lost'],
      ['refused', undefined, 'it sent something else before it registered'],
    ]);
  });
});

describe("the links' traffic", () => {
  it('is told once a second, in messages and bytes each way, and not again while there is none', async () => {
    await network.add(1, undefined, { clock });
    const ada = await network.join(1, 100, 'Ada');
    const bob = await network.join(1, 101, 'Bob');
    const feed = await look(1);
    clock.advance(1_000);
    expect((await feed.next('traffic')).links).toEqual([]);
    const chat = raw.chat(100, 101, 'x'.repeat(100));
    ada.send(chat, chat, chat);
    await bob.has(3, 'chat');
    clock.advance(1_000);
    const bytes = 3 * chat.length;
    const idle = { messages_in: 0, bytes_in: 0, messages_out: 0, bytes_out: 0 };
    expect((await feed.next('traffic')).links).toEqual([
      { ...idle, id: 100, messages_in: 3, bytes_in: bytes },
      { ...idle, id: 101, messages_out: 3, bytes_out: bytes },
    ]);
    clock.advance(3_000);
    expect((await feed.next('traffic')).links).toEqual([]);
    await feed.next('population', ({ machines }) => machines['relay-link'] !== undefined);
    expect(feed.inbox.filter(({ type }) => type === 'traffic')).toEqual([]);
  });
});

describe('a link', () => {
  it('is counted, listed with host and name, and found by either', async () => {
    await network.add(1, undefined, { clock });
    await network.add(2, 1);
    await network.join(1, 100, 'Ada');
    await network.connect(1);
    await untilTrue('all links are there', () => network.server(1).node.links.size === 3);
    const feed = await look(1);
    expect((await feed.list({ of: 'relay-link' })).rows).toMatchObject([
      { id: '2', name: 'server 2', state: 'adjacentServer' },
      { id: '100', name: 'Ada', state: 'adjacentClient' },
      { id: '', state: 'accepted' },
    ]);
    expect((await feed.list({ of: 'relay-link', query: 'ADA' })).total).toBe(1);
    expect((await feed.list({ of: 'relay-link', state: 'relay-link.accepted' })).total).toBe(1);
    clock.advance(1_000);
    const { machines } = await feed.next('population');
    expect(machines['relay-link']).toMatchObject({ total: 3, counts: { 'relay-link.adjacentServer': 1 } });
    const below = await look(2);
    expect((await below.list({ of: 'relay-link' })).rows).toMatchObject([{ id: '1 (parent)' }]);
  });

  it('that opens while somebody looks has a record from its first step to its end', async () => {
    await network.add(1);
    const feed = await look(1);
    const ada = await network.join(1, 100, 'Ada');
    const link = await linkTo(feed, 100);
    ada.send(raw.chat(100, 100, 'to myself'), raw.chat(100, 999, 'to nobody'), raw.chat(55, 100, 'forged'));
    ada.send(raw.client(100, 0), raw.clientQuit(100, 'bye'));
    await ada.closed();
    const record = await feed.record(link);
    expect(record.header).toMatchObject({ kind: 'link', epoch: link, responder_id: '1' });
    expect(record.lines.filter(isStep).map(({ event }) => event.type)).toEqual([
      'xstate.init',
      'CLIENT_REGISTERED',
      'CHAT_RECEIVED',
      'CHAT_RECEIVED',
      'CHAT_RECEIVED',
      'CLIENT_REGISTERED',
      'CLIENT_QUIT',
    ]);
    expect(record.lines.at(-1)).toMatchObject({ end: 'over' });
    expect(texts(record)).toEqual([
      'Client 100 registered.',
      'It was passed over: a chat or quit in the name of another host.',
      'A registration was refused: the id is in use.',
      'The link was closed: it quit.',
    ]);
    expect(replay(record)).toMatchObject({ steps: 0, changedMachines: [], parting: undefined });
  });

  it('is followed live from where it is, when it was there before', async () => {
    await network.addTree([[1], [2, 1]]);
    const ada = await network.join(2, 100);
    await untilTrue('server 1 knows Ada', () => network.known(1).includes(100));
    const bob = await network.join(1, 101);
    const feed = await look(1);
    const link = await linkTo(feed, 2);
    const record = await feed.record(link);
    expect(record.lines).toMatchObject([
      { of: 'link', first: { value: 'adjacentServer', context: { hostId: 2, isParent: false } } },
    ]);
    ada.send(raw.chat(100, 101, 'hello'));
    await bob.next('chat');
    const { line } = await feed.next('line');
    expect(line).toMatchObject({
      event: { type: 'CHAT_RECEIVED', destination: 'known', isFromBehind: true },
      effects: [{ type: 'forward' }],
      message: { type: 'client_chat', from: 100, to: 101, bytes: 5 },
    });
    const [row] = sequenceOf({ ...record, lines: [line] });
    expect(row?.arrows).toEqual([
      { from: 'initiator', to: 'server', text: 'client_chat · 100 → 101 · 5 B' },
      { from: 'server', to: 'responder', text: 'client_chat · 100 → 101 · 5 B' },
    ]);
    ada.socket.destroy();
    await bob.next('client_quit');
    const below = await look(2);
    expect(texts(await below.record(await linkTo(below, 1)))[0]).toBe(
      'Host 1 registered before anybody looked.',
    );
  });

  it('tells nothing of what is said over it, nor an address', async () => {
    await network.add(1, undefined, { clock });
    const feed = await look(1);
    const heard: string[] = [];
    feed.socket.on('message', (data) => heard.push(String(data)));
    const ada = await network.join(1, 100, 'Ada');
    const bob = await network.join(1, 101, 'Bob');
    feed.send({ type: 'watch', epoch: await linkTo(feed, 100) });
    ada.send(
      raw.chat(100, 101, 'our secret'),
      raw.chat(100, 999, 'our secret'),
      raw.status(100, 101, 9, 'our secret'),
    );
    await bob.next('chat');
    ada.send(raw.clientQuit(100, 'our secret'));
    await ada.closed();
    const server = await network.connect(1);
    server.send(raw.server(7), raw.serverQuit(7, 1, '203.0.113.9:4711'));
    await server.closed();
    clock.advance(1_000);
    await feed.next('population');
    await feed.record(await linkTo(feed, 7));
    expect(heard.length).toBeGreaterThan(8);
    for (const secret of ['our secret', '203.0.113.9', '127.0.0.1'])
      expect(heard.filter((text) => text.includes(secret))).toEqual([]);
  });
});

describe('the page of a relay server', () => {
  it('is this machine only, or with a token who knows it; with --no-inspect it is not there', async () => {
    await network.add(1);
    const path = (port: number) => `http://127.0.0.1:${port}/inspect/`;
    const { port } = await serveRelay(network.server(1));
    const page = await fetch(path(port));
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect((await fetch(path(port), { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(403);
    const closed = await serveRelay(network.server(1), { inspect: false });
    expect((await fetch(path(closed.port))).status).toBe(404);
    const feed = await openFeed(await serveRelay(network.server(1), { inspectToken: 'right' }));
    await feed.next('token_needed');
    expect(feed.inbox).toEqual([]);
    feed.send({ type: 'auth', token: 'right' });
    await feed.next('hello');
    await feed.next('network');
  });

  it('costs its links nothing while nobody looks: their host has no observer then', async () => {
    const server = new RelayServer({
      id: 1,
      name: 'alone',
      info: '',
      host: '127.0.0.1',
      port: 0,
      log: pino({ level: 'silent' }),
      clock,
    });
    await server.start();
    const http = await serveRelay(server);
    expect(server.node.host.observer).toBeUndefined();
    const feed = await openFeed(http);
    await feed.next('hello');
    expect(server.node.host.observer).toBeDefined();
    feed.socket.close();
    await untilTrue('the page has left', () => http.inspector.viewerCount === 0);
    clock.advance(11_000);
    expect(server.node.host.observer).toBeUndefined();
    await server.kill();
  });
});

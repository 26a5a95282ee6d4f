/** One inspector for several workers: a page sees all of them, whichever it is at. The workers of these tests are one process. */
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import {
  isEvidence,
  isStep,
  type Lane,
  type PairingRecord,
  type RecordLine,
} from '../../../src/protocol/index.ts';
import { LocalBusHub } from '../../../src/server/cluster/bus/local-bus.ts';
import type { ServerOptions } from '../../../src/server/index.ts';
import { FleetPages } from '../../../src/server/workers/fleet-pages.ts';
import { PageRelay } from '../../../src/server/workers/page-relay.ts';
import type { RawClient } from '../../support/clients/raw-client.ts';
import { openFeed, type TestFeed } from '../../support/inspect-feed.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';
import { PATIENCE_MS } from '../../support/wait-timeouts.ts';

interface Fleet {
  readonly relay: PageRelay;
  readonly workers: readonly TestServer[];
  /** Starts the next worker. */
  readonly add: () => Promise<TestServer>;
}

/** Workers 1 to `count`, each the node of its number. */
async function startFleet(count = 2, options: Partial<ServerOptions> = {}): Promise<Fleet> {
  const hub = new LocalBusHub();
  const relay = new PageRelay();
  const workers: TestServer[] = [];
  const add = async () => {
    const worker = workers.length + 1;
    const pages = new FleetPages((request) => relay.asked(worker, request));
    const testServer = await startTestServer(
      { ...options, node: worker },
      {
        bus: hub.bus(worker),
        fleet: {
          workers: count,
          pages,
          metricsText: async () => '',
          drain() {},
          limitsChanged() {},
        },
      },
    );
    pages.serve(testServer.server.parts.inspector);
    relay.join(worker, worker, (notice) => pages.noticed(notice));
    workers.push(testServer);
    return testServer;
  };
  while (workers.length < count) await add();
  return { relay, workers, add };
}

/** A second goes by at all of them; the page's own last, as it sends what the others said. */
async function tick({ workers }: Fleet, pageAt = 0): Promise<void> {
  const [at] = workers.slice(pageAt, pageAt + 1);
  for (const worker of workers) if (worker !== at) await worker.clock.advance(1_000);
  await at?.clock.advance(1_000);
}

async function openAll({ workers }: Fleet): Promise<TestFeed[]> {
  const feeds = await Promise.all(workers.map(({ server }) => openFeed(server)));
  for (const feed of feeds) await feed.next('hello');
  return feeds;
}

/** As Prometheus counts them. */
async function pairingsOf({ server }: TestServer): Promise<number> {
  const metrics = await server.parts.metrics.values();
  const { values = [] } = metrics.find(({ name }) => name === 'pairlane_pairings') ?? {};
  return values.reduce((sum, { value }) => sum + value, 0);
}

describe('the page of one of several workers', () => {
  it('says how many there are, not which one it is at', async () => {
    const [worker] = (await startFleet()).workers as [TestServer];
    const hello = await (await openFeed(worker.server)).next('hello');
    expect(hello).toMatchObject({ workers: 2 });
    expect(hello.node).toBeUndefined();
  });

  it('disturbs signals at all of them, and every page is told', async () => {
    const fleet = await startFleet(2, { chaosButtons: true });
    const feeds = await openAll(fleet);
    for (const feed of feeds) expect(await feed.next('chaos')).toMatchObject({ rules: '' });
    feeds[0]?.send({ type: 'chaos', rules: 'drop=offer' });
    for (const feed of feeds) expect(await feed.next('chaos')).toMatchObject({ rules: 'drop=offer' });
    for (const { server } of fleet.workers)
      expect([...(server.parts.chaos?.rules?.drop ?? [])]).toEqual(['offer']);
  });

  it('lists and counts the sessions of all, the same at each', async () => {
    const fleet = await startFleet(3);
    const clients = [];
    for (const worker of fleet.workers) clients.push(await worker.connect(), await worker.connect());
    const ids = clients.map(({ id }) => id).sort();
    for (const feed of await openAll(fleet)) {
      const { total, rows } = await feed.list({ of: 'session' });
      expect(total).toBe(6);
      expect(rows.map(({ id }) => id).sort()).toEqual(ids);
    }
    const feed = await openFeed((fleet.workers[1] as TestServer).server);
    await feed.next('hello');
    await tick(fleet, 1);
    const { machines } = await feed.next('population');
    expect(machines.session?.total).toBe(6);
    expect(machines.session?.counts['session.present']).toBe(6);
  });

  it('turns the pages of a list of all: each session once, in the order in which they came', async () => {
    const fleet = await startFleet();
    const [one, two] = fleet.workers as [TestServer, TestServer];
    for (let i = 0; i < 130; i += 1) {
      await (i % 3 === 0 ? two : one).connect();
      for (const { clock } of fleet.workers) await clock.advance(10);
    }
    const [feed] = (await openAll(fleet)) as [TestFeed];
    const first = await feed.list({ of: 'session', sort: 'newest' });
    const second = await feed.list({ of: 'session', sort: 'newest', offset: 100 });
    const rows = [...first.rows, ...second.rows];
    expect([first.total, first.rows.length, second.rows.length]).toEqual([130, 100, 30]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(130);
    const ages = rows.map(({ age_ms }) => age_ms);
    expect(ages).toEqual([...ages].sort((a, b) => a - b));
    const oldest = await feed.list({ of: 'session', sort: 'oldest', offset: 100 });
    expect(oldest.rows.map(({ id }) => id)).toEqual(
      rows
        .slice(0, 30)
        .map(({ id }) => id)
        .reverse(),
    );
  });

  it('shows a pairing across two workers once, with both clients and what each told of itself', async () => {
    const fleet = await startFleet();
    const [one, two] = fleet.workers as [TestServer, TestServer];
    const feeds = await openAll(fleet);
    const [ada, bob] = [await one.connect(), await two.connect()];
    ada.send({ type: 'pair_request', target_id: bob.id });
    await Promise.all([ada.next('paired'), bob.next('paired')]);
    ada.send({ type: 'offer', sdp: 'v=0' });
    await bob.next('offer');
    bob.send({ type: 'answer', sdp: 'v=0' });
    await ada.next('answer');
    for (const client of [ada, bob]) client.send({ type: 'evidence', at: { signaling: 1 } });
    for (const feed of feeds) {
      const { total, rows } = await feed.list({ of: 'pairing' });
      expect([total, rows.length]).toEqual([1, 1]);
      expect(rows[0]).toMatchObject({ id: ada.id, peer_id: bob.id });
      const record = await feed.record(rows[0]?.epoch as number);
      const steps = record.lines.filter(isStep);
      expect(new Set(steps.map(({ of }) => of))).toEqual(new Set(['initiator', 'pairing', 'responder']));
      const sides = record.lines.filter(isEvidence).map(({ side }) => side);
      expect(new Set(sides)).toEqual(new Set(['initiator', 'responder']));
      bob.send({ type: 'evidence', at: { signaling: 2 } });
      await feed.next('line', ({ line }) => isEvidence(line) && line.side === 'responder');
    }
  });

  it('counts a pairing across two workers once, in its state and in its transitions', async () => {
    const fleet = await startFleet();
    const [one, two] = fleet.workers as [TestServer, TestServer];
    const [ada, bob] = [await one.connect(), await two.connect()];
    for (const pageAt of [0, 1]) {
      const feed = await openFeed((fleet.workers[pageAt] as TestServer).server);
      await feed.next('hello');
      ada.send({ type: 'pair_request', target_id: bob.id });
      await Promise.all([ada.next('paired'), bob.next('paired')]);
      ada.send({ type: 'offer', sdp: 'v=0' });
      await bob.next('offer');
      expect([await pairingsOf(one), await pairingsOf(two)]).toEqual([1, 0]);
      await tick(fleet, pageAt);
      const { pairing } = (
        await feed.next('population', ({ machines }) => (machines.pairing?.total ?? 0) > 0)
      ).machines;
      expect(pairing).toMatchObject({ total: 1, counts: { 'pairing.negotiating.offered': 1 } });
      expect(new Set(Object.values(pairing?.rates ?? {}))).toEqual(new Set([1]));
      ada.send({ type: 'unpair' });
      await bob.next('peer_disconnected');
      feed.socket.close();
      await until(() => fleet.workers.every(({ server }) => server.parts.inspector.viewerCount === 0));
    }
  });

  describe('follows an open record when a client comes back to another worker', () => {
    type Place = 0 | 1 | 2;

    /** Two paired clients that can come back, and a page with the record of their pairing. */
    async function openPairing(at: { ada: Place; bob: Place; page: Place }) {
      const fleet = await startFleet(3);
      const workers = fleet.workers as [TestServer, TestServer, TestServer];
      const feed = await openFeed(workers[at.page].server);
      await feed.next('hello');
      const ada = await workers[at.ada].connectResumable();
      const bob = await workers[at.bob].connectResumable();
      ada.send({ type: 'pair_request', target_id: bob.id });
      const [{ epoch }] = await Promise.all([ada.next('paired'), bob.next('paired')]);
      const record = await feed.record(Number(epoch));
      return { fleet, feed, ada, bob, record, url: (worker: Place) => workers[worker].server.url };
    }

    /** The record as the page has it: as sent last, with what came since. */
    function shownAt({ inbox }: TestFeed, first: PairingRecord): PairingRecord {
      let { header, lines } = first;
      for (const message of inbox) {
        if (message.type === 'record') ({ header, lines } = message.record);
        else if (message.type === 'line') lines = [...lines, message.line];
      }
      return { header, lines };
    }

    /** Waits for a line, without taking it from what the page has been sent. */
    async function until(feed: TestFeed, first: PairingRecord, fact: (line: RecordLine) => boolean) {
      const has = () => shownAt(feed, first).lines.some(fact);
      while (!has()) await once(feed.socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
      return shownAt(feed, first);
    }

    const stepsOf = ({ lines }: PairingRecord, lane: Lane) =>
      lines.filter(isStep).flatMap(({ of, event }) => (of === lane ? event.type : []));
    const isEvidenceOf = (side: string, ice: string) => (line: RecordLine) =>
      isEvidence(line) && line.side === side && line.evidence.ice === ice;
    const isEnd = (line: RecordLine) => 'end' in line;

    it.each<{ who: 'ada' | 'bob'; ada: Place; bob: Place; page: Place; to: Place }>([
      { who: 'bob', ada: 0, bob: 0, page: 0, to: 1 },
      { who: 'ada', ada: 0, bob: 0, page: 0, to: 1 },
      { who: 'ada', ada: 0, bob: 0, page: 2, to: 1 },
      { who: 'ada', ada: 0, bob: 1, page: 0, to: 1 },
      { who: 'bob', ada: 0, bob: 1, page: 2, to: 0 },
      { who: 'ada', ada: 0, bob: 1, page: 1, to: 2 },
      { who: 'bob', ada: 0, bob: 1, page: 0, to: 2 },
    ])('$who to $to, of $ada and $bob, at a page of $page', async ({ who, to, ...at }) => {
      const { feed, ada, bob, record, url } = await openPairing(at);
      ada.send({ type: 'offer', sdp: 'v=0' });
      await bob.next('offer');
      for (const client of [ada, bob]) client.send({ type: 'evidence', ice: 'checking' });
      for (const side of ['initiator', 'responder'])
        await until(feed, record, isEvidenceOf(side, 'checking'));
      const gone = who === 'ada' ? ada : bob;
      const back = await gone.comeBack(url(to));
      const [a, b] = who === 'ada' ? [back, bob] : [ada, back];
      b.send({ type: 'answer', sdp: 'v=0' });
      await a.next('answer');
      back.send({ type: 'evidence', ice: 'connected' });
      const side = who === 'ada' ? 'initiator' : 'responder';
      const { lines } = await until(feed, record, isEvidenceOf(side, 'connected'));
      const shown = { ...record, lines };
      expect(stepsOf(shown, 'pairing')).toEqual(
        expect.arrayContaining(['FORMED', 'OFFER_RECEIVED', 'ANSWER_RECEIVED']),
      );
      // Each once, as one pairing.
      for (const type of ['OFFER_RECEIVED', 'ANSWER_RECEIVED'])
        expect(stepsOf(shown, 'pairing').filter((one) => one === type)).toEqual([type]);
      expect(stepsOf(shown, side)).toContain('MOVED');
      for (const each of ['initiator', 'responder'])
        expect(lines.some(isEvidenceOf(each, 'checking'))).toBe(true);
      expect(lines.some(isEnd)).toBe(false);
      a.send({ type: 'unpair' });
      await b.next('peer_disconnected');
      const whole = await until(feed, record, isEnd);
      expect(whole.lines.filter(isEnd)).toEqual([whole.lines.at(-1)]);
      expect(whole.lines.filter(isStep).findLast(({ of }) => of === 'pairing')?.to).toBe('disconnected');
      // A page that comes now is shown the same.
      const later = await openFeed({ port: new URL(url(at.page)).port });
      await later.next('hello');
      const again = await later.record(record.header.epoch);
      expect(stepsOf(again, 'pairing')).toEqual(stepsOf(whole, 'pairing'));
    });

    it('also to a worker that started only after the record was opened', async () => {
      const { fleet, feed, ada, bob, record } = await openPairing({ ada: 0, bob: 0, page: 0 });
      fleet.relay.leave(3);
      const { server } = await fleet.add();
      ada.send({ type: 'offer', sdp: 'v=0' });
      await bob.next('offer');
      const back = await bob.comeBack(server.url);
      back.send({ type: 'evidence', ice: 'connected' });
      const { lines } = await until(feed, record, isEvidenceOf('responder', 'connected'));
      expect(lines.some(isEnd)).toBe(false);
    });

    it('and shows what the client itself does there, and did before', async () => {
      const { feed, ada, record, url } = await openPairing({ ada: 0, bob: 1, page: 2 });
      feed.send({ type: 'trail', id: ada.id });
      await feed.next('record', (message) => message.record.header.kind === 'session');
      const back = await ada.comeBack(url(1));
      const isOf = (type: string) => (line: RecordLine) => isStep(line) && line.event.type === type;
      back.send({ type: 'pair_request', key: '000 000' });
      await back.next('error');
      const isRefused = (line: RecordLine) =>
        isStep(line) && line.effects.some(({ type }) => type === 'refuse');
      const { header, lines } = await until(feed, record, isRefused);
      expect(header).toMatchObject({ kind: 'session', initiator_id: ada.id });
      expect(lines.findIndex(isOf('MOVED'))).toBeGreaterThanOrEqual(0);
      expect(lines.findIndex(isOf('MOVED'))).toBeLessThan(lines.findIndex(isRefused));
    });

    it('and says where it stopped when the worker dies that had both', async () => {
      const { fleet, feed, record } = await openPairing({ ada: 1, bob: 1, page: 0 });
      fleet.relay.leave(2);
      const { lines } = await until(feed, record, isEnd);
      expect(lines.at(-1)).toMatchObject({ end: 'server_stopped' });
    });
  });

  it('shows what a session of another worker did', async () => {
    const fleet = await startFleet();
    const [, two] = fleet.workers as [TestServer, TestServer];
    const [feed] = (await openAll(fleet)) as [TestFeed];
    const bob = await two.connect();
    bob.send({ type: 'pair_request', key: '000 000' });
    await bob.next('error');
    feed.send({ type: 'trail', id: bob.id });
    const { record } = await feed.next('record');
    expect(record.header.initiator_id).toBe(bob.id);
    expect(
      record.lines.some((line) => isStep(line) && line.effects.some(({ type }) => type === 'refuse')),
    ).toBe(true);
    await tick(fleet);
    const { recent } = await feed.next('refusals', (message) => message.recent.length > 0);
    expect(recent).toMatchObject([{ id: bob.id }]);
    feed.send({ type: 'trail', id: 'nobody' });
    expect(await feed.next('no_session')).toMatchObject({ id: 'nobody' });
    feed.send({ type: 'watch', epoch: 1 });
    expect(await feed.next('not_found')).toMatchObject({ epoch: 1 });
  });

  it('shows a room across workers once: each member with its worker, each edge once, what is missing counted once', async () => {
    const fleet = await startFleet(3);
    const members: RawClient[] = [];
    for (const worker of fleet.workers) {
      const member = await worker.connect(8);
      members.push(member);
      member.send({ type: 'join_room', room: 'den', create: { topology: 'mesh' } });
      const sizes = () =>
        fleet.workers.map(
          ({ server }) => server.parts.signaling.rooms.find('', 'den')?.memberships.size ?? 0,
        );
      await until(() => sizes().every((size) => size === members.length));
    }
    const [a, b, c] = members as [RawClient, RawClient, RawClient];
    const statesAt = ({ server }: TestServer) =>
      [...server.parts.signaling.rooms.edges.all].map(({ value }) => value);
    await until(() => fleet.workers.flatMap(statesAt).filter((state) => state === 'connecting').length === 6);
    const feeds = await openAll(fleet);
    for (const feed of feeds) {
      feed.send({ type: 'room', app: '', room: 'den' });
      const { room } = await feed.next('room');
      expect(room).toMatchObject({
        members: 3,
        edges: { wanted: 3, missing: 0, connecting: 3, unknown: 0 },
        shown_members: members.map(({ id }, at) => ({ id, node: at + 1 })),
      });
      const ends = room.shown_edges.map((edge) => `${edge.initiator_id} ${edge.responder_id}`);
      expect(ends.sort()).toEqual([`${b.id} ${a.id}`, `${c.id} ${a.id}`, `${c.id} ${b.id}`].sort());
    }
    const epoch = [...(fleet.workers[2] as TestServer).server.parts.pairings].find(
      ({ responder }) => responder.id === b.id,
    )?.epoch;
    b.send({ type: 'reject', epoch });
    await until(() => fleet.workers.flatMap(statesAt).some((state) => state === 'missing'));
    await tick(fleet, 1);
    const [, feed] = feeds as [TestFeed, TestFeed];
    const { room } = await feed.next('room', (message) => message.room.edges.missing > 0);
    expect(room.edges).toMatchObject({ missing: 1, connecting: 2 });
    // The initiator's node tries again: it knows when.
    expect(room.shown_edges[0]).toMatchObject({
      initiator_id: c.id,
      responder_id: b.id,
      state: 'missing',
      reason: 'rejected',
      again: expect.any(Number),
    });
    feed.send({ type: 'rooms', query: '' });
    expect(await feed.next('rooms')).toMatchObject({
      total: 1,
      rooms: [{ name: 'den', members: 3, edges: { wanted: 3, missing: 1, connecting: 2, unknown: 0 } }],
    });
    feed.send({ type: 'room', app: '', room: 'none' });
    await feed.next('no_room');
  });

  it('shows the workers as nodes, each with its sessions and its links, without one that died, and with it again when it is back', async () => {
    const fleet = await startFleet(2);
    const [one, two] = fleet.workers as [TestServer, TestServer];
    await two.connect();
    await until(() => fleet.workers.every(({ server }) => server.parts.cluster?.links.open.length === 1));
    const [feed] = (await openAll(fleet)) as [TestFeed];
    feed.send({ type: 'nodes' });
    const { nodes } = await feed.next('nodes');
    expect(nodes).toMatchObject([
      { node: 1, sessions: 0, links: [{ node: 2, state: 'open' }] },
      { node: 2, sessions: 1, links: [{ node: 1, state: 'open' }] },
    ]);
    const { id } = await one.connectResumable().then((client) => client.comeBack(two.server.url));
    await tick(fleet);
    const moved = await feed.next('nodes', (message) =>
      message.nodes.every(({ events }) => events.length > 1),
    );
    expect(moved.nodes.map(({ events }) => events.at(-1))).toMatchObject([
      { kind: 'went', node: 2, id },
      { kind: 'came', node: 1, id },
    ]);
    fleet.relay.leave(2);
    const left = await feed.next('nodes', (message) => message.nodes.length === 1);
    expect(left.nodes[0]).toMatchObject({ node: 1 });
    feed.inbox.length = 0;
    const pages = new FleetPages((request) => fleet.relay.asked(2, request));
    pages.serve(two.server.parts.inspector);
    fleet.relay.join(2, 2, (notice) => pages.noticed(notice));
    const again = await feed.next('nodes', (message) => message.nodes.length === 2);
    expect(again.nodes.map(({ node }) => node)).toEqual([1, 2]);
  });

  it('shows a view without a worker that does not answer, after a while', async () => {
    const fleet = await startFleet();
    const [one] = fleet.workers as [TestServer, TestServer];
    const deaf = { asked: 0 };
    fleet.relay.join(3, 3, ({ kind }) => {
      if (kind === 'asked') deaf.asked += 1;
    });
    const feed = await openFeed(one.server);
    await feed.next('hello');
    // It says that it is there, and nothing more.
    fleet.relay.asked(3, { kind: 'tell', worker: 1, page: 1, message: { type: 'here', node: 3 } });
    feed.send({ type: 'rooms', query: '' });
    await until(() => deaf.asked === 1);
    await one.clock.advance(2_000);
    expect(await feed.next('rooms')).toMatchObject({ total: 0 });
  });

  it('goes on when a worker dies, without what that one had; one that starts later is seen at once', async () => {
    const fleet = await startFleet(3);
    const [one, two, three] = fleet.workers as [TestServer, TestServer, TestServer];
    const feed = await openFeed(one.server);
    await feed.next('hello');
    const here = await one.connect();
    await two.connect();
    fleet.relay.leave(2);
    fleet.relay.leave(3);
    expect((await feed.list({ of: 'session' })).rows.map(({ id }) => id)).toEqual([here.id]);
    const pages = new FleetPages((request) => fleet.relay.asked(3, request));
    pages.serve(three.server.parts.inspector);
    fleet.relay.join(3, 3, (notice) => pages.noticed(notice));
    const there = await three.connect();
    expect(new Set((await feed.list({ of: 'session' })).rows.map(({ id }) => id))).toEqual(
      new Set([here.id, there.id]),
    );
  });

  it('does not wait forever for a worker that does not answer', async () => {
    const fleet = await startFleet();
    const [one] = fleet.workers as [TestServer, TestServer];
    const deaf = { told: 0 };
    fleet.relay.join(3, 3, ({ kind }) => {
      if (kind !== 'joined') deaf.told += 1;
    });
    const feed = await openFeed(one.server);
    await feed.next('hello');
    // It says that it is there, and nothing more.
    fleet.relay.asked(3, { kind: 'tell', worker: 1, page: 1, message: { type: 'here', node: 3 } });
    await one.connect();
    const listed = feed.list({ of: 'session' });
    // That the page is open, and what it asks.
    await until(() => deaf.told === 2);
    await one.clock.advance(2_000);
    expect((await listed).total).toBe(1);
  });

  it('is greeted without a worker that is not there', async () => {
    const fleet = await startFleet();
    const [one] = fleet.workers as [TestServer, TestServer];
    fleet.relay.leave(2);
    const feed = await openFeed(one.server);
    await until(() => one.server.parts.inspector.viewerCount === 1);
    one.clock.advance(900);
    await feed.next('hello');
  });

  it('costs the others nothing while nobody looks', async () => {
    const fleet = await startFleet();
    const [one, two] = fleet.workers as [TestServer, TestServer];
    expect(two.server.parts.inspector.viewerCount).toBe(0);
    const feed = await openFeed(one.server);
    await feed.next('hello');
    expect(two.server.parts.inspector.viewerCount).toBe(1);
    feed.socket.close();
    await until(() => two.server.parts.inspector.viewerCount === 0);
  });
});

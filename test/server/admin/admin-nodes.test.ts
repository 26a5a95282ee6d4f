/** The admin API over the nodes of a cluster: each answers for all, and says which did not. */
import { describe, expect, it } from '@jest/globals';
import { StepQueue } from '../../../src/machines/index.ts';
import { adminOperationNames } from '../../../src/protocol/admin/admin-operations.ts';
import { Admin, type AdminNodes } from '../../../src/server/admin/admin.ts';
import type { AdminHandlers } from '../../../src/server/admin/answer-here.ts';
import { RemoteAdmin } from '../../../src/server/cluster/remote-admin.ts';
import type { Logger } from '../../../src/server/telemetry/logger.ts';
import { askAdmin } from '../../support/clients/admin-client.ts';
import { startTestCluster } from '../../support/servers/test-cluster.ts';
import { pairUp } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

const idsOf = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id);

async function cluster() {
  const started = await startTestCluster(3, { admin: true });
  const [one, two, three] = started.nodes;
  if (!one || !two || !three) throw new Error('There are three nodes');
  return { ...started, one, two, three };
}

describe('over three nodes', () => {
  it('lists what all have, a page after another, and what two of them have once', async () => {
    const { one, two, three } = await cluster();
    const [a, b, c] = [await one.connect(), await two.connect(), await three.connect()];
    await pairUp(a, b);
    a.send({ type: 'join_room', room: 'den', create: { topology: 'none' } });
    await a.next('room_joined');
    await until(() => three.server.parts.signaling.rooms.find('', 'den') !== undefined, 'the room');
    c.send({ type: 'join_room', room: 'den' });
    await c.next('room_joined');
    await a.next('peer_joined');
    const first = await askAdmin(three.server, 'GET', '/sessions?limit=2');
    const second = await askAdmin(one.server, 'GET', `/sessions?limit=2&after=${first.body.next}`);
    expect([...idsOf(first.body), ...idsOf(second.body)]).toEqual([a.id, b.id, c.id].sort());
    expect([...first.body.nodes].sort()).toEqual([1, 2, 3]);
    const pairings = await askAdmin(three.server, 'GET', '/pairings');
    expect(pairings.body.items).toMatchObject([{ initiator_id: a.id, responder_id: b.id }]);
    const rooms = await askAdmin(two.server, 'GET', '/rooms');
    expect(rooms.body.items).toMatchObject([{ name: 'den', members: 2 }]);
    const apps = await askAdmin(two.server, 'GET', '/apps');
    expect(apps.body.items).toEqual([
      { app: '', sessions: 3, online: 3, pairings: 1, connected: 0, rooms: 1, members: 2, keys: 0 },
    ]);
  });

  it('gets and ends what another node has, and makes keys there', async () => {
    const { one, two, three } = await cluster();
    const [a, b] = [await one.connect(), await two.connect()];
    expect((await askAdmin(three.server, 'GET', `/sessions/${a.id}`)).body).toMatchObject({
      id: a.id,
      node: 1,
    });
    const { body } = await askAdmin(three.server, 'POST', `/sessions/${a.id}/keys`);
    b.send({ type: 'pair_request', key: body.key });
    const { epoch } = await b.next('paired');
    await a.next('paired');
    await askAdmin(three.server, 'DELETE', `/pairings/${epoch}`);
    for (const client of [a, b])
      expect(await client.next('peer_disconnected')).toMatchObject({ reason: 'closed' });
    await askAdmin(three.server, 'DELETE', `/sessions/${b.id}`);
    expect(await b.whenClosed()).toMatchObject({ code: 1008 });
    const unknown = await askAdmin(three.server, 'DELETE', `/sessions/${b.id}`);
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'unknown_session']);
  });

  it('ends a room at all of them', async () => {
    const { one, two, three } = await cluster();
    const [a, b] = [await one.connect(), await two.connect()];
    a.send({ type: 'join_room', room: 'den', create: { topology: 'none' } });
    await a.next('room_joined');
    await until(() => two.server.parts.signaling.rooms.find('', 'den') !== undefined, 'the room');
    b.send({ type: 'join_room', room: 'den' });
    await b.next('room_joined');
    await a.next('peer_joined');
    await askAdmin(three.server, 'DELETE', '/rooms/den');
    for (const client of [a, b]) {
      await client.until(
        () => client.inbox.some(({ reason, id }) => reason === 'closed' && id === client.id),
        'the end',
      );
    }
    await until(
      () => [one, two, three].every(({ server }) => !server.parts.signaling.rooms.find('', 'den')),
      'the end',
    );
  });

  it('a node that falls silent is missing after 2 seconds, and what it has is not said to be unknown', async () => {
    const { one, three, sever, advance } = await cluster();
    const a = await three.connect();
    sever(three);
    const asked = askAdmin(one.server, 'GET', '/sessions');
    const single = askAdmin(one.server, 'GET', `/sessions/${a.id}`);
    let isDone = false;
    const both = Promise.all([asked, single]).finally(() => {
      isDone = true;
    });
    await until(
      () => isDone,
      undefined,
      () => advance(500),
    );
    const [list, lone] = await both;
    expect(list.body).toMatchObject({ items: [], missing: [3] });
    expect([lone.status, lone.body.error.code]).toEqual([504, 'nodes_missing']);
  });
});

describe('what other nodes answer', () => {
  const silent = { info() {}, error() {} } as unknown as Logger;
  const nothing = Object.fromEntries(adminOperationNames.map((name) => [name, () => undefined]));
  const asking = (answers: AdminNodes['ask']) =>
    new Admin({
      node: 1,
      here: nothing as unknown as AdminHandlers,
      nodes: { serve() {}, ask: answers },
      log: silent,
    });

  it('is passed over where it is none of this version', async () => {
    const wrong = new Map([
      [2, { items: [{ id: 'x' }] }],
      [3, { refusal: '__proto__' }],
    ]);
    const admin = asking(async () => ({ answers: wrong, missing: [] }));
    expect(await admin.answer('list_sessions', {})).toEqual({ body: { items: [], nodes: [1], missing: [] } });
    expect(await admin.answer('get_session', { id: 'x' })).toEqual({ refusal: 'unknown_session' });
  });

  /** @param open the nodes that can be reached */
  function askingOf(open: number[]) {
    const sent: number[] = [];
    const links = {
      open,
      inUse: open,
      isOpen: (node: number) => open.includes(node),
      send: (node: number) => void sent.push(node),
    };
    const queue = new StepQueue();
    const remote = new RemoteAdmin(links, queue);
    const answers = (node: number, id = 1) =>
      remote.onAnswer(node, { type: 'admin_answer', id, answer: { node } });
    return { remote, sent, queue, answers };
  }
  /** What became of a request so far. */
  const now = (asked: Promise<unknown> | undefined) => Promise.race([asked, Promise.resolve('waits')]);

  it('is there at once where no other node is', async () => {
    const { remote, queue } = askingOf([]);
    expect(await now(remote.ask('list_apps', {}))).toEqual({ answers: new Map(), missing: [] });
    expect(queue.timers.size).toBe(0);
  });

  it('has of each node what it answered first, and names those that did not within 2 s', async () => {
    const { remote, queue, answers } = askingOf([2, 3, 4]);
    const asked = remote.ask('list_apps', {});
    remote.onAnswer(3, { type: 'admin_answer', id: 1 });
    answers(3);
    answers(9);
    answers(2);
    queue.timers.advance(1_999);
    expect(await now(asked)).toBe('waits');
    queue.timers.advance(2_000);
    const known = new Map([
      [3, undefined],
      [2, { node: 2 }],
    ]);
    expect(await now(asked)).toEqual({ answers: known, missing: [4] });
    answers(4);
  });

  it('waits, when a node is lost, for the others that are there, and for those only', async () => {
    const open = [2, 3, 4, 5];
    const { remote, answers } = askingOf(open);
    const [first, second] = [remote.ask('list_apps', {}), remote.ask('list_apps', {})];
    for (const node of [2, 5]) answers(node, 1);
    for (const node of [2, 3, 4, 5]) answers(node, 2);
    expect(await now(second)).toMatchObject({ missing: [] });
    open.splice(0, 4, 2, 3, 5);
    remote.lost(4);
    expect(await now(first)).toBe('waits');
    open.splice(0, 3, 2);
    remote.lost(5);
    expect(await now(first)).toBe('waits');
    remote.lost(3);
    expect(await now(first)).toMatchObject({ missing: [3, 4] });
  });

  it('is not asked for while 64 requests wait for it, and waits for no node that is lost', async () => {
    const open = [2, 3];
    const { remote, sent } = askingOf(open);
    const asked = Array.from({ length: 64 }, () => remote.ask('list_apps', {}));
    expect(remote.ask('list_apps', {})).toBeUndefined();
    expect(sent).toHaveLength(128);
    remote.onAnswer(2, { type: 'admin_answer', id: 1, answer: { items: [] } });
    open.pop();
    remote.lost(3);
    expect(await asked[0]).toEqual({ answers: new Map([[2, { items: [] }]]), missing: [3] });
    expect(remote.ask('list_apps', {})).toBeInstanceOf(Promise);
  });
});

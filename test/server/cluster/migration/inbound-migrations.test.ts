/** Whom a node asks for a session whose client came to it, and what becomes of the client: one node, its links recorded. */
import { describe, expect, it } from '@jest/globals';
import { StepQueue } from '../../../../src/machines/index.ts';
import type { NodeMessageOf, SessionSnapshot } from '../../../../src/protocol/cluster/index.ts';
import {
  InboundMigrations,
  type InboundMigrationsDeps,
  type MigrationAnswer,
} from '../../../../src/server/cluster/migration/inbound-migrations.ts';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { linksTo } from '../../../support/network/recorded-links.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';

const GRACE_MS = 30_000;
/** How long a client is kept waiting for an answer. */
const PATIENCE_MS = 2_000;
const id = nobodyOn(2);
const snapshot = { generation: 4 } as SessionSnapshot;

/**
 * Node 1.
 * @param issuer the node whose secret the client has
 * @param isNew whether this node was started so lately that sessions of its earlier process may come back
 */
function nodeOne({ issuer = undefined as number | undefined, isNew = false } = {}) {
  const queue = new StepQueue();
  const locations = new SessionLocations(1, queue);
  const { links, sent } = linksTo(2, 3, 4);
  const notes: unknown[][] = [];
  const passedOn: unknown[][] = [];
  const inbound = new InboundMigrations({
    ...{ links, locations },
    signaling: { queue, sessions: { restoreWindow: { graceMs: GRACE_MS, isOpen: isNew } } },
    dialect: { issuerOf: () => issuer },
    outbound: { onMove: (...move: unknown[]) => passedOn.push(move) },
    events: { note: (...note: unknown[]) => notes.push(note) },
  } as unknown as InboundMigrationsDeps);
  const answers: MigrationAnswer[] = [];
  return {
    ...{ queue, locations, inbound, answers, notes, passedOn },
    /** A client comes with the id of a session. */
    comes: (sessionId = id, answer: (answer: MigrationAnswer) => void = (one) => answers.push(one)) =>
      inbound.fetch({ id: sessionId, token: 'its secret', received: 7 }, answer),
    /** The nodes that were asked since the last call, and the numbers by which they are to answer. */
    asked: () =>
      sent.splice(0).map(({ node, message }) => [node, (message as NodeMessageOf<'move'>).number] as const),
    sent,
    notThere: (node: number, more: Partial<NodeMessageOf<'not_moved'>> = {}) =>
      inbound.onNotMoved(node, { type: 'not_moved', number: 1, may_restore: false, ...more }),
    there: (node: number, number = 1) => inbound.onMoved(node, { type: 'moved', number, session: snapshot }),
  };
}

describe('a session whose client comes here', () => {
  it('is asked for at the node whose secret the client has, with all that it said, and comes from there', () => {
    const { comes, sent, there, answers, notes, inbound, queue } = nodeOne({ issuer: 3 });
    comes();
    const request = { number: 1, id, token: 'its secret', received: 7 };
    expect(sent).toEqual([{ node: 3, message: { type: 'move', ...request } }]);
    expect([inbound.sessionOf(1), inbound.sessionOf(2), answers]).toEqual([id, undefined, []]);
    there(2);
    expect(answers).toEqual([]);
    for (let times = 0; times < 2; times += 1) there(3);
    queue.timers.advance(PATIENCE_MS);
    expect([answers, notes]).toEqual([[{ session: snapshot, from: 3 }], [['came', 3, id]]]);
    expect(inbound.sessionOf(1)).toBeUndefined();
  });

  it('is asked for where the nodes say that it is, and last where it began', () => {
    const { comes, asked, notThere, answers, notes } = nodeOne({ issuer: 3 });
    comes();
    notThere(3, { node: 4 });
    notThere(4);
    expect([asked(), answers]).toEqual([
      [
        [3, 1],
        [4, 1],
        [2, 1],
      ],
      [],
    ]);
    notThere(4, { node: 3 });
    expect(asked()).toEqual([]);
    notThere(2);
    expect([asked(), answers, notes]).toEqual([[], ['refused'], [['not_found', 2, id]]]);
  });

  it('is asked for where this node handed it over meanwhile', () => {
    const { comes, asked, notThere, locations } = nodeOne({ issuer: 3 });
    comes();
    locations.set(id, { node: 4, generation: 1, isConfirmed: false });
    notThere(3);
    expect(asked()).toEqual([
      [3, 1],
      [4, 1],
    ]);
  });

  it('that goes round between nodes is asked for twice at each of them', () => {
    const { comes, asked, notThere, answers } = nodeOne();
    comes();
    for (const [node, next] of [[2, 3] as const, [3, 2] as const, [2, 3] as const, [3, 2] as const])
      notThere(node, { node: next });
    expect(asked().map(([node]) => node)).toEqual([2, 3, 2, 3]);
    expect(answers).toEqual(['refused']);
  });

  it('is not asked for at this node, whoever says that it is here', () => {
    const { comes, asked, notThere, answers } = nodeOne();
    comes();
    notThere(2, { node: 1 });
    expect([asked(), answers]).toEqual([[[2, 1]], ['refused']]);
  });

  it('is nowhere if it began here and no other node is known to have it: nobody is asked', () => {
    const { comes, asked, answers, notes, locations, inbound } = nodeOne({ issuer: 1 });
    comes(nobodyOn(1));
    expect([asked(), answers, notes, [...locations.expected]]).toEqual([[], ['refused'], [], []]);
    expect(inbound.sessionOf(1)).toBeUndefined();
  });
});

describe('a session that no node has', () => {
  it.each<[string, { issuer: number | undefined; isNew?: boolean }, boolean, MigrationAnswer]>([
    ['the node that gave its client the secret is new', { issuer: 2 }, true, 'lost'],
    ['that node is not new', { issuer: 2 }, false, 'refused'],
    ['the node that is new did not give the secret', { issuer: undefined }, true, 'refused'],
    ['this node gave the secret and is new', { issuer: 1, isNew: true }, false, 'lost'],
    ['this node gave the secret, long after its start', { issuer: 1 }, false, 'refused'],
    ['this node is new and another one gave the secret', { issuer: 2, isNew: true }, false, 'refused'],
  ])('may be made again from what its client says, or not: %s', (_why, who, mayRestore, answer) => {
    const { comes, notThere, answers, asked } = nodeOne(who);
    comes();
    expect(asked()).toEqual([[2, 1]]);
    notThere(2, { may_restore: mayRestore });
    expect(answers).toEqual([answer]);
  });

  it('was lost with the node that gave the secret, for as long as sessions wait for their clients', () => {
    for (const [agoMs, answer] of [[GRACE_MS, 'lost'] as const, [GRACE_MS + 1, 'refused'] as const]) {
      const { comes, inbound, queue, answers, asked, notThere } = nodeOne({ issuer: 3 });
      inbound.lostNodes.lost(3);
      queue.timers.advance(agoMs);
      comes();
      inbound.failed(4);
      expect(asked()).toEqual([[3, 1]]);
      inbound.failed(3);
      expect(asked()).toEqual([[2, 1]]);
      notThere(2);
      expect(answers).toEqual([answer]);
    }
  });

  it('was not lost with another node than that', () => {
    const { comes, inbound, answers } = nodeOne();
    inbound.lostNodes.lost(2);
    comes();
    inbound.failed(2);
    expect(answers).toEqual(['refused']);
  });
});

describe('a client whose session does not come', () => {
  it('is sent away after 2 s, and may have it after all when it comes', () => {
    const { comes, queue, there, answers, locations } = nodeOne();
    comes();
    queue.timers.advance(PATIENCE_MS - queue.timers.tickMs);
    expect(answers).toEqual([]);
    queue.timers.advance(PATIENCE_MS);
    expect(answers).toEqual(['late']);
    expect([...locations.expected]).toEqual([id]);
    there(2);
    queue.timers.advance(10 * PATIENCE_MS);
    expect(answers).toEqual(['late', { session: snapshot, from: 2 }]);
  });

  it('has 2 s from each node that is asked', () => {
    const { comes, queue, notThere, answers } = nodeOne({ issuer: 3 });
    comes();
    queue.timers.advance(PATIENCE_MS - 100);
    notThere(3);
    queue.timers.advance(2 * PATIENCE_MS - 200);
    expect(answers).toEqual([]);
    queue.timers.advance(2 * PATIENCE_MS - 100);
    expect(answers).toEqual(['late']);
  });

  it('has none of them while others are before it in the line for the node', () => {
    const { comes, queue, notThere, answers } = nodeOne();
    comes();
    queue.timers.advance(1_000);
    for (let n = 0; n < 8; n += 1) comes(nobodyOn(3).slice(0, -1) + n, () => {});
    notThere(2, { node: 3 });
    for (const at of [PATIENCE_MS, 1_000 + PATIENCE_MS, 1_000 + 2 * PATIENCE_MS - queue.timers.tickMs])
      queue.timers.advance(at);
    expect(answers).toEqual([]);
    queue.timers.advance(1_000 + 2 * PATIENCE_MS);
    expect(answers).toEqual(['late']);
  });

  it.each<[string, (node: ReturnType<typeof nodeOne>) => void]>([
    ['sent away', ({ queue }) => queue.timers.advance(PATIENCE_MS)],
    ['answered', ({ there }) => there(2)],
    ['told that it is elsewhere', ({ notThere }) => notThere(2, { node: 3 })],
  ])('makes room for another one, of eight, once it is %s', (_what, ends) => {
    const node = nodeOne();
    for (let n = 0; n < 10; n += 1) node.comes(id.slice(0, -1) + n);
    const askedOfTwo = () => node.asked().filter(([of]) => of === 2).length;
    expect(askedOfTwo()).toBe(8);
    ends(node);
    expect(askedOfTwo()).toBeGreaterThan(0);
  });
});

it('of a node that is lost no session is asked for any more', () => {
  const { comes, inbound, asked, answers } = nodeOne();
  for (let n = 0; n < 20; n += 1) comes(id.slice(0, -2) + (n + 10));
  expect(asked()).toHaveLength(8);
  inbound.failed(2);
  expect([asked(), answers]).toEqual([[], Array(20).fill('refused')]);
});

describe('a session that is on its way here', () => {
  const move = (number: number, sessionId = id) =>
    ({ type: 'move', number, id: sessionId, token: 'its secret', received: 7 }) as const;

  it('is for the nodes that ask for it meanwhile once it is here, in their order', () => {
    const { comes, inbound, there, passedOn, answers } = nodeOne();
    comes(id, (answer) => {
      expect(passedOn).toEqual([]);
      answers.push(answer);
    });
    inbound.onMove(3, move(11));
    inbound.onMove(4, move(12));
    expect(passedOn).toEqual([]);
    there(2);
    expect([passedOn, answers.length]).toEqual([
      [
        [3, move(11)],
        [4, move(12)],
      ],
      1,
    ]);
  });

  it('is not what the node that it is expected from waits for', () => {
    const { comes, inbound, passedOn } = nodeOne();
    comes();
    inbound.onMove(2, move(11));
    inbound.onMove(3, move(12, nobodyOn(4)));
    expect(passedOn).toEqual([
      [2, move(11)],
      [3, move(12, nobodyOn(4))],
    ]);
  });

  it('is expected until each of its client’s tries is answered', () => {
    const { comes, inbound, there, notThere, passedOn, answers, locations } = nodeOne();
    comes();
    comes();
    there(2);
    expect([[...locations.expected], answers.length]).toEqual([[id], 1]);
    inbound.onMove(3, move(11));
    expect(passedOn).toEqual([]);
    notThere(2, { number: 2 });
    expect([[...locations.expected], answers.length, passedOn]).toEqual([[], 2, [[3, move(11)]]]);
    inbound.onMove(3, move(12));
    expect(passedOn).toHaveLength(2);
  });
});

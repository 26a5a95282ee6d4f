/** Ids that clients chose, at one node: what it tells the others, and which of their words about an id counts. */
import { describe, expect, it } from '@jest/globals';
import type { NodeMessageOf } from '../../../src/protocol/cluster/index.ts';
import type { ChosenIdPairings, Partner } from '../../../src/server/cluster/pairing/chosen-id-pairings.ts';
import { RemoteIds } from '../../../src/server/cluster/remote-ids.ts';
import { type IdHolder, NAMED_BY_TOKEN, type OwnIds } from '../../../src/server/signaling/chosen-ids.ts';
import type { ServerSession } from '../../../src/server/signaling/session.ts';
import { linksTo } from '../../support/network/recorded-links.ts';

type Told = NodeMessageOf<'ids_taken'>['holders'][number];

/** Node 5, between two others; its clients and their pairings are the test's. */
function nodeFive({ serves = true, partners = {} as Record<string, string[]> } = {}) {
  const { links, sent } = linksTo(2, 8);
  const wentOn: [partner: string, session: string, node?: number | undefined][] = [];
  const pairings = {
    partnersOf: (session: string, id: string) =>
      (partners[session] ?? []).map((partner) => ({
        session: { id: partner },
        chosen: { theirs: id, ours: `id of ${partner}`, knownAs: id },
      })) as Partial<Partner>[],
    goOn: ({ session: partner }: Partner, { session, node }: { session: string; node?: number }) => {
      wentOn.push([partner.id, session, node]);
      return partner.id.startsWith('no') ? undefined : 77;
    },
  } as Partial<ChosenIdPairings> as ChosenIdPairings;
  const ids = new RemoteIds(5, links, pairings);
  const own = new Map<string, IdHolder>();
  const said: string[] = [];
  const serving: OwnIds = {
    get holders() {
      return own.values();
    },
    find: (id) => own.get(id),
    recipient: (_id, peer) => (peer === 'barred' ? undefined : ({ id: 'recipient' } as ServerSession)),
    takenElsewhere: (id) => {
      own.delete(id);
      said.push(`${id} is taken elsewhere`);
    },
    arrivedElsewhere: (id) => said.push(`${id} is there`),
    deliver: () => false,
    notDelivered: () => {},
  };
  if (serves) ids.serve(serving);
  const holder = (proof: string, session: string, isOnline = true): IdHolder => ({
    ...{ id: 'a', proof, session, isOnline },
  });
  return {
    ...{ ids, own, wentOn, holder },
    said: () => said.splice(0),
    sent: () => sent.splice(0),
    /** A client here takes an id. */
    takes: (one: IdHolder) => {
      own.set(one.id, one);
      ids.taken(one);
    },
    /** Another node tells of the holder of an id there. */
    tells: (node: number, one: Partial<Told> = {}) =>
      ids.onTaken(node, {
        type: 'ids_taken',
        holders: [{ id: 'a', proof: 'one', session: `of ${node}`, online: true, version: 1, ...one }],
      }),
    leaves: (node: number) => ids.onLeft(node, { type: 'ids_left', ids: ['a'] }),
    holderOf: (id: string) => ids.find(id)?.session,
  };
}

const taken = (session: string, version: number, more: object = {}) => ({
  type: 'ids_taken',
  holders: [{ id: 'a', proof: 'one', session, online: true, version, ...more }],
});
const toBoth = (message: object) => [2, 8].map((node) => ({ node, message }));

describe('what a node tells the others of an id', () => {
  it('is who took it, in which version, that it is away, and that it is free', () => {
    const { ids, takes, sent, holder } = nodeFive();
    takes(holder('one', 's1'));
    expect(sent()).toEqual(toBoth(taken('s1', 1)));
    ids.away(holder('one', 's1', false));
    expect(sent()).toEqual(toBoth(taken('s1', 1, { online: false })));
    takes(holder('one', 's2'));
    expect(sent()).toEqual(toBoth(taken('s2', 2)));
    ids.left('a');
    expect(sent()).toEqual(toBoth({ type: 'ids_left', ids: ['a'] }));
    takes(holder('one', 's3'));
    expect(sent()).toEqual(toBoth(taken('s3', 1)));
  });

  it('has a higher version than what any of them said, and ends that', () => {
    const { takes, tells, sent, holder, holderOf } = nodeFive();
    tells(2, { version: 7 });
    tells(8, { version: 3 });
    takes(holder('one', 's1'));
    expect(sent()).toEqual(toBoth(taken('s1', 8)));
    expect(holderOf('a')).toBeUndefined();
  });

  it('is told again, a hundred ids in a message, to a node that comes', () => {
    const { ids, own, holder, sent } = nodeFive();
    for (let n = 0; n < 101; n += 1) own.set(`${n}`, { ...holder('one', 's'), id: `${n}` });
    ids.opened(8);
    const told = sent().map(({ node, message }) => [
      node,
      message.type === 'ids_taken' && message.holders.length,
    ]);
    expect(told).toEqual([
      [8, 100],
      [8, 1],
    ]);
  });
});

describe('of two that have an id, it is kept by', () => {
  it.each<[string, Partial<Told>, Partial<Told>]>([
    ['the one whose token names it, though it is away', { proof: NAMED_BY_TOKEN, online: false }, {}],
    ['the one that is connected', {}, { proof: 'other', online: false }],
    ['the one that came later, if it is one client', { version: 2 }, { version: 1 }],
  ])('%s', (_whose, keeps, loses) => {
    for (const [first, second] of [
      [keeps, loses],
      [loses, keeps],
    ] as const) {
      const { tells, ids, holderOf } = nodeFive();
      tells(2, { ...first, session: first === keeps ? 'kept' : 'lost' });
      tells(8, { ...second, session: second === keeps ? 'kept' : 'lost' });
      expect(holderOf('a')).toBe('kept');
      const isOnline = keeps.online ?? true;
      expect([...ids.online]).toEqual(isOnline ? ['a'] : []);
    }
  });

  it('the one at the node with the lower number, whichever was heard of first, and whatever its version', () => {
    for (const nodes of [
      [2, 8],
      [8, 2],
    ]) {
      const { tells, holderOf } = nodeFive();
      for (const node of nodes) tells(node, { proof: `${node}`, version: node });
      expect(holderOf('a')).toBe('of 2');
    }
  });

  it('the client here or the one there, by the same rules', () => {
    for (const [node, isOurs] of [
      [2, false],
      [8, true],
    ] as const) {
      const { takes, tells, holder, own, said, holderOf } = nodeFive();
      takes(holder('ours', 's1'));
      tells(node, { proof: 'theirs' });
      expect(own.has('a')).toBe(isOurs);
      expect(said()).toEqual(isOurs ? [] : ['a is taken elsewhere', 'a is there']);
      expect(holderOf('a')).toBe(isOurs ? undefined : `of ${node}`);
    }
  });

  it('the client there, if it is the one that was here and came there later', () => {
    const { takes, tells, holder, own } = nodeFive();
    takes(holder('one', 's1'));
    tells(8, { version: 1 });
    expect(own.has('a')).toBe(true);
    tells(8, { version: 2 });
    expect(own.has('a')).toBe(false);
  });

  it('the other one once it has gone from its node, or its node is lost', () => {
    const { ids, tells, leaves, holderOf } = nodeFive();
    tells(2);
    tells(8, { proof: 'other' });
    leaves(2);
    expect(holderOf('a')).toBe('of 8');
    tells(2);
    expect(holderOf('a')).toBe('of 2');
    ids.lost(8);
    expect(holderOf('a')).toBe('of 2');
    ids.lost(2);
    expect([holderOf('a'), [...ids.online]]).toEqual([undefined, []]);
  });
});

describe('what other nodes say of ids', () => {
  it('of one that is connected is passed on, and of one that is away is not', () => {
    const { ids, tells, said } = nodeFive();
    tells(2, { online: false });
    expect(said()).toEqual([]);
    tells(2);
    expect([said(), [...ids.online]]).toEqual([['a is there'], ['a']]);
    tells(2, { online: false });
    expect([...ids.online]).toEqual([]);
  });

  it('is nothing to a node without such clients', () => {
    const { ids, tells, sent, holderOf } = nodeFive({ serves: false });
    tells(2);
    ids.opened(2);
    expect([holderOf('a'), sent()]).toEqual([undefined, []]);
  });
});

describe('the pairings of a client that takes its id along', () => {
  const partners = { before: ['ann'], 'of 2': ['ann', 'barred'] };

  it('go on here with those that it may have', () => {
    const { tells, takes, holder, wentOn } = nodeFive({ partners });
    tells(2);
    takes(holder('one', 's1'));
    expect(wentOn).toEqual([['ann', 's1', undefined]]);
  });

  it('go on at the other node, which is told of each that does', () => {
    const { takes, tells, holder, wentOn, sent } = nodeFive({ partners: { s1: ['ann', 'nobody'] } });
    takes(holder('one', 's1'));
    sent();
    tells(2, { version: 2 });
    expect(wentOn).toEqual([
      ['ann', 'of 2', 2],
      ['nobody', 'of 2', 2],
    ]);
    const pairing = { epoch: 77, from: 'ann', to: 'of 2' };
    expect(sent()).toEqual([
      { node: 2, message: { type: 'pairing_kept', to: 'a', from: 'id of ann', pairing } },
    ]);
  });

  it('go on from one other node to another, and not when that one does not keep the id', () => {
    const { tells, wentOn } = nodeFive({ partners });
    tells(8, { session: 'before' });
    tells(2, { version: 2 });
    expect(wentOn).toEqual([['ann', 'of 2', 2]]);
    tells(8, { version: 1, session: 'late' });
    expect(wentOn).toHaveLength(1);
  });

  it('go on when its node was lost meanwhile, once, and only as long as it has any', () => {
    const own: Record<string, string[]> = { ...partners };
    const { ids, tells, takes, holder, wentOn } = nodeFive({ partners: own });
    tells(2);
    ids.lost(2);
    takes(holder('one', 's1'));
    expect(wentOn).toEqual([['ann', 's1', undefined]]);
    ids.left('a');
    takes(holder('one', 's2'));
    expect(wentOn).toHaveLength(1);
    tells(8, { session: 'alone', version: 9 });
    ids.lost(8);
    own.alone = ['ann'];
    tells(2, { session: 'alone again', version: 10 });
    expect(wentOn).toHaveLength(1);
  });

  it('go on when its node was lost and it comes to another one, once', () => {
    const { ids, tells, leaves, wentOn } = nodeFive({ partners });
    tells(8, { session: 'before' });
    ids.lost(8);
    tells(2, { session: 'next' });
    tells(2, { session: 'next', version: 2 });
    leaves(2);
    tells(8, { session: 'yet another', version: 3 });
    expect(wentOn).toEqual([['ann', 'next', 2]]);
  });

  it('are not those of another client that takes the id', () => {
    const { tells, takes, holder, wentOn } = nodeFive({ partners });
    tells(2, { online: false });
    takes(holder('other', 's1'));
    expect(wentOn).toEqual([]);
  });
});

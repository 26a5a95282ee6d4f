import { expect, it } from '@jest/globals';
import { ForeignSessions } from '../../../src/server/cluster/foreign-sessions.ts';
import type { Directory, SessionWatcher } from '../../../src/server/signaling/directory.ts';
import type { ServerSession } from '../../../src/server/signaling/session.ts';
import { nobodyOn } from '../../support/servers/test-cluster.ts';

/** The sessions that node 1 has to tell others about, and its directory, which is the test's. */
function nodeOne() {
  const watchers: SessionWatcher[] = [];
  const directory = { watchSessions: (watcher) => watchers.push(watcher) } as Partial<Directory> as Directory;
  const foreign = new ForeignSessions(1, directory);
  return {
    foreign,
    opens: (id: string, since = 0) => {
      const session = { id, since } as ServerSession;
      for (const watcher of watchers) watcher.opened?.(session);
      return session;
    },
    ends: (session: ServerSession) => {
      for (const watcher of watchers) watcher.ended(session, 'left');
    },
    moves: (session: ServerSession) => {
      for (const watcher of watchers) watcher.moved(session);
    },
    guests: (node: number) => [...foreign.guestsOf(node)].map(({ id }) => id),
  };
}

it('a node knows which of its sessions began at which other node, until they end or go on', () => {
  const { opens, ends, moves, guests } = nodeOne();
  const ids = [nobodyOn(2), nobodyOn(2).replace(/0$/, '1'), nobodyOn(2).replace(/0$/, '2'), nobodyOn(3)];
  const [first, second, third] = ids.map((id) => opens(id));
  for (const id of [nobodyOn(1), 'nonsense']) opens(id);
  expect([2, 3, 1].map(guests)).toEqual([ids.slice(0, 3), ids.slice(3), []]);
  ends(first as ServerSession);
  expect(guests(2)).toEqual(ids.slice(1, 3));
  moves(second as ServerSession);
  expect(guests(2)).toEqual(ids.slice(2, 3));
  ends(third as ServerSession);
  expect([guests(2), guests(3)]).toEqual([[], ids.slice(3)]);
});

it('a node knows which of its sessions have claimed an id that a token gave, until they end', () => {
  const { foreign, opens, ends } = nodeOne();
  const [claimed, other, plain] = [opens('a/ann', 1), opens('a/bob', 2), opens(nobodyOn(1))];
  for (const session of [claimed, other, plain]) foreign.held(session);
  expect([...foreign.holders]).toEqual([claimed, other]);
  ends(claimed);
  expect([...foreign.holders]).toEqual([other]);
});

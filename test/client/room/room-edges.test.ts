/** When an edge counts as connected: what the server says of it, and whether our channel is open. */
import { expect, it } from '@jest/globals';
import { RoomEdges } from '../../../src/client/room/room-edges.ts';

const edge = (state: string, reason?: string) => ({ id: 'b', state, reason });

function edgesWith(open: Set<string>): RoomEdges {
  const edges = new RoomEdges((id) => open.has(id));
  edges.sync(['b']);
  return edges;
}

it('an edge is connected once the server says so and the channel is open, whichever comes last', () => {
  const open = new Set<string>();
  const early = edgesWith(open);
  expect(early.said('b', 'connected', undefined)).toBeUndefined();
  expect([early.isWhole, early.byMember.get('b')]).toEqual([false, edge('connecting')]);
  open.add('b');
  expect(early.opened('b')).toEqual(edge('connected'));
  expect([early.isWhole, early.opened('b')]).toEqual([true, undefined]);

  const late = edgesWith(open);
  expect([late.opened('b'), late.isWhole]).toEqual([undefined, false]);
  expect(late.said('b', 'connected', undefined)).toEqual(edge('connected'));
});

it('a missing edge is missing, with our own error where our leaving is what the server saw', () => {
  const edges = edgesWith(new Set(['b']));
  edges.failed('b', 'connection_failed');
  expect(edges.said('b', 'missing', 'unpaired')).toEqual(edge('missing', 'connection_failed'));
  expect(edges.said('b', 'missing', 'disconnected')).toEqual(edge('missing', 'disconnected'));
  expect(edges.said('b', 'connected', undefined)).toEqual(edge('connected'));
  expect(edges.said('b', 'missing', 'unpaired')).toEqual(edge('missing', 'unpaired'));
});

it('one that is wanted no longer, or of another membership, starts anew', () => {
  const open = new Set(['b']);
  const edges = edgesWith(open);
  edges.said('b', 'connected', undefined);
  edges.sync([]);
  expect([edges.byMember.size, edges.said('b', 'connected', undefined)]).toEqual([0, undefined]);
  edges.sync(['b']);
  expect(edges.byMember.get('b')).toEqual(edge('connecting'));
  expect(edges.opened('b')).toBeUndefined();
  edges.said('b', 'connected', undefined);
  edges.failed('b', 'connection_failed');
  edges.reset();
  edges.sync(['b']);
  expect([edges.byMember.get('b'), edges.opened('b')]).toEqual([edge('connecting'), undefined]);
  expect(edges.said('b', 'missing', 'unpaired')).toEqual(edge('missing', 'unpaired'));
});

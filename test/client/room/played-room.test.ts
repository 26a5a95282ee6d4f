/** A room as its member sees it, with a server that says what the test tells it to. */
import { expect, it } from '@jest/globals';
import type { JoinOptions } from '../../../src/client/index.ts';
import { connectionOf, initiated, joined, paired } from '../../support/peers/played-pairings.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';
import { errorOf } from '../../support/peers/werift-peers.ts';

const EVENTS = ['peer', 'left', 'updated', 'leader', 'locked', 'edge', 'message', 'close'] as const;

/** A member of a room with these others, and what the room has told since. */
async function member(more: object = {}) {
  const played = await playedPeer({ peers: 4 }, 4);
  const joining = played.peer.join('den');
  await settled();
  played.server.say({ ...joined('den', 'peer 1'), topology: 'mesh', ...more });
  const room = await joining;
  const told: unknown[] = [];
  for (const event of EVENTS) room.on(event, (...args: unknown[]) => told.push([event, ...args]));
  return { ...played, room, told };
}

it('who joins asks for what it wants, and no more', async () => {
  const { peer, server } = await playedPeer();
  const all = { password: 'secret', topology: 'star', maxSize: 5, locked: true, leader: 'oldest' } as const;
  void peer.join('a', { metadata: 1, ...all, isPublic: true, publicMetadata: 2 }).catch(() => {});
  await settled();
  server.say({ type: 'error', code: 'forbidden', message: 'no', for: 'join_room' });
  void peer.join('b', { create: false, password: 'secret' }).catch(() => {});
  await settled();
  server.say({ type: 'error', code: 'forbidden', message: 'no', for: 'join_room' });
  void peer.join('c').catch(() => {});
  await settled();
  const { maxSize, ...asGiven } = all;
  expect(server.of('join_room')).toEqual([
    {
      ...{ type: 'join_room', room: 'a', metadata: 1, password: 'secret' },
      create: { ...asGiven, max_size: maxSize, is_public: true, metadata: 2 },
    },
    { type: 'join_room', room: 'b', password: 'secret' },
    { type: 'join_room', room: 'c', create: {} },
  ]);
});

it.each<[string, JoinOptions, boolean]>([
  ['x', {}, true],
  ['x'.repeat(64), {}, true],
  ['x'.repeat(65), {}, false],
  ['', {}, false],
  ['x', { maxSize: 1 }, true],
  ['x', { maxSize: 0 }, false],
  ['x', { maxSize: 1_000_000 }, true],
  ['x', { maxSize: 1_000_001 }, false],
  ['x', { password: '' }, false],
  ['x', { password: 'x' }, true],
  ['x', { password: 'x'.repeat(128) }, true],
  ['x', { password: 'x'.repeat(129) }, false],
  ['x', { topology: 'ring' as never }, false],
  ['x', { topology: 'none' }, true],
])('joining %s with %j is asked for, or an error at once: %p', async (name, options, isAsked) => {
  const { peer, server } = await playedPeer();
  const outcome = peer.join(name, options).catch(({ code }) => code);
  await settled();
  expect(server.of('join_room')).toHaveLength(isAsked ? 1 : 0);
  if (!isAsked) expect(await outcome).toBe('invalid_option');
});

it('metadata of more than 2,048 bytes is not asked for, our own or that of the list', async () => {
  const { peer, server } = await playedPeer();
  for (const options of [{ metadata: 'x'.repeat(2_047) }, { publicMetadata: 'x'.repeat(2_047) }])
    expect(await errorOf(peer.join('den', options))).toMatchObject({ code: 'metadata_too_large' });
  expect(server.of('join_room')).toEqual([]);
});

it('each change is told once, and nothing that did not change', async () => {
  const { room, server, told } = await member({ peers: [{ id: 'peer 1', metadata: { a: 1 } }] });
  const about = (type: string, more: object) => ({ type, room: 'den', ...more });
  const later = { id: 'peer 2', metadata: 'new' };
  server.say(about('peer_joined', { peer: later }), about('peer_joined', { peer: later }));
  for (const metadata of [{ a: 1 }, { a: 2 }]) server.say(about('peer_updated', { id: 'peer 1', metadata }));
  server.say(about('peer_updated', { id: 'nobody', metadata: 1 }));
  for (const id of ['peer 1', 'me', 'me', null]) {
    server.say(about('leader', { id }));
    expect([room.leader, room.isLeader]).toEqual([id, id === 'me']);
  }
  for (const locked of [true, true, false]) server.say(about('room_locked', { locked }));
  server.say(about('peer_left', { id: 'peer 2', reason: 'timed_out' }));
  server.say(about('peer_left', { id: 'peer 2', reason: 'timed_out' }));
  expect(told).toEqual([
    ['peer', later],
    ['updated', { id: 'peer 1', metadata: { a: 2 } }],
    ...[
      ['leader', 'me'],
      ['leader', null],
    ],
    ...[
      ['locked', true],
      ['locked', false],
    ],
    ['left', { ...later, reason: 'timed_out' }],
  ]);
  expect([[...room.peers.keys()], room.maxSize, room.topology, room.isOver]).toEqual([
    ['peer 1'],
    8,
    'mesh',
    false,
  ]);
  told.splice(0);
  server.say(about('peer_left', { id: 'me', reason: 'kicked' }));
  server.say(about('peer_joined', { peer: { id: 'peer 3' } }));
  expect([told, room.isOver]).toEqual([[['close', { reason: 'kicked' }]], true]);
});

it('the whole state of the room again, as after a restart, is told as what has changed', async () => {
  const { room, server, told } = await member({ peers: [{ id: 'peer 1' }, { id: 'peer 2', metadata: 1 }] });
  const peers = [{ id: 'peer 2', metadata: 2 }, { id: 'peer 3' }];
  server.say({ ...joined('den', 'peer 2'), topology: 'star', locked: true, peers });
  expect(told).toEqual([
    ['left', { id: 'peer 1', metadata: undefined, reason: 'disconnected' }],
    ['updated', { id: 'peer 2', metadata: 2 }],
    ['peer', { id: 'peer 3', metadata: undefined }],
    ['leader', 'peer 2'],
    ['locked', true],
  ]);
  expect([[...room.edges.keys()], room.isLocked, room.topology]).toEqual([['peer 2'], true, 'star']);
});

it('a connection is one of the room once its channel is open, too, and missing for the reason that ended it', async () => {
  const { peer, room, server, told, engines } = await member({ peers: [{ id: 'peer 1' }, { id: 'peer 2' }] });
  const edge = (id: string, state: string, reason?: string) => ({
    type: 'edge',
    room: 'den',
    id,
    state,
    reason,
  });
  server.say(initiated(1, { room: 'den' }), paired(2, { room: 'den' }));
  await settled();
  server.say(edge('peer 1', 'connected'), edge('nobody', 'connected'));
  expect([told, room.isWhole]).toEqual([[], false]);
  engines[0]?.channels[0]?.open();
  expect(told.splice(0)).toEqual([['edge', { id: 'peer 1', state: 'connected', reason: undefined }]]);
  peer.on('error', () => {});
  server.say({ type: 'offer', sdp: 'none', from_peer: true, epoch: 2 });
  await settled();
  expect(() => connectionOf(peer, 2)).toThrow();
  server.say(edge('peer 2', 'missing', 'unpaired'));
  const missing = { id: 'peer 2', state: 'missing', reason: 'description_refused' };
  expect(told.splice(0)).toEqual([['edge', missing]]);
  expect([room.edges.get('peer 2'), room.isWhole]).toEqual([missing, false]);
  // Another one is of the new connection.
  server.say(edge('peer 2', 'connected'), edge('peer 2', 'missing', 'unpaired'));
  expect(told.at(-1)).toEqual(['edge', { ...missing, reason: 'unpaired' }]);
});

it('who comes back as another joins again, as it is now, and begins with new connections', async () => {
  const { peer, server, engines, clock } = await playedPeer({ peers: 4 }, 4);
  const joining = peer.join('den', { metadata: 'fresh', password: 'secret', maxSize: 5 });
  await settled();
  const state = { ...joined('den', 'peer 1'), topology: 'star', peers: [{ id: 'peer 1' }] };
  server.say(state);
  const room = await joining;
  const edge = { type: 'edge', room: 'den', id: 'peer 1', state: 'connected' };
  server.say(initiated(1, { room: 'den' }), edge);
  await settled();
  engines[0]?.channels[0]?.open();
  expect([room.name, room.isWhole]).toEqual(['den', true]);
  const updating = room.updateMetadata('tired');
  await settled();
  expect(server.of('update_metadata')).toEqual([{ type: 'update_metadata', room: 'den', metadata: 'tired' }]);
  server.say({ type: 'peer_updated', room: 'den', id: 'me', metadata: 'tired' });
  await updating;

  server.cut();
  await settled();
  clock.advance(1_000);
  await settled();
  server.say({ ...server.greeting, id: 'somebody new' });
  await settled();
  expect(server.of('join_room').slice(1)).toEqual([
    {
      ...{ type: 'join_room', room: 'den', metadata: 'tired', password: 'secret' },
      create: { topology: 'star', max_size: 8, password: 'secret' },
    },
  ]);
  server.restartNumbers();
  server.say(state);
  expect(room.edges.get('peer 1')).toEqual({ id: 'peer 1', state: 'connecting', reason: undefined });
});

it('why a connection failed is forgotten with its member: the next one of that id has its own reasons', async () => {
  const { peer, server, told } = await member({ peers: [{ id: 'peer 2' }] });
  peer.on('error', () => {});
  server.say(paired(2, { room: 'den' }), { type: 'offer', sdp: 'none', from_peer: true, epoch: 2 });
  await settled();
  server.say({ type: 'peer_left', room: 'den', id: 'peer 2', reason: 'left' });
  server.say({ type: 'peer_joined', room: 'den', peer: { id: 'peer 2' } });
  server.say({ type: 'edge', room: 'den', id: 'peer 2', state: 'missing', reason: 'unpaired' });
  expect(told.at(-1)).toEqual(['edge', { id: 'peer 2', state: 'missing', reason: 'unpaired' }]);
});

/** Whatever a peer waits for can be given up by a signal: the wait ends at once, and harms nothing that comes after. */
import { describe, expect, it } from '@jest/globals';
import { createPeer, type Peer } from '../../../src/client/index.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';
import { errorOf } from '../../support/peers/werift-peers.ts';

type Call = (peer: Peer, signal: AbortSignal) => Promise<unknown>;

const calls: readonly [string, Call][] = [
  ['createKey', (peer, signal) => peer.createKey({ signal })],
  ['pair', (peer, signal) => peer.pair({ id: 'peer 1' }, { signal })],
  ['connect', (peer, signal) => peer.connect({ id: 'peer 1', signal })],
  ['join', (peer, signal) => peer.join('den', { signal })],
  ['listRooms', (peer, signal) => peer.listRooms({ signal })],
  ['opened, before there is a peer', (peer, signal) => peer.opened(undefined, { signal })],
];

const aborted = { code: 'aborted', cause: 'changed my mind' };

describe('a signal that is aborted', () => {
  it.each(calls)('gives up %s, with its reason', async (_name, call) => {
    const { peer } = await playedPeer({ peers: 2 }, 2);
    const abort = new AbortController();
    const error = errorOf(call(peer, abort.signal));
    await settled();
    abort.abort('changed my mind');
    expect(await error).toMatchObject(aborted);
  });

  it.each(calls)('already lets %s ask nothing', async (_name, call) => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const kinds = ['create_key', 'pair_request', 'join_room', 'list_rooms'];
    expect(await errorOf(call(peer, AbortSignal.abort('changed my mind')))).toMatchObject(aborted);
    expect(kinds.flatMap((kind) => server.of(kind))).toEqual([]);
  });

  it('gives up the wait for a channel of a pairing, and only that one', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    server.say({ type: 'paired', peer_id: 'peer 1', initiator: false, polite: true, epoch: 1 });
    const connection = peer.connections.get('peer 1');
    const abort = new AbortController();
    const [given, kept] = [connection?.opened(undefined, { signal: abort.signal }), connection?.opened()];
    const errors = [errorOf(given as Promise<void>), errorOf(kept as Promise<void>)];
    abort.abort('changed my mind');
    expect(await errors[0]).toMatchObject(aborted);
    await connection?.close();
    expect(await errors[1]).toMatchObject({ code: 'unpaired' });
  });

  it('leaves the place of a request to the answer that still comes: the next one has its own', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const abort = new AbortController();
    const first = errorOf(peer.createKey({ signal: abort.signal }));
    abort.abort();
    expect(await first).toMatchObject({ code: 'aborted' });
    expect(await errorOf(peer.createKey())).toMatchObject({ code: 'request_pending' });
    server.say({ type: 'key', key: 'ABCD-EFGH-JKLM' });
    const second = peer.createKey();
    server.say({ type: 'key', key: 'NPQR-STUV-WXYZ' });
    expect(await second).toMatchObject({ key: 'NPQR-STUV-WXYZ' });
  });

  it('leaves a room that it was in time for, and the next one can be joined', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const abort = new AbortController();
    const first = errorOf(peer.join('den', { signal: abort.signal }));
    await settled();
    abort.abort();
    expect(await first).toMatchObject({ code: 'aborted' });
    const second = peer.join('attic');
    server.say(joined('den', peer.id));
    expect(server.of('leave_room')).toEqual([{ type: 'leave_room', room: 'den' }]);
    await settled();
    server.say(joined('attic', peer.id));
    expect((await second).name).toBe('attic');
    expect([...peer.rooms.keys()]).toEqual(['attic']);
  });

  it('ends the start of a peer that no server greets', async () => {
    const abort = new AbortController();
    const error = errorOf(createPeer({ url: 'ws://127.0.0.1:9/', signal: abort.signal }));
    abort.abort('changed my mind');
    expect(await error).toMatchObject(aborted);
  });

  it('does nothing once the wait is over', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const abort = new AbortController();
    const key = peer.createKey({ signal: abort.signal });
    server.say({ type: 'key', key: 'ABCD-EFGH-JKLM' });
    expect(await key).toMatchObject({ key: 'ABCD-EFGH-JKLM' });
    abort.abort();
    await settled();
    expect(peer.signaling).toBe('online');
  });
});

const joined = (room: string, id = '') => ({
  type: 'room_joined',
  room,
  topology: 'none',
  leader: id,
  max_size: 8,
  locked: false,
  peers: [],
});

/** Whatever a peer waits for can be given up by a signal: the wait ends at once, and harms nothing that comes after. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createPeer, type Peer } from '../../../src/client/index.ts';
import {
  initiated,
  joined,
  type PlayedConnection,
  playedConnection,
} from '../../support/peers/played-pairings.ts';
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

  it('is listened to only while something waits: one that lives long keeps nothing of what is over', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const { signal } = new AbortController();
    const waiting: Promise<unknown>[] = ['peer 1', 'peer 2'].map((id) => peer.connect({ id, signal }));
    waiting.push(peer.createKey({ signal }), peer.join('den', { signal }));
    expect(getEventListeners(signal, 'abort').length).toBe(4);
    server.say(initiated(1), joined('den'), { type: 'key', key: 'ABCD-EFGH-JKLM' });
    await settled();
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    server.say(initiated(2));
    await Promise.all(waiting);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('gives up its own request only: not the one that stood in its way, and not the next one', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const [refused, answered] = [new AbortController(), new AbortController()];
    const first = peer.createKey({ signal: answered.signal });
    const second = errorOf(peer.createKey({ signal: refused.signal }));
    refused.abort();
    expect(await second).toMatchObject({ code: 'request_pending' });
    server.say({ type: 'key', key: 'ABCD-EFGH-JKLM' });
    const third = peer.createKey();
    answered.abort();
    server.say({ type: 'key', key: 'NPQR-STUV-WXYZ' });
    expect(await Promise.all([first, third])).toMatchObject([
      { key: 'ABCD-EFGH-JKLM' },
      { key: 'NPQR-STUV-WXYZ' },
    ]);
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

  it('gives up what a member asks of its room', async () => {
    const { peer, server } = await playedPeer({ peers: 2 }, 2);
    const joining = peer.join('den');
    await settled();
    server.say(joined('den', peer.id));
    const room = await joining;
    const abort = new AbortController();
    const { signal } = abort;
    const errors = [room.lock(true, { signal }), room.updateMetadata('tired', { signal })].map(errorOf);
    await settled();
    abort.abort('changed my mind');
    expect(await Promise.all(errors)).toMatchObject([aborted, aborted]);
    expect(await errorOf(room.lock(false, { signal }))).toMatchObject(aborted);
    expect(server.of('lock_room')).toHaveLength(1);
  });

  it('takes a message back that waits to be sent, and not one that was sent', async () => {
    const { peer, connection, channel } = await playedConnection();
    const abort = new AbortController();
    const { signal } = abort;
    const first = peer.send('first', undefined, { signal });
    for (let n = 1; n < 32; n += 1) void peer.send(`${n}`);
    const error = errorOf(peer.send('given up', undefined, { signal }));
    const other = errorOf(connection.send('given up, too', 'chat', { signal }));
    const last = connection.send('last');
    abort.abort('changed my mind');
    expect([await error, await other]).toMatchObject([aborted, aborted]);
    expect(await errorOf(peer.send('too late', undefined, { signal }))).toMatchObject(aborted);
    await first;
    channel.drain();
    await last;
    channel.drain();
    expect(channel.sent).toEqual(['first', ...Array.from({ length: 31 }, (_, n) => `${n + 1}`), 'last']);
  });

  it('misses the members to whom a broadcast still waits', async () => {
    const { peer, server, channel } = await playedConnection();
    const joining = peer.join('den');
    await settled();
    server.say({ ...joined('den', peer.id), topology: 'mesh', peers: [{ id: 'peer 1' }] });
    const room = await joining;
    for (let n = 0; n < 32; n += 1) void peer.send(`${n}`);
    const abort = new AbortController();
    const told = room.broadcast('given up', undefined, { signal: abort.signal });
    abort.abort();
    expect(await told).toEqual({ sent: [], missed: ['peer 1'] });
    channel.drain();
    expect(channel.sent).not.toContain('given up');
  });

  it.each<[string, (played: PlayedConnection, signal: AbortSignal) => Promise<void>]>([
    ['close of a peer', ({ peer }, signal) => peer.close({ signal })],
    ['close of a connection', ({ connection }, signal) => connection.close({ signal })],
    [
      'leave of a room',
      async ({ peer, server }, signal) => {
        const joining = peer.join('den');
        await settled();
        server.say({ ...joined('den', peer.id), topology: 'mesh', peers: [{ id: 'peer 1' }] });
        await (await joining).leave({ signal });
      },
    ],
  ])(
    'cuts the %s short, which waits for what was sent to arrive, and tells the server all the same',
    async (_name, end) => {
      for (const isAborted of [false, true]) {
        const played = await playedConnection({ room: 'den' });
        const { peer, connection, channel, server } = played;
        void peer.send('never arrives');
        const abort = new AbortController();
        if (isAborted) abort.abort();
        const ending = end(played, abort.signal);
        await settled();
        // Its deadline of a second does not come: the clock stands still.
        expect(connection.state).toBe(isAborted ? 'disconnected' : 'draining');
        abort.abort();
        await ending;
        expect(connection.state).toBe('disconnected');
        expect(channel.sent).toEqual([]);
        const isTold = [...server.of('unpair'), ...server.of('leave_room')].length > 0;
        expect(isTold || peer.signaling === 'closed').toBe(true);
      }
    },
  );

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

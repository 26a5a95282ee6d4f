/** Each thing that a client is told, word by word, as a client that asked for a number of peers gets it, and as another. */
import { describe, expect, it } from '@jest/globals';
import { errorMessages } from '../../../../src/protocol/index.ts';
import { encodeNotice, isForSocketOnly } from '../../../../src/server/dialects/native/encode-notice.ts';
import type { ClientNotice } from '../../../../src/server/signaling/client.ts';

const paired = {
  ...{ type: 'paired', peerId: 'app/bob', isInitiator: false, epoch: 7, iceServers: undefined },
  ...{ room: undefined, traceparent: undefined },
} as const;
const toldPaired = { type: 'paired', peer_id: 'bob', initiator: false, polite: true, epoch: 7 };
const iceServers = [{ urls: ['stun:a'] }];
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const game = {
  ...{ name: 'chess', members: 2, maxSize: 4, topology: 'mesh', isLocked: false, hasPassword: true },
} as const;
const toldGame = {
  ...{ room: 'chess', members: 2, max_size: 4, topology: 'mesh', locked: false, password: true },
};

/** What is told to all, and what only a client with a number of peers is told besides. */
const cases: [string, ClientNotice, object | undefined, object?][] = [
  ['a pairing', paired, toldPaired],
  [
    'a pairing of the initiator',
    { ...paired, isInitiator: true },
    { ...toldPaired, initiator: true, polite: false },
  ],
  [
    'a pairing with ICE servers, of a room, that is traced',
    { ...paired, iceServers, room: 'chess', traceparent },
    { ...toldPaired, ice_servers: iceServers, room: 'chess', traceparent },
  ],
  ['the metadata of a pairing', { ...paired, metadata: 0 }, toldPaired, { metadata: 0 }],
  [
    'the end of a pairing',
    { type: 'peer_disconnected', peerId: 'app/bob', epoch: 7, reason: 'unpaired' },
    { type: 'peer_disconnected', peer_id: 'bob', reason: 'unpaired' },
    { epoch: 7 },
  ],
  [
    'the reason of a peer that rejects',
    { type: 'peer_disconnected', peerId: 'bob', epoch: 7, reason: 'rejected', message: 'busy' },
    { type: 'peer_disconnected', peer_id: 'bob', reason: 'rejected' },
    { epoch: 7, message: 'busy' },
  ],
  [
    'a peer that is away',
    { type: 'peer_away', peerId: 'bob', epoch: 7 },
    { type: 'peer_away', peer_id: 'bob' },
    { epoch: 7 },
  ],
  [
    'a peer that is back',
    { type: 'peer_back', peerId: 'bob', epoch: 7 },
    { type: 'peer_back', peer_id: 'bob' },
    { epoch: 7 },
  ],
  ['a key', { type: 'key', key: 'K', expiresAt: 5 }, { type: 'key', key: 'K', expires_at: 5 }],
  ['a key without an end', { type: 'key', key: 'K', expiresAt: undefined }, { type: 'key', key: 'K' }],
  [
    'a refusal',
    { type: 'refused', code: 'not_paired' },
    { type: 'error', code: 'not_paired', message: errorMessages.not_paired },
  ],
  [
    'a refusal with all that there is to say',
    { type: 'refused', code: 'not_paired', message: 'why', for: 'offer', epoch: 7, room: 'chess' },
    { type: 'error', code: 'not_paired', message: 'why', for: 'offer', room: 'chess' },
    { epoch: 7 },
  ],
  ['a ping', { type: 'ping' }, { type: 'ping' }],
  [
    'the end of its token',
    { type: 'token_expiring', expiresAt: 5 },
    { type: 'token_expiring', expires_at: 5 },
  ],
  ['a restart', { type: 'restarting', afterMs: 5 }, { type: 'restarting', after_ms: 5 }],
  [
    'a room that it has joined',
    {
      ...{
        type: 'room_joined',
        room: 'chess',
        leader: 'app/bob',
        topology: 'mesh',
        isLocked: true,
        maxSize: 4,
      },
      peers: [{ id: 'app/bob', metadata: null }, { id: 'eve' }],
    },
    {
      ...{ type: 'room_joined', room: 'chess', leader: 'bob', topology: 'mesh', locked: true, max_size: 4 },
      peers: [{ id: 'bob', metadata: null }, { id: 'eve' }],
    },
  ],
  [
    'a room without a leader',
    { type: 'leader', room: 'chess', id: undefined },
    { type: 'leader', room: 'chess', id: null },
  ],
  [
    'a connection in a room',
    { type: 'edge', room: 'chess', id: 'app/bob', state: 'connected' },
    { type: 'edge', room: 'chess', id: 'bob', state: 'connected' },
  ],
  [
    'a connection in a room that has failed',
    { type: 'edge', room: 'chess', id: 'bob', state: 'failed', reason: 'timed_out' },
    { type: 'edge', room: 'chess', id: 'bob', state: 'failed', reason: 'timed_out' },
  ],
  [
    'the rooms that there are',
    { type: 'rooms', rooms: [game, { ...game, metadata: 0 }], hasMore: false },
    { type: 'rooms', rooms: [toldGame, { ...toldGame, metadata: 0 }] },
  ],
  [
    'that there are more rooms',
    { type: 'rooms', rooms: [], hasMore: true },
    { type: 'rooms', rooms: [], more: true },
  ],
] as [string, ClientNotice, object, object?][];

describe('a client is told of', () => {
  it.each(cases)('%s', (_what, notice, toAll, toOneWithPeers = {}) => {
    expect(encodeNotice(notice, false)).toStrictEqual(toAll);
    expect(encodeNotice(notice, true)).toStrictEqual({ ...toAll, ...toOneWithPeers });
  });

  it('a key that has ended only if it asked for a number of peers: others know no such message', () => {
    const notice = { type: 'key_expired', key: 'K' } as const;
    expect(encodeNotice(notice, false)).toBeUndefined();
    expect(encodeNotice(notice, true)).toStrictEqual(notice);
  });

  it('what is about this socket only once: a ping, a restart, and nothing else', () => {
    const once = cases.filter(([, notice]) => isForSocketOnly(notice)).map(([, { type }]) => type);
    expect(once).toEqual(['ping', 'restarting']);
  });
});

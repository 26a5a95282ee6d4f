/** What a server may have a client do and keep: no more than its user asked for, and a bounded amount. */
import { describe, expect, it } from '@jest/globals';
import { ServerAllowance } from '../../../src/client/signaling/server-allowance.ts';
import { SignalingLink } from '../../../src/client/signaling/signaling-client.ts';
import { eventFrom } from '../../../src/client/signaling/signaling-event.ts';
import type { SocketHandlers } from '../../../src/client/signaling/socket.ts';
import { FakeDataChannel } from '../../support/peers/fake-rtc.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';
import { errorOf } from '../../support/peers/werift-peers.ts';

const paired = (n: number) => ({
  ...{ type: 'paired', peer_id: `peer ${n}`, initiator: false, polite: true, epoch: n, room: 'r' },
});

describe('a server that means harm', () => {
  it.each([
    ['1 peer of a client that said nothing of peers', {}, 1],
    ['3 peers of a client that wants 3', { peers: 3 }, 3],
  ])('brings at most %s, though it says that it may bring a million', async (_what, options, most) => {
    const { peer, server } = await playedPeer(options, 1_000_000);
    for (let n = 1; n <= 20; n += 1) server.say(paired(n));
    await settled();
    expect(peer.connections.size).toBe(most);
  });

  it('brings one peer, and asks about one, where it said that a client has one', async () => {
    let asked = 0;
    const accept = () => {
      asked += 1;
      return new Promise<boolean>(() => {});
    };
    const { peer, server } = await playedPeer({ peers: 3, accept });
    for (let n = 1; n <= 20; n += 1) server.say(paired(n));
    for (let n = 21; n <= 40; n += 1) server.say({ ...paired(n), room: undefined });
    await settled();
    expect([peer.connections.size, asked]).toEqual([1, 1]);
  });

  it('has a client remember of 1,000 pairings at most what it heard in them: the newest', () => {
    const { heard, say } = linked();
    const candidate = (epoch: number) => ({ type: 'candidate', candidate: null, from_peer: true, epoch });
    for (let epoch = 1; epoch <= 5_000; epoch += 1) say(candidate(epoch), 7);
    expect(heard()).toBe(5_000);
    // The same again: of the newest it is known that they were had.
    for (let epoch = 4_001; epoch <= 5_000; epoch += 1) say(candidate(epoch), 7);
    expect(heard()).toBe(5_000);
    say(candidate(1), 7);
    expect(heard()).toBe(5_001);
  });

  it('has a client keep 16 MiB that it does not ack: then the session is over, which the client says, and begins anew', () => {
    const { link, sent, told, welcome } = linked();
    const data = 'x'.repeat(60_000);
    for (let n = 0; n < 1_000; n += 1) link.send({ type: 'signal', data });
    expect(sent.length * data.length).toBeLessThan(17 * 1024 * 1024);
    expect(told).toEqual(['problem invalid_server_message', 'session lost', 'lost, may return']);
    const before = sent.length;
    link.open();
    welcome();
    link.send({ type: 'signal', data: 'anew' });
    expect(sent.slice(before)).toEqual([expect.stringContaining('anew')]);
  });
});

describe('a server that sends without end', () => {
  it.each<[string, string, (n: number) => object]>([
    ['pairings', 'too many of `paired`', paired],
    ['errors', 'too many of `error`', () => ({ type: 'error', message: 'x'.repeat(1_000) })],
    ['expiring tokens', 'too many of `token_expiring`', () => ({ type: 'token_expiring', expires_at: 1 })],
    ['leaders', 'too many of `leader`', (n) => ({ type: 'leader', room: 'r', id: `${n}` })],
    ['nonsense', 'messages that fit no schema', () => ({ type: 'paired' })],
    ['pings', 'messages without end', () => ({ type: 'ping' })],
    ['candidates', 'messages without end', () => ({ type: 'candidate', candidate: null, from_peer: true })],
    [
      'megabytes',
      'messages without end',
      () => ({ type: 'signal', data: 'x'.repeat(1_000_000), from_peer: true }),
    ],
  ])('of %s is left for good, and the user told once', async (_what, detail, message) => {
    const { peer, server } = await playedPeer();
    const errors: string[] = [];
    peer.on('error', ({ code, message: words }) => errors.push(`${code} ${words}`));
    let said = 0;
    while (peer.signaling === 'online' && said < 50_000) server.say(message(said++));
    await settled();
    expect(peer.signaling).toBe('lost');
    expect(errors.filter((error) => error.startsWith('server_flooding'))).toEqual([
      expect.stringContaining(detail),
    ]);
    const before = errors.length;
    server.say(message(0));
    await settled();
    expect([errors.length, server.urls.length]).toEqual([before, 1]);
  });

  it('of pairings is heard 1,003 times after its greeting, and not the one that is too much', () => {
    const { say, told, heard } = linked();
    for (let n = 1; n <= 1_100; n += 1) say(paired(n));
    expect([told, heard()]).toEqual([['session lost', 'lost, may not return'], 1_003]);
  });

  it('of pairings has a client open at most 1,004 connections before it is left', async () => {
    const { peer, server, engines } = await playedPeer();
    for (let n = 1; n <= 5_000 && peer.signaling === 'online'; n += 1) server.say(paired(n));
    expect(engines.length).toBeLessThanOrEqual(1_004);
  });

  it('has what it may again as time goes by: 100 a second that cost much, 5,000 of the others', () => {
    let now = 0;
    const allowance = new ServerAllowance(1, () => now);
    const most = (take: () => boolean) => {
      let taken = 0;
      while (take()) taken += 1;
      return taken;
    };
    expect(most(() => allowance.takeMessage('paired'))).toBe(1_004);
    expect(most(() => allowance.take(0))).toBe(21_500);
    now = 1_000;
    expect(most(() => allowance.takeMessage('your_id'))).toBe(101);
    expect(most(() => allowance.take(0))).toBe(5_050);
    now = 100_000;
    // A message of 1 KiB counts twice.
    expect(most(() => allowance.take(1024))).toBe(10_750);
    expect(new ServerAllowance(1, () => 0).take(16 * 1024 * 1024)).toBe(true);
    expect(new ServerAllowance(1, () => 0).take(16 * 1024 * 1024 + 1)).toBe(false);
  });

  it('of pings of WebSocket, or that reads none of 32 MiB, is left', () => {
    const flooded = linked();
    for (let n = 0; n < 30_000; n += 1) flooded.handlers()?.controlled?.(100);
    const unread = linked(33 * 1024 * 1024);
    unread.say({ type: 'ping' }, 1);
    for (const { told } of [flooded, unread]) expect(told).toEqual(['session lost', 'lost, may not return']);
  });
});

describe('a server that names more than anybody needs', () => {
  it('of ICE servers has 32 URLs asked, and none that no engine takes', () => {
    const ice_servers = [
      { urls: ['http://inside/', 'stun:', 'stun:one:3478', `turn:${'x'.repeat(400)}`] },
      { urls: 'file:///etc/passwd' },
      { urls: Array.from({ length: 50 }, (_, n) => `turn:many-${n}:3478`), username: 'u', credential: 'c' },
      { urls: 'stun:beyond:3478' },
    ];
    const event = eventFrom({ ...paired(1), ice_servers } as never, {});
    const urls = Array.from({ length: 31 }, (_, n) => `turn:many-${n}:3478`);
    expect(event).toMatchObject({
      iceServers: [{ urls: ['stun:one:3478'] }, { urls, username: 'u', credential: 'c' }],
    });
  });

  it('of members of a room, more than 10,000, is left alone with it', async () => {
    const { peer, server } = await playedPeer();
    const peers = Array.from({ length: 10_000 }, (_, n) => ({ id: `m${n}` }));
    const joined = { type: 'room_joined', room: 'r', peers, leader: null, topology: 'mesh' };
    const joining = peer.join('r');
    server.say(joined);
    const room = await joining;
    const ends: unknown[] = [];
    room.on('close', (end) => ends.push(end));
    server.say({ type: 'peer_joined', room: 'r', peer: { id: 'one more' } });
    expect(ends).toMatchObject([{ reason: 'failed', error: { code: 'server_flooding' } }]);
    const again = errorOf(peer.join('r'));
    server.say({ ...joined, peers: [...peers, { id: 'one more' }] });
    expect(await again).toMatchObject({ code: 'server_flooding' });
    expect(server.of('leave_room')).toHaveLength(2);
    expect(peer.signaling).toBe('online');
  });

  it('of others who want to be accepted has the user asked about as many as it wants peers', async () => {
    let asked = 0;
    const accept = () => {
      asked += 1;
      return new Promise<boolean>(() => {});
    };
    const { server } = await playedPeer({ peers: 3, accept }, 1_000_000);
    for (let n = 1; n <= 10; n += 1) server.say({ ...paired(n), room: undefined });
    await settled();
    expect(asked).toBe(3);
    expect(server.of('reject').map(({ epoch }) => epoch)).toEqual([4, 5, 6, 7, 8, 9, 10]);
  });
});

describe('a peer that opens data channels without end', () => {
  it('loses its connection with the 65th that was not agreed', async () => {
    const { peer, server, engines } = await playedPeer();
    server.say(paired(1));
    await settled();
    for (let n = 0; n < 64; n += 1) engines[0]?.ondatachannel?.({ channel: new FakeDataChannel(`${n}`) });
    expect(peer.connections.size).toBe(1);
    engines[0]?.ondatachannel?.({ channel: new FakeDataChannel('one more') });
    expect(peer.connections.size).toBe(0);
    expect(server.of('unpair')).toHaveLength(1);
  });
});

/**
 * A link to a server that welcomes it, and acks nothing.
 * @param unsentBytes as its socket says
 * @param isMany whether its client may have several peers
 */
function linked(unsentBytes = 0, isMany = true) {
  let socket: SocketHandlers | undefined;
  const sent: string[] = [];
  const told: string[] = [];
  let heard = 0;
  const link = new SignalingLink(
    'ws://played/',
    (_url, handlers) => {
      socket = handlers;
      return { send: (text) => sent.push(text), close: () => {}, unsentBytes };
    },
    {
      isMany,
      received: ({ type }) => {
        if (type !== 'your_id') heard += 1;
      },
      problem: ({ code }) => told.push(`problem ${code}`),
      lost: ({ mayReturn }) => told.push(`lost, ${mayReturn ? 'may' : 'may not'} return`),
      sessionLost: () => told.push('session lost'),
      claims: () => ({}),
      allowance: new ServerAllowance(1, () => 0),
    },
  );
  const welcome = () =>
    socket?.received(JSON.stringify({ type: 'your_id', id: 'me', ping_interval_ms: 0, resume: 'a secret' }));
  link.open();
  welcome();
  let seq = 0;
  const say = (message: object, senderSeq?: number) => {
    seq += 1;
    socket?.received(JSON.stringify([seq, 0, message, ...(senderSeq === undefined ? [] : [senderSeq])]));
  };
  return { link, sent, told, say, welcome, heard: () => heard, handlers: () => socket };
}

describe('the messages of a new peer', () => {
  it.each([
    ['one peer', false],
    ['several peers', true],
  ])(
    'are all heard, though they are numbered as those of the last one were, by a client of %s',
    (_who, isMany) => {
      const { say, heard } = linked(0, isMany);
      const pairing = (epoch: number) => ({
        type: 'paired',
        ...{ peer_id: `peer ${epoch}`, initiator: true, polite: false, epoch },
      });
      const candidate = { type: 'candidate', candidate: null, from_peer: true };
      say(pairing(1));
      for (const seq of [1, 2, 2]) say({ ...candidate, epoch: 1 }, seq);
      expect(heard()).toBe(3);
      say(pairing(2));
      for (const seq of [1, 2, 2]) say({ ...candidate, epoch: 2 }, seq);
      expect(heard()).toBe(6);
    },
  );
});

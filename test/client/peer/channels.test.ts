/** Data channels of real peers: several of them, each with its own promise about order and loss. */
import { describe, expect, it } from '@jest/globals';
import type { Peer, PeerOptions } from '../../../src/client/index.ts';
import type { DataChannel } from '../../../src/client/rtc/types.ts';
import { UdpProxy } from '../../support/network/udp-proxy.ts';
import {
  errorOf,
  event,
  inState,
  open,
  openPair,
  recorded,
  testPeer,
} from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

type Received = [data: string | Uint8Array, channel: string];

/** Everything that comes from now on, and the wait for so many of it. */
function inbox(peer: Peer) {
  const received: Received[] = [];
  const wakes: (() => void)[] = [];
  peer.on('message', (...message) => {
    received.push(message);
    for (const wake of wakes.splice(0)) wake();
  });
  return {
    received,
    async count(count: number): Promise<Received[]> {
      while (received.length < count) await new Promise<void>((resolve) => wakes.push(resolve));
      return received;
    },
  };
}

/** A pair with those channels over a network that can be cut. */
async function overProxy(options: PeerOptions) {
  const { server } = await startTestServer();
  const udp = new UdpProxy();
  const [a, b] = await open(
    await testPeer(server.url, options, udp.platform('a')),
    await testPeer(server.url, options, udp.platform('b')),
  );
  await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
  await Promise.all([a, b].flatMap((peer) => options.channels?.map(({ label }) => peer.opened(label)) ?? []));
  return { udp, a, b };
}

/** Sends with the network cut, and waits until the packets are lost. */
async function lose(udp: UdpProxy, send: () => Promise<unknown>): Promise<void> {
  udp.cut();
  await send();
  const { lost } = udp;
  await until(() => udp.lost !== lost);
  udp.heal();
}

describe('several channels', () => {
  it('carry text and bytes side by side, each in order, and tell which one it was', async () => {
    const channels = [{ label: 'züge', ordered: false }, { label: 'files' }];
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url, { channels });
    await Promise.all(
      ['chat', 'züge', 'files'].map((label) => Promise.all([a.opened(label), b.opened(label)])),
    );
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const { received, count } = inbox(to);
      for (let i = 0; i < 50; i += 1) {
        from.send(`${i}`);
        from.send(new Uint8Array([i]), 'files');
        from.send(`move ${i}`, 'züge');
      }
      await count(150);
      const of = (channel: string) =>
        received.filter((message) => message[1] === channel).map(([data]) => data);
      expect(of('chat')).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
      expect(of('files')).toEqual(Array.from({ length: 50 }, (_, i) => new Uint8Array([i])));
      expect(of('züge').sort()).toEqual(Array.from({ length: 50 }, (_, i) => `move ${i}`).sort());
    }
  });

  it('tell of each one that opens, and refuse those that were not named', async () => {
    const { server } = await startTestServer();
    const options = { channel: { label: 'one' }, channels: [{ label: 'two' }] };
    const [a, b] = [await testPeer(server.url, options), await testPeer(server.url, options)];
    const opens = [recorded(a, 'open'), recorded(b, 'open')];
    await open(a, b);
    await Promise.all([a.opened('two'), b.opened('two')]);
    expect(opens.map((labels) => [...labels].sort())).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
    expect(await errorOf(a.send('x', 'moves'))).toMatchObject({ code: 'unknown_channel' });
    expect(await errorOf(a.opened('moves'))).toMatchObject({ code: 'unknown_channel' });
  });

  it('of which the peer knows only the first leave that one open, with a typed error on both sides', async () => {
    const { server } = await startTestServer();
    const a = await testPeer(server.url, { channels: [{ label: 'moves' }] });
    const b = await testPeer(server.url);
    const errors = [event(a, 'error'), event(b, 'error')];
    await open(a, b);
    expect(await Promise.all(errors)).toMatchObject([
      { code: 'channel_closed' },
      { code: 'unexpected_channel' },
    ]);
    expect(await errorOf(a.send('x', 'moves'))).toMatchObject({ code: 'not_open' });
    const { count } = inbox(b);
    await a.send('still here');
    expect(await count(1)).toEqual([['still here', 'chat']]);
  });
});

describe('a message that is lost on the way', () => {
  it('stays lost without retransmits, or when its life time is over, and holds nothing up', async () => {
    const limited = [
      { label: 'once', maxRetransmits: 0 },
      { label: 'brief', maxPacketLifeTime: 1 },
    ];
    const { udp, a, b } = await overProxy({ channels: limited });
    const { received, count } = inbox(b);
    for (const [n, { label }] of limited.entries()) {
      // The chat is reliable: when its message is sent again, the other would have been, too.
      await lose(udp, () => Promise.all([a.send('lost', label), a.send('kept', 'chat')]));
      await count(2 * n + 1);
      await a.send('later', label);
      await count(2 * n + 2);
    }
    expect(received).toEqual([
      ['kept', 'chat'],
      ['later', 'once'],
      ['kept', 'chat'],
      ['later', 'brief'],
    ]);
  });

  it('of many parts is given up whole', async () => {
    const { udp, a, b } = await overProxy({ channels: [{ label: 'moves', maxRetransmits: 0 }] });
    const { received, count } = inbox(b);
    await lose(udp, () => Promise.all([a.send('x'.repeat(20_000), 'moves')]));
    await a.send('later', 'moves');
    await count(1);
    expect(received).toEqual([['later', 'moves']]);
  });

  it('lets later ones pass on an unordered channel, whoever sends, and comes after them', async () => {
    const channels = [{ label: 'moves', ordered: false, maxRetransmits: 9 }];
    const { udp, a, b } = await overProxy({ channels });
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const { count } = inbox(to);
      await lose(udp, () => from.send('first', 'moves'));
      await from.send('second', 'moves');
      expect(await count(2)).toEqual([
        ['second', 'moves'],
        ['first', 'moves'],
      ]);
    }
  });

  it('holds later ones up on an ordered channel', async () => {
    const { udp, a, b } = await overProxy({});
    const { count } = inbox(b);
    await lose(udp, () => a.send('first'));
    await a.send('second');
    expect(await count(2)).toEqual([
      ['first', 'chat'],
      ['second', 'chat'],
    ]);
  });
});

describe('a channel that is closed while its last message is lost', () => {
  it('is closed at the other end only when that message, sent again, has arrived', async () => {
    const { server } = await startTestServer();
    const udp = new UdpProxy();
    // What `send` and `close` of a peer would wait for, the engine of another peer need not wait for.
    const channels: DataChannel[] = [];
    const platform = udp.platform('a');
    const a = await testPeer(
      server.url,
      {},
      {
        ...platform,
        createConnection: (config) => {
          const rtc = platform.createConnection(config);
          const create = rtc.createDataChannel.bind(rtc);
          rtc.createDataChannel = (...args) => {
            const channel = create(...args);
            channels.push(channel);
            return channel;
          };
          return rtc;
        },
      },
    );
    const b = await testPeer(server.url, {}, udp.platform('b'));
    await open(a, b);
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const happened: unknown[] = [];
    b.on('message', (data) => happened.push(data));
    const gone = event(b, 'peer_disconnected').then(() => happened.push('gone'));
    const [channel] = channels as [DataChannel];
    await lose(udp, async () => channel.send('last words'));
    channel.close();
    await gone;
    expect(happened).toEqual(['last words', 'gone']);
  });
});

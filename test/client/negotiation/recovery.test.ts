/** Real peers on networks that fail: whatever can come back comes back, and what is gone is told of once. */
import { describe, expect, it } from '@jest/globals';
import type { Peer, PeerOptions, PeerState } from '../../../src/client/index.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';
import { UdpProxy } from '../../support/network/udp-proxy.ts';
import { eventually } from '../../support/peers/room-members.ts';
import { errorOf, event, inState, open, recorded, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';
import { PATIENCE_MS } from '../../support/wait-timeouts.ts';

/** So that a cut is noticed in no time. */
const impatient: PeerOptions = { timeouts: { silenceMs: 400 }, reconnect: { baseMs: 20, capMs: 40 } };

interface Network {
  readonly server: TestServer;
  readonly udp: UdpProxy;
  /** The links of a and of b to the server. */
  readonly tcp: readonly [TcpProxy, TcpProxy];
  readonly a: Peer;
  readonly b: Peer;
}

/** Two connected peers; everything that they send goes over proxies. a is the initiator, and b polite. */
async function connected(options: PeerOptions = impatient, ofB: PeerOptions = options): Promise<Network> {
  const server = await startTestServer();
  const udp = new UdpProxy();
  const tcp = [await TcpProxy.start(server.server.url), await TcpProxy.start(server.server.url)] as const;
  const a = await testPeer(tcp[0].url, options, udp.platform('a'));
  const b = await testPeer(tcp[1].url, ofB, udp.platform('b'));
  await open(a, b);
  await bothIn('connected', a, b);
  return { server, udp, tcp, a, b };
}

const bothIn = (state: PeerState, ...peers: Peer[]) => Promise.all(peers.map((peer) => inState(peer, state)));

/** Waits for that message. @returns all up to it */
function heardUntil(peer: Peer, last: string): Promise<unknown[]> {
  const messages: unknown[] = [];
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      reject(new Error(`${last} did not come: ${messages.length} others did, and the peer is ${peer.state}`));
    }, PATIENCE_MS).unref();
    peer.on('message', function take(data) {
      messages.push(data);
      if (data !== last) return;
      clearTimeout(deadline);
      peer.off('message', take);
      resolve(messages);
    });
  });
}

const texts = (count: number) => Array.from({ length: count }, (_, i) => `message ${i}`);

async function sendAll(peer: Peer, messages: readonly string[]): Promise<void> {
  await Promise.all(messages.map((message) => peer.send(message)));
}

describe('a connection over a bad network', () => {
  it('comes about though everything takes so long that it is asked and answered twice', async () => {
    const { server } = await startTestServer();
    const udp = new UdpProxy();
    for (const peer of ['a', 'b']) udp.fault(peer).delayMs = 300;
    const a = await testPeer(server.url, {}, udp.platform('a'));
    const b = await testPeer(server.url, {}, udp.platform('b'));
    const states = [recorded(a, 'state'), recorded(b, 'state')];
    await open(a, b);
    await bothIn('connected', a, b);
    const received = heardUntil(b, 'hello');
    await a.send('hello');
    await received;
    expect(states.flat()).not.toContain('restarting');
  });

  it('loses and reorders nothing when packets are late and one in ten is lost', async () => {
    const { udp, a, b } = await connected();
    Object.assign(udp.fault('a'), { delayMs: 5, loseOneIn: 10 });
    Object.assign(udp.fault('b'), { delayMs: 1, loseOneIn: 10 });
    const messages = texts(300);
    const [received] = await Promise.all([heardUntil(b, 'message 299'), sendAll(a, messages)]);
    expect(received).toEqual(messages);
    expect([a.state, b.state]).toEqual(['connected', 'connected']);
  });

  it('that is cut is noticed, restarts ICE when it heals, and goes on with what was sent', async () => {
    const { udp, a, b } = await connected();
    const pairings = [recorded(a, 'paired'), recorded(b, 'paired')];
    const errors = [recorded(a, 'error'), recorded(b, 'error')];
    const received = [heardUntil(b, 'message 99'), heardUntil(a, 'message 99')];
    await a.send('before');
    udp.cut();
    const messages = texts(100);
    const sent = [sendAll(a, messages), sendAll(b, messages)];
    // One of them is enough: its offer may reach the other one before that one notices by itself.
    await Promise.race([inState(a, 'restarting'), inState(b, 'restarting')]);
    udp.heal();
    expect(await Promise.all(received)).toEqual([['before', ...messages], messages]);
    await Promise.all([...sent, bothIn('connected', a, b)]);
    expect([pairings, errors]).toEqual([
      [[], []],
      [[], []],
    ]);
  });

  it.each(['a', 'b'] as const)('that lets nothing of %s through is restarted too', async (silent) => {
    const { udp, a, b } = await connected();
    udp.fault(silent).isCut = true;
    await inState(silent === 'a' ? b : a, 'restarting');
    udp.heal();
    const received = heardUntil(b, 'it is heard');
    await a.send('it is heard');
    await Promise.all([received, bothIn('connected', a, b)]);
  });

  it('is left alone while it is only quiet', async () => {
    const { udp, a, b } = await connected({ timeouts: { silenceMs: 200 } });
    const states = [recorded(a, 'state'), recorded(b, 'state')];
    // Questions and answers: more than enough of them to have given up three times.
    const { packets } = udp;
    await until(() => udp.packets >= packets + 60);
    expect(states).toEqual([[], []]);
  });

  it('is left alone while it is quiet and slow: an answer counts though the next question was asked before it', async () => {
    // Only a asks, every 100 ms, and is answered after 300 ms.
    const { udp, a, b } = await connected({ timeouts: { silenceMs: 500 } }, { timeouts: { silenceMs: 0 } });
    const states = [recorded(a, 'state'), recorded(b, 'state')];
    for (const peer of ['a', 'b']) udp.fault(peer).delayMs = 150;
    const { packets } = udp;
    await eventually(() => udp.packets >= packets + 40);
    expect(states).toEqual([[], []]);
  });

  it('that never comes about ends at its deadline, and tells what was missing', async () => {
    const { server } = await startTestServer();
    const udp = new UdpProxy();
    const clock = new ManualClock();
    const [a, b] = [
      await testPeer(server.url, { clock }, udp.platform('a')),
      await testPeer(server.url, { clock }, udp.platform('b')),
    ];
    const errors = [event(a, 'error'), event(b, 'error')];
    udp.cut();
    await a.pair({ id: b.id as string });
    await bothIn('checking', a, b);
    const opened = [errorOf(a.opened()), errorOf(b.opened())];
    clock.advance(30_050);
    const timeout = { code: 'connection_timeout', message: expect.stringContaining('TURN') };
    expect(await Promise.all([...errors, ...opened])).toMatchObject([timeout, timeout, timeout, timeout]);
    expect([a.state, b.state]).toEqual(['unpaired', 'unpaired']);
  });

  it('takes a new way without a new pairing when its network changes', async () => {
    const { a, b } = await connected();
    const pairings = recorded(a, 'paired');
    const received = heardUntil(b, 'message 49');
    const restarting = inState(b, 'answering');
    a.networkChanged();
    const messages = texts(50);
    await sendAll(a, messages);
    await restarting;
    expect(await received).toEqual(messages);
    await bothIn('connected', a, b);
    expect(pairings).toEqual([]);
  });
});

describe('signaling that is lost while the channel is open', () => {
  it('leaves the channel alone, and is tried until it is back, with the same id and pairing', async () => {
    const { tcp, a, b } = await connected();
    const { id } = a;
    const states = [recorded(a, 'state'), recorded(b, 'state')];
    const [waiting, back] = [event(a, 'signaling'), event(b, 'peer_back')];
    const online = new Promise<void>((resolve) =>
      a.on('signaling', (state) => state === 'online' && resolve()),
    );
    tcp[0].refuse();
    tcp[0].cut();
    expect(await waiting).toBe('waiting');
    const received = heardUntil(b, 'without a server');
    await a.send('without a server');
    await received;
    await until(() => tcp[0].connections >= 5);
    tcp[0].heal();
    await Promise.all([back, online]);
    expect([a.id, a.peerId, states]).toEqual([id, b.id, [[], []]]);
  });

  it('together with the connection restores both, and what was sent meanwhile arrives', async () => {
    const { udp, tcp, a, b } = await connected();
    udp.cut();
    for (const link of tcp) link.stall();
    const messages = texts(20);
    const received = heardUntil(b, 'message 19');
    await sendAll(a, messages);
    // Their offers wait in the link.
    await bothIn('restarting', a, b);
    for (const link of tcp) {
      link.cut();
      link.heal();
    }
    udp.heal();
    expect(await received).toEqual(messages);
    await bothIn('connected', a, b);
  });

  it.each(['up', 'down'] as const)('that stands still (%s) only holds a pairing up', async (direction) => {
    const server = await startTestServer();
    const tcp = await TcpProxy.start(server.server.url);
    const a = await testPeer(tcp.url);
    const b = await testPeer(server.server.url);
    tcp.stall(direction);
    const pairing = a.pair({ id: b.id as string });
    if (direction === 'down') await event(b, 'paired');
    else expect(b.state).toBe('unpaired');
    tcp.heal();
    await Promise.all([pairing, a.opened(), b.opened()]);
  });
});

describe('a peer that is gone', () => {
  const vanish = ({ udp, tcp }: Network) => {
    udp.fault('a').isCut = true;
    udp.fault('b').isCut = true;
    tcp[0].refuse();
    tcp[0].cut();
  };

  it('is reported once when WebRTC notices before the server does, and leaves the other one ready for the next', async () => {
    const network = await connected();
    const { server, b } = network;
    const [gone, errors] = [recorded(b, 'peer_disconnected'), recorded(b, 'error')];
    const told = event(b, 'peer_disconnected');
    vanish(network);
    await inState(b, 'restarting');
    server.clock.advance(31_000);
    await told;
    expect(b.state).toBe('unpaired');
    // Whatever else the server has to say has been said once it answers.
    await b.createKey();
    expect([gone.length, errors]).toEqual([1, []]);
    const c = await testPeer(server.server.url);
    await open(c, b);
  });

  it('is reported once when the server notices before WebRTC does', async () => {
    const network = await connected({ ...impatient, timeouts: {} });
    const { server, b } = network;
    const [gone, errors] = [recorded(b, 'peer_disconnected'), recorded(b, 'error')];
    const [away, told] = [event(b, 'peer_away'), event(b, 'peer_disconnected')];
    vanish(network);
    await away;
    expect(b.state).toBe('connected');
    server.clock.advance(31_000);
    await told;
    await b.createKey();
    expect([b.state, gone.length, errors]).toEqual(['unpaired', 1, []]);
  });
});

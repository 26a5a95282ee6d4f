/** Real peers over werift, on the real server: what the client's API promises. */
import { describe, expect, it } from '@jest/globals';
import { createPeer, type PeerState } from '../../../src/client/index.ts';
import { errorOf, event, inState, openPair, recorded, testPeer } from '../../support/peers/werift-peers.ts';
import { nativeClientOf } from '../../support/servers/native-client.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { withoutTimers } from '../../support/without-timers.ts';

describe('two peers', () => {
  it('open a channel without waiting 300 ms for anything when there are no ICE servers', async () => {
    const { server } = await startTestServer();
    await withoutTimers(300, () => openPair(server.url));
  });

  it('open a channel without waiting 1 s for anything when the STUN server cannot be reached', async () => {
    const { server } = await startTestServer();
    // TEST-NET-1 (RFC 5737): nobody is there.
    const iceServers = [{ urls: 'stun:192.0.2.99:3478' }];
    await withoutTimers(1_000, () => openPair(server.url, { iceServers }));
  });

  it('pair by key, and learn who is the initiator', async () => {
    const { server } = await startTestServer();
    const a = await testPeer(server.url);
    const b = await testPeer(server.url);
    const { key, expiresAt } = await a.createKey({ ttlS: 60, uses: 1 });
    expect(key).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    expect(expiresAt).toEqual(new Date(Date.UTC(2026, 0, 1) + 60_000));
    const told = event(a, 'paired');
    expect(await b.pair({ key })).toEqual({ peerId: a.id, initiator: true });
    expect(await told).toEqual({ peerId: b.id, initiator: false });
    expect([a.peerId, b.peerId]).toEqual([b.id, a.id]);
  });

  it('go through their states in order', async () => {
    const { server } = await startTestServer();
    const a = await testPeer(server.url);
    const b = await testPeer(server.url);
    const states: [PeerState[], PeerState[]] = [recorded(a, 'state'), recorded(b, 'state')];
    await a.pair({ id: b.id as string });
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    expect(states[0]).toEqual(['offering', 'checking', 'connected']);
    expect(states[1]).toEqual(['paired', 'answering', 'checking', 'connected']);
    await a.close();
    expect(a.state).toBe('disconnected');
  });

  it('exchange text and bytes, also empty ones, in order and both ways', async () => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url);
    const sent = ['hello', '', 'ü 😀', new Uint8Array([0, 1, 255]), new Uint8Array(0), 'last'];
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      const received = recorded(to, 'message');
      const last = new Promise<void>((resolve) => to.on('message', (data) => data === 'last' && resolve()));
      for (const message of sent) await from.send(message);
      await last;
      expect(received).toEqual(sent);
    }
  });

  it('lose none of 1,000 messages that are sent without waiting', async () => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url);
    const sent = Array.from({ length: 1_000 }, (_, i) => `message ${i}`);
    const received = recorded(b, 'message');
    const last = new Promise<void>((resolve) => b.on('message', (data) => data === sent.at(-1) && resolve()));
    await Promise.all(sent.map((message) => a.send(message)));
    await last;
    expect(received).toEqual(sent);
  });

  it('report to the server that they are connected', async () => {
    const { server, log } = await startTestServer();
    const [a, b] = await openPair(server.url);
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    while (!log.some(({ msg }) => msg === `Connected: ${a.id} <-> ${b.id}`)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('agree on a channel that is unordered and gives up on what is lost', async () => {
    const { server } = await startTestServer();
    const channel = { label: 'game', ordered: false, maxRetransmits: 0 };
    const [a, b] = await openPair(server.url, { channel });
    const received = event(b, 'message');
    await a.send('jump');
    expect(await received).toBe('jump');
  });

  it('close a channel that was not agreed, with a typed error', async () => {
    const { server } = await startTestServer();
    const a = await testPeer(server.url, { channel: { label: 'other' } });
    const b = await testPeer(server.url);
    const refused = event(b, 'error');
    const left = event(a, 'peer_disconnected');
    await a.pair({ id: b.id as string });
    expect(await refused).toMatchObject({ code: 'unexpected_channel' });
    await left;
  });
});

describe('a peer that leaves', () => {
  it.each([
    ['unpair', 'unpaired'],
    ['close', 'disconnected'],
  ] as const)('by %s() is reported once, and the other one pairs anew', async (how, state) => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url);
    const c = await testPeer(server.url);
    const leaves = recorded(b, 'peer_disconnected');
    const gone = event(b, 'peer_disconnected');
    await a[how]();
    expect(a.state).toBe(state);
    expect(await gone).toMatchObject({ peerId: a.id });
    expect(b.state).toBe('unpaired');
    await b.pair({ id: c.id as string });
    await Promise.all([b.opened(), c.opened()]);
    expect(leaves).toHaveLength(1);
  });

  it('leaves no error behind at the other one', async () => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url);
    const errors = [recorded(a, 'error'), recorded(b, 'error')];
    const gone = event(b, 'peer_disconnected');
    a.unpair();
    await gone;
    // Whatever the server still had to say to both has been said once they get an answer.
    await Promise.all([a.createKey(), b.createKey()]);
    expect(errors).toEqual([[], []]);
  });

  it('rejects whoever waits for the channel', async () => {
    const { server } = await startTestServer();
    const waitFor = async () => {
      const a = await testPeer(server.url);
      const b = await testPeer(server.url);
      await a.pair({ id: b.id as string });
      return { a, b, opened: errorOf(a.opened()) };
    };
    const first = await waitFor();
    first.b.unpair();
    expect(await first.opened).toMatchObject({ code: 'peer_gone' });
    const second = await waitFor();
    second.a.unpair();
    expect(await second.opened).toMatchObject({ code: 'unpaired' });
    const third = await waitFor();
    await third.a.close();
    expect(await third.opened).toMatchObject({ code: 'closed' });
  });
});

describe('errors', () => {
  it('reject the request that they answer, with the code and the words of the server', async () => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url);
    const c = await testPeer(server.url);
    const id = (peer: { id: string | undefined }) => ({ id: peer.id as string });
    const first = errorOf(c.pair({ id: 'nobody' }));
    expect(await errorOf(c.pair(id(c)))).toMatchObject({ code: 'request_pending' });
    expect(await first).toMatchObject({ code: 'target_not_found', message: 'Target client not found' });
    expect(await errorOf(c.pair(id(c)))).toMatchObject({ code: 'self_pairing' });
    expect(await errorOf(c.pair({ key: 'AAAA-BBBB-CCCC' }))).toMatchObject({
      code: 'key_not_found',
      isFromServer: true,
    });
    // Both of a pair are taken, for a third one and for each other; and they may not ask again themselves.
    for (const target of [a, b]) {
      expect(await errorOf(c.pair(id(target)))).toMatchObject({ message: 'Target client is already paired' });
    }
    for (const [asker, target] of [
      [a, b],
      [b, a],
      [a, c],
      [b, c],
    ] as const) {
      expect(await errorOf(asker.pair(id(target)))).toMatchObject({ message: 'You are already paired' });
    }
    expect(a.isOpen && b.isOpen).toBe(true);
  });

  it('say how to name a client, and are no matter of the next request', async () => {
    const { server } = await startTestServer();
    const peer = await testPeer(server.url);
    const id = 'nobody';
    for (const target of [
      id,
      {},
      { id: undefined },
      { key: 7 },
      { id, key: 'AAAA-BBBB-CCCC' },
      null,
    ] as never[]) {
      for (const asked of [peer.pair(target), peer.connect(target)])
        expect(await errorOf(asked)).toMatchObject({
          code: 'invalid_option',
          message: 'An option is wrong: name the client as { id } or as { key }, with a text',
        });
      expect(await errorOf(peer.pair({ id }))).toMatchObject({ code: 'target_not_found' });
    }
    // What is no JSON cannot be sent, and is waited for no longer.
    expect(await errorOf(peer.createKey({ ttlS: 1n as never }))).toBeInstanceOf(TypeError);
    expect(await peer.createKey()).toMatchObject({ key: expect.any(String) });
  });

  it('name an option of a request that there is not, and which was meant', async () => {
    const { server } = await startTestServer();
    const peer = await testPeer(server.url);
    const wrong: [Promise<unknown>, string][] = [
      [peer.createKey({ ttl: 5 } as never), '`ttl`: no such option; did you mean `ttlS`?'],
      [peer.connect({ id: 'b', metdata: 1 } as never), '`metdata`: no such option; did you mean `metadata`?'],
      [peer.connect({ id: 'b', signal: 1 as never }), '`signal`: should be'],
    ];
    for (const [asked, why] of wrong)
      expect(await errorOf(asked)).toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining(why),
      });
    expect(await errorOf(peer.connect({ id: 'nobody', metadata: 1 }))).toMatchObject({
      code: 'target_not_found',
    });
  });

  it('say what can be sent, when it is neither text nor bytes', async () => {
    const { server } = await startTestServer();
    const [a] = await openPair(server.url);
    for (const data of [{ x: 1 }, 7, null, undefined, [1], new ArrayBuffer(2)] as never[])
      expect(await errorOf(a.send(data))).toMatchObject({
        code: 'send_failed',
        message: expect.stringContaining('JSON.stringify'),
      });
  });

  it('say what to do when a message is sent without a channel', async () => {
    const { server } = await startTestServer();
    const peer = await testPeer(server.url);
    expect(await errorOf(peer.send('too early'))).toMatchObject({
      name: 'PairlaneError',
      code: 'not_open',
      message: expect.stringContaining('opened()'),
    });
  });

  it('reject a message of more than 65,536 bytes, text as UTF-8, and nothing else', async () => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url);
    const messages: unknown[] = recorded(b, 'message');
    for (const large of [
      new Uint8Array(65_537),
      'x'.repeat(65_537),
      'ü'.repeat(32_769),
      '€'.repeat(21_846),
    ]) {
      for (const peer of [a, b]) {
        expect(await errorOf(peer.send(large))).toMatchObject({ code: 'too_large_to_send' });
      }
    }
    const largest = [new Uint8Array(65_536).fill(7), 'x'.repeat(65_536), 'ü'.repeat(32_768)];
    for (const message of largest) await a.send(message);
    const last = event(b, 'message');
    while (messages.length < largest.length) await last.then(() => new Promise(setImmediate));
    expect(messages).toEqual(largest);
  });

  it('tell at once that an option is wrong', async () => {
    for (const options of [
      { url: 'no url' },
      { url: 'http://127.0.0.1/' },
      { channel: { maxRetransmits: 1, maxPacketLifeTime: 1 } },
      { channel: { maxRetransmits: -1 } },
      { channel: { maxPacketLifeTime: 65_536 } },
      { channels: [{ label: 'chat' }] },
      { iceServers: [{ urls: 'http://example/' }] },
      { timeouts: { offerMs: -1 } },
      { timeouts: { checkingMs: Number.NaN } },
      { reconnect: { baseMs: '1' } },
      { reconnect: true },
      { maxRestarts: 1.5 },
      { iceTransportPolicy: 'none' },
      { logger: console.log },
    ] as object[]) {
      expect(await errorOf(createPeer(options))).toMatchObject({ code: 'invalid_option' });
    }
  });

  it('name the option that does not exist, and the one that was probably meant', async () => {
    for (const [options, words] of [
      [{ iceServer: [] }, '`iceServer`: no such option; did you mean `iceServers`?'],
      [{ timeouts: { offer: 1 } }, '`timeouts.offer`: no such option; did you mean `offerMs`?'],
      [
        { channels: [{ label: 'x', order: true }] },
        '`channels[0].order`: no such option; did you mean `ordered`?',
      ],
      [{ constructor: 1 }, '`constructor`: no such option'],
    ] as const) {
      expect((await errorOf(createPeer(options as object))).message).toContain(words);
    }
  });

  it('tell that nobody listens at the URL', async () => {
    expect(await errorOf(createPeer({ url: 'ws://127.0.0.1:1/' }))).toMatchObject({
      code: 'signaling_failed',
    });
  });

  it('reject every call of a closed peer', async () => {
    const { server } = await startTestServer();
    const peer = await testPeer(server.url);
    await peer.close();
    await peer.close();
    for (const call of [peer.createKey(), peer.pair({ id: 'x' }), peer.opened()]) {
      expect(await errorOf(call)).toMatchObject({ code: 'closed' });
    }
    expect(await errorOf(peer.send('x'))).toMatchObject({ code: 'not_open' });
    peer.unpair();
    peer.networkChanged();
  });
});

describe('recovery', () => {
  it.each([0, 1])('restarts ICE when the network of peer %i changes, without a new pairing', async (who) => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url);
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const pairings = recorded(a, 'paired');
    const changed = who === 0 ? a : b;
    const restarting = inState(changed, 'restarting');
    changed.networkChanged();
    await restarting;
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const received = event(b, 'message');
    await a.send('over the new way');
    expect(await received).toBe('over the new way');
    expect(pairings).toEqual([]);
  });

  it('makes one connection of two offers at once: the polite side yields', async () => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url);
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const states: [PeerState[], PeerState[]] = [recorded(a, 'state'), recorded(b, 'state')];
    const errors = [recorded(a, 'error'), recorded(b, 'error')];
    a.networkChanged();
    b.networkChanged();
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    expect(states[0]).toEqual(['restarting', 'checking', 'connected']);
    expect(states[1]).toEqual(['restarting', 'answering', 'checking', 'connected']);
    const received = [event(a, 'message'), event(b, 'message')];
    await Promise.all([a.send('to b'), b.send('to a')]);
    expect(await Promise.all(received)).toEqual(['to a', 'to b']);
    expect(errors).toEqual([[], []]);
  });

  it('keeps the channel open when the server is gone, and comes back to it with a new id', async () => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url, { reconnect: { baseMs: 50 } });
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const oldId = a.id;
    const online = new Promise<void>((resolve) =>
      a.on('signaling', (state) => state === 'online' && resolve()),
    );
    const session = server.parts.sessions.get(oldId as string);
    if (!session) throw new Error('the server does not know the peer');
    // The server restarts, say: both links end, and both peers were told nothing of each other.
    for (const { seats } of server.parts.sessions.values()) for (const seat of seats) seat.vacate();
    server.parts.sessionHost.dispatch(session, {
      type: 'CLOSED_BY_SERVER',
      code: 1001,
      reason: 'Server is stopping',
    });
    await online;
    expect(a.id).not.toBe(oldId);
    expect(a.state).toBe('connected');
    const received = event(b, 'message');
    await a.send('without a server');
    expect(await received).toBe('without a server');
  });

  it('comes back to its session over a lost socket: the same id, the same pairing, and nothing is lost', async () => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url, { reconnect: { baseMs: 50 } });
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const oldId = a.id;
    const told: string[] = [];
    b.on('peer_away', ({ peerId }) => told.push(`away ${peerId}`));
    b.on('peer_disconnected', () => told.push('disconnected'));
    const back = event(b, 'peer_back');
    const key = a.createKey();
    nativeClientOf(server.parts.sessions.get(oldId as string)).socket?.close();
    expect(await back).toEqual({ peerId: oldId });
    expect(told).toEqual([`away ${oldId}`]);
    expect([a.id, a.state, b.state]).toEqual([oldId, 'connected', 'connected']);
    expect((await key).key).toMatch(/^.{4}-.{4}-.{4}$/);
    a.networkChanged();
    await inState(a, 'checking');
    await inState(a, 'connected');
  });

  it('ends the connection when signaling is lost and the peer then leaves', async () => {
    const { server } = await startTestServer();
    const [a, b] = await openPair(server.url, { reconnect: false });
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const lost = event(a, 'error');
    const session = server.parts.sessions.get(a.id as string);
    if (!session) throw new Error('the server does not know the peer');
    for (const { seats } of server.parts.sessions.values()) for (const seat of seats) seat.vacate();
    server.parts.sessionHost.dispatch(session, { type: 'CLOSED_BY_SERVER', code: 1008, reason: 'Enough' });
    expect(await lost).toMatchObject({ code: 'ended', message: expect.stringContaining('(Enough)') });
    expect(a.state).toBe('connected');
    const gone = event(a, 'peer_disconnected');
    await b.close();
    expect(await gone).toMatchObject({ peerId: b.id });
    expect(a.state).toBe('disconnected');
  });
});

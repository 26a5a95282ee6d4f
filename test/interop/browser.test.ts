/** The peer in a real Chromium: with another one, and with werift. */
import { describe, expect, it } from '@jest/globals';
import type { JSHandle } from 'playwright-core';
import type { Received } from '../support/clients/raw-client.ts';
import { BrowserPeer } from '../support/peers/browser-peer.ts';
import { HandMadePartner } from '../support/peers/hand-made-partner.ts';
import { eventually } from '../support/peers/room-members.ts';
import { event, inState, recorded, testPeer } from '../support/peers/werift-peers.ts';
import { startTestServer } from '../support/servers/test-server.ts';

/** Every kind of message: text, binary, and the empty ones that WebRTC has a protocol of their own for. */
const TEXTS = ['hello', '', 'ü 😀', 'x'.repeat(60_000)];

async function browserPair(options = {}): Promise<[BrowserPeer, BrowserPeer]> {
  const { server } = await startTestServer();
  const a = await BrowserPeer.create(server, options);
  const b = await BrowserPeer.create(server, options);
  await a.pair(b.id);
  await Promise.all([a.opened(), b.opened()]);
  return [a, b];
}

/** A pair whose channel is open, and what it has sent for that; meanwhile the time in its pages stands still. */
async function pairInStillTime() {
  const { server } = await startTestServer();
  const pair = [await BrowserPeer.create(server), await BrowserPeer.create(server)] as const;
  const [a, b] = pair;
  for (const { page } of pair) {
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
  }
  const sent = [await typesSent(a), await typesSent(b)] as const;
  await a.pair(b.id);
  await Promise.all([a.opened(), b.opened()]);
  return [pair, sent] as const;
}

/** The types of what the peer's page sends to the server from now on. */
function typesSent({ page }: BrowserPeer): Promise<JSHandle<string[]>> {
  return page.evaluateHandle(() => {
    const types: string[] = [];
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
      types.push(/"type":"(\w+)"/.exec(String(data))?.[1] ?? '');
      send.call(this, data);
    };
    return types;
  });
}

describe('Chromium with Chromium', () => {
  it('opens a channel, and exchanges text and bytes both ways', async () => {
    const [a, b] = await browserPair();
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      for (const text of TEXTS) {
        await from.send(text);
        expect(await to.message()).toBe(text);
      }
      await from.evaluate((peer) => peer.send(new Uint8Array([0, 1, 255])));
      expect(await to.message()).toEqual([0, 1, 255]);
    }
  });

  it('loses none of 2,000 messages that are sent without waiting', async () => {
    const [a, b] = await browserPair();
    await a.evaluate(async (peer) => {
      await Promise.all(Array.from({ length: 2_000 }, (_, i) => peer.send(`message ${i}`)));
    });
    const received = await b.messages(2_000);
    expect(received).toEqual(Array.from({ length: 2_000 }, (_, i) => `message ${i}`));
  });

  it('restarts ICE when the browser says that its network changed, without a new pairing', async () => {
    const [a, b] = await browserPair();
    await Promise.all([a.inState('connected'), b.inState('connected')]);
    const states = await a.evaluate(async (peer) => {
      const seen: string[] = [];
      peer.on('state', (state) => seen.push(state));
      (globalThis as unknown as EventTarget).dispatchEvent(new Event('online'));
      while (!seen.includes('connected')) await new Promise((resolve) => peer.once('state', resolve));
      return seen;
    });
    expect(states).toEqual(['restarting', 'checking', 'connected']);
    await a.send('over the new way');
    expect(await b.message()).toBe('over the new way');
  });

  it('opens its channel before it reports that it is connected, which it does a moment later', async () => {
    const [pair, sent] = await pairInStillTime();
    for (const [i, types] of sent.entries()) {
      const untilOpen = await types.jsonValue();
      expect(untilOpen).toContain(['pair_request', 'answer'][i]);
      // Once, whether it was sent ahead or not.
      expect(untilOpen.filter((type) => type === 'offer').length).toBe([1, 0][i]);
      expect(untilOpen).not.toContain('report');
      await pair[i]?.page.clock.runFor(20);
      expect(await types.jsonValue()).toContain('report');
    }
  });

  it('reports that it is connected before what it says next, its goodbye, too', async () => {
    const [pair, sent] = await pairInStillTime();
    const [a, b] = pair;
    await a.evaluate((peer) => peer.signal('next'));
    await b.evaluate((peer) => peer.close());
    const [fromA, fromB] = await Promise.all(sent.map((types) => types.jsonValue()));
    expect(fromA?.slice(0, fromA.indexOf('signal'))).toContain('report');
    expect(fromB).toContain('report');
  });

  it('says goodbye when its page is left: its session ends at once, without a grace', async () => {
    const { server } = await startTestServer();
    const peer = await BrowserPeer.create(server);
    expect(server.parts.sessions.has(peer.id)).toBe(true);
    await peer.page.goto('about:blank');
    // The server's time stands still: a grace would never end.
    await eventually(() => !server.parts.sessions.has(peer.id));
  });

  it('tells what is wrong with a typed error, in the browser as in Node', async () => {
    const { server } = await startTestServer();
    const peer = await BrowserPeer.create(server);
    const codes = await peer.evaluate(async (peer) => {
      const codeOf = (promise: Promise<unknown>) => promise.then(String, (error) => error.code as string);
      return [await codeOf(peer.pair({ id: 'nobody' })), await codeOf(peer.send('x'))];
    });
    expect(codes).toEqual(['target_not_found', 'not_open']);
    await expect(BrowserPeer.create(server, { url: 'ws://127.0.0.1:1/' })).rejects.toThrow(
      /cannot be reached/,
    );
    await expect(BrowserPeer.create(server, { url: 'http://x/' })).rejects.toThrow(/should look like ws/);
  });
});

describe('Chromium with werift', () => {
  it.each(['Chromium', 'werift'])('opens a channel when %s is the initiator', async (initiator) => {
    const { server } = await startTestServer();
    const inBrowser = await BrowserPeer.create(server);
    const inNode = await testPeer(server.url);
    await (initiator === 'werift' ? inNode.pair({ id: inBrowser.id }) : inBrowser.pair(inNode.id as string));
    await Promise.all([inBrowser.opened(), inNode.opened(), inState(inNode, 'connected')]);
    for (const text of TEXTS) {
      const received = event(inNode, 'message');
      await inBrowser.send(text);
      expect(await received).toBe(text);
      await inNode.send(text);
      expect(await inBrowser.message()).toBe(text);
    }
    const bytes = new Uint8Array([0, 1, 255]);
    const received = event(inNode, 'message');
    await inBrowser.evaluate((peer) => peer.send(new Uint8Array([0, 1, 255])));
    expect(await received).toEqual(bytes);
    await inNode.send(bytes);
    expect(await inBrowser.message()).toEqual([...bytes]);
  });

  it.each(['Chromium', 'werift'])('restarts ICE when the network of %s changes', async (who) => {
    const { server } = await startTestServer();
    const inBrowser = await BrowserPeer.create(server);
    const inNode = await testPeer(server.url);
    await inBrowser.pair(inNode.id as string);
    await Promise.all([inBrowser.opened(), inState(inNode, 'connected')]);
    const states: string[] = [];
    const again = new Promise<void>((resolve) => {
      inNode.on('state', (state) => {
        states.push(state);
        if (state === 'connected') resolve();
      });
    });
    await inBrowser.inState('connected');
    if (who === 'werift') inNode.networkChanged();
    else await inBrowser.evaluate((peer) => peer.networkChanged());
    await again;
    expect(states).toEqual([who === 'werift' ? 'restarting' : 'answering', 'checking', 'connected']);
    const received = event(inNode, 'message');
    await inBrowser.send('over the new way');
    expect(await received).toBe('over the new way');
  });

  it('stays connected when its page stood still until its time for that was over', async () => {
    const checkingMs = 3_000;
    const test = await startTestServer();
    const inBrowser = await BrowserPeer.create(test.server, { timeouts: { checkingMs } });
    const partner = new HandMadePartner(await test.connectResumable());
    const { client } = partner;
    client.send({ type: 'pair_request', target_id: inBrowser.id });
    await partner.heard(await client.next('paired'));
    await partner.send({ do: 'offer' });
    const answer = await client.next('answer');
    await client.until(() => client.inbox.some(({ type }) => type === 'candidate'), 'a candidate');
    const debug = await inBrowser.page.context().newCDPSession(inBrowser.page);
    await debug.send('Debugger.enable');
    const paused = new Promise((resolve) => debug.once('Debugger.paused', resolve));
    await debug.send('Debugger.pause');
    await paused;
    const pausedAt = performance.now();
    for (const message of [answer, ...client.inbox.splice(0)]) await partner.heard(message);
    await partner.findPath();
    await partner.connected();
    await eventually(() => performance.now() - pausedAt > checkingMs);
    await debug.send('Debugger.resume');
    const state = await inBrowser.evaluate(async (peer) => {
      while (peer.state === 'checking') await new Promise((resolve) => peer.once('state', resolve));
      return peer.state;
    });
    expect(state).toBe('connected');
  });

  it('restarts ICE in Chromium all the same when an offer that does not crosses its own, and is answered', async () => {
    const test = await startTestServer();
    const [inBrowser, partner] = [
      await BrowserPeer.create(test.server),
      new HandMadePartner(await test.connectResumable()),
    ];
    const { client } = partner;
    /** The partner takes what comes, up to a message of that type. */
    const hear = async (last: string) => {
      for (let type: string | undefined; type !== last; ) {
        await client.until(() => client.inbox.length > 0, last);
        const message = client.inbox.shift() as Received;
        await partner.heard(message);
        ({ type } = message);
      }
    };
    /** Candidates may come after the description that they belong to. */
    const connect = async () => {
      await partner.findPath();
      let isOver = false;
      const connected = inBrowser.inState('connected').finally(() => {
        isOver = true;
      });
      while (!isOver) {
        for (const message of client.inbox.splice(0)) await partner.heard(message);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await connected;
    };
    client.send({ type: 'pair_request', target_id: inBrowser.id });
    await hear('paired');
    await partner.send({ do: 'offer' });
    await hear('answer');
    await connect();
    const states = await inBrowser.evaluateHandle((peer) => {
      const seen: string[] = [];
      peer.on('state', (state) => seen.push(state));
      return seen;
    });
    await inBrowser.evaluate((peer) => peer.networkChanged());
    await hear('offer');
    await partner.send({ do: 'offer' });
    await hear('answer');
    await hear('offer');
    await partner.send({ do: 'answer' });
    await connect();
    const taken = ['answering', 'checking', 'restarting', 'checking', 'connected'];
    expect(await states.jsonValue()).toEqual(['restarting', ...taken]);
    await partner.end();
  });

  const LAST_WORDS = ['', 'small', 'x'.repeat(65_536), 'y'.repeat(65_536), 'end'];
  const lengths = LAST_WORDS.map(({ length }) => length);

  it.each(['close()', 'unpair()'])(
    'hands over what Chromium sent before %s, before the goodbye',
    async (how) => {
      const { server } = await startTestServer();
      const [inBrowser, inNode] = [await BrowserPeer.create(server), await testPeer(server.url)];
      await inBrowser.pair(inNode.id as string);
      await Promise.all([inBrowser.opened(), inNode.opened()]);
      const heard = recorded(inNode, 'message');
      const gone = event(inNode, 'peer_disconnected');
      await inBrowser.evaluate(
        async (peer, { how, words }) => {
          for (const word of words) await peer.send(word);
          await (how === 'close()' ? peer.close() : peer.unpair());
        },
        { how, words: LAST_WORDS },
      );
      await gone;
      expect(heard.map((word) => word.length)).toEqual(lengths);
    },
  );

  it.each(['close()', 'unpair()'])(
    'hands over what werift sent before %s, before the goodbye',
    async (how) => {
      const { server } = await startTestServer();
      const [inBrowser, inNode] = [await BrowserPeer.create(server), await testPeer(server.url)];
      await inNode.pair({ id: inBrowser.id });
      await Promise.all([inBrowser.opened(), inNode.opened()]);
      const listening = await inBrowser.evaluateHandle((peer) => {
        const heard: number[] = [];
        peer.on('message', (word) => heard.push(word.length));
        return {
          heardBeforeGoodbye: new Promise((resolve) => peer.once('peer_disconnected', () => resolve(heard))),
        };
      });
      for (const word of LAST_WORDS) await inNode.send(word);
      await (how === 'close()' ? inNode.close() : inNode.unpair());
      expect(await listening.evaluate(({ heardBeforeGoodbye }) => heardBeforeGoodbye)).toEqual(lengths);
    },
  );
});

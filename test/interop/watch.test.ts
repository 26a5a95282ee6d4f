/**
 * Connections that know nothing of Pairlane, in a real Chromium, each watched by one line: the inspector shows them. How
 * their pages tell each other offers and candidates is the pages' own; here the test carries them.
 */
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { diagnose } from '../../src/inspector/records/diagnose-pairing.ts';
import { evidenceAt } from '../../src/inspector/records/evidence.ts';
import { flowsIn } from '../../src/inspector/records/flows.ts';
import { textLinesOf } from '../../src/inspector/records/record-as-text.ts';
import { closeCodes, isStep, type PairingRecord } from '../../src/protocol/index.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import { openFeed, type TestFeed } from '../support/inspect-feed.ts';
import { httpUrl, openPage } from '../support/peers/browser.ts';
import { openScriptPage } from '../support/peers/page-script.ts';
import { pairUp, startTestServer, type TestServer } from '../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../support/servers/token-issuer.ts';
import { until } from '../support/until.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

declare const Loaded: typeof import('../support/pages/peerjs-page.ts');

/** The browser's own, as far as it is used here. */
interface Rtc extends EventTarget {
  readonly localDescription: { readonly type: string; readonly sdp: string };
  readonly iceGatheringState: string;
  createDataChannel(label: string, init: object): { readonly readyState: string };
  setLocalDescription(): Promise<void>;
  setRemoteDescription(description: object): Promise<void>;
  close(): void;
  getStats(): Promise<unknown>;
}
declare const RTCPeerConnection: { new (): Rtc; readonly prototype: Rtc };
interface Options {
  readonly name: string;
  readonly url?: string;
  readonly token?: string;
}
type Watch = (connection: Rtc, options: Options) => () => void;

/** What each page has as `end`. */
declare const end: {
  readonly connection: Rtc;
  readonly channel: ReturnType<Rtc['createDataChannel']>;
  readonly watchConnection: Watch;
  readonly stop: () => void;
  /** How often the connection's statistics were asked for. */
  readonly asked: { times: number };
};

/** A page with a connection that is watched: all that it tells the server, and what it is warned of. */
interface End {
  readonly page: Page;
  readonly sent: string[];
  readonly warned: string[];
}

const MODULE = '/pairlane-watch.js';

async function watchedEnd({ server }: TestServer, options: Options = { name: 'call 7' }): Promise<End> {
  const page = await openPage(`${httpUrl(server)}healthz`);
  const watched = { page, sent: [] as string[], warned: [] as string[] };
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => watched.sent.push(String(payload))),
  );
  page.on('console', (message) => {
    if (message.type() === 'warning') watched.warned.push(message.text());
  });
  await page.evaluate(
    async ({ module, options }) => {
      const { watchConnection } = (await import(module)) as { watchConnection: Watch };
      const connection = new RTCPeerConnection();
      const stop = watchConnection(connection, options);
      const channel = connection.createDataChannel('x', { negotiated: true, id: 0 });
      Object.assign(globalThis, { end: { connection, channel, watchConnection, stop } });
    },
    { module: MODULE, options },
  );
  return watched;
}

/** Makes a new description of the one page, with all candidates, and sets it in the other one. */
async function describeTo({ page: from }: End, { page: to }: End): Promise<string> {
  const described = await from.evaluate(async () => {
    const { connection } = end;
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== 'complete')
      await new Promise((resolve) =>
        connection.addEventListener('icegatheringstatechange', resolve, { once: true }),
      );
    const { type, sdp } = connection.localDescription;
    return { type, sdp };
  });
  await to.evaluate((description) => end.connection.setRemoteDescription(description), described);
  return described.sdp;
}

const open = ({ page }: End) => page.waitForFunction(() => end.channel.readyState === 'open');

/** The record of the newest pairing, as soon as it fits. */
async function recordThat(feed: TestFeed, fits: (record: PairingRecord) => boolean): Promise<PairingRecord> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { rows } = await feed.list({ of: 'pairing', sort: 'newest' });
    const epoch = rows[0]?.epoch;
    const record = epoch === undefined ? undefined : await feed.record(epoch);
    if (record && fits(record)) return record;
    if (Date.now() > deadline)
      throw new Error(
        `no such record; the newest: ${
          record &&
          textLinesOf(record)
            .map(({ text }) => text)
            .join('; ')
        }`,
      );
  }
}

const hasState =
  (state: string) =>
  ({ lines }: PairingRecord) =>
    lines.some((line) => isStep(line) && line.of === 'pairing' && line.to === state);
const isUp = (record: PairingRecord) =>
  hasState('connected')(record) &&
  [...evidenceAt(record).values()].filter(({ sctp }) => sctp === 'connected').length === 2;

/** Credentials, fingerprints and addresses in a description of Chromium. */
function secretsIn(sdp: string): string[] {
  const found = sdp.matchAll(/a=(?:ice-ufrag|ice-pwd|fingerprint):(?:sha-256 )?(\S+)| (\S+\.local) /g);
  return [...found].map(([, secret, address]) => secret ?? address ?? '');
}

describe('a connection of two pages that is watched at both ends', () => {
  it('is shown by its name, with descriptions, candidates, checks, selected pair, states, round trip and bytes of both, nothing secret, and goes when it is closed', async () => {
    const testServer = await startTestServer();
    const feed = await openFeed(testServer.server);
    const [a, b] = [await watchedEnd(testServer), await watchedEnd(testServer)];
    const sdps = [await describeTo(a, b), await describeTo(b, a)];
    await Promise.all([open(a), open(b)]);
    const record = await recordThat(feed, (each) => isUp(each) && flowsIn(each).size === 2);

    expect(record.header.room).toBe('watch:call 7');
    expect(diagnose(record)).toEqual([
      expect.objectContaining({ kind: 'good', text: expect.stringMatching(/^Both clients/) }),
    ]);
    const told = record.lines.filter(isStep).map(({ message }) => message);
    expect(told).toContainEqual(expect.objectContaining({ type: 'offer' }));
    expect(told).toContainEqual(expect.objectContaining({ type: 'answer' }));
    expect(told).toContainEqual(
      expect.objectContaining({ candidate: expect.objectContaining({ kind: 'host', protocol: 'udp' }) }),
    );
    for (const side of ['initiator', 'responder'] as const) {
      const evidence = evidenceAt(record).get(side);
      expect(evidence).toMatchObject({ ice: expect.any(String), dtls: 'connected', sctp: 'connected' });
      expect(evidence?.pairs?.filter((pair) => pair.selected)).toEqual([
        expect.objectContaining({ protocol: 'udp', state: 'succeeded' }),
      ]);
      expect(flowsIn(record).get(side)?.[0]).toEqual(expect.objectContaining({ buffered: 0, loss: 0 }));
    }
    const { rows } = await feed.list({ of: 'pairing', query: 'CALL 7' });
    expect(rows).toEqual([expect.objectContaining({ room: 'watch:call 7' })]);

    const secrets = sdps.flatMap(secretsIn);
    expect(secrets.length).toBeGreaterThanOrEqual(6);
    const said = [...a.sent, ...b.sent, JSON.stringify(record)].join('\n');
    for (const secret of secrets) expect(said).not.toContain(secret);
    expect(said).not.toMatch(/\d+\.\d+\.\d+\.\d+/);

    await a.page.evaluate(() => end.connection.close());
    await recordThat(feed, hasState('disconnected'));
    await b.page.evaluate(() => end.stop());
    await until(() => testServer.server.parts.sessions.size === 0);
    expect([...a.warned, ...b.warned]).toEqual([]);
  });

  it('is shown whole, too, if it is watched only once it is open, whichever end reports last, at a server that requires tokens', async () => {
    const testServer = await startTestServer({ jwtSecret: SECRET });
    const feed = await openFeed(testServer.server);
    const tokens = await Promise.all(
      ['a', 'b'].map((sub) => signWithSecret({ sub, may: ['join', 'create'] })),
    );
    const ends = tokens.map((token, i) => watchedEnd(testServer, { name: `end ${i}`, token }));
    const [a, b] = (await Promise.all(ends)) as [End, End];
    await describeTo(a, b);
    await describeTo(b, a);
    await Promise.all([open(a), open(b)]);
    expect((await feed.list({ of: 'pairing' })).rows).toEqual([]);
    // The reports of the end that made the offer come last: the server forgets with an offer who was connected.
    const release = await a.page.evaluateHandle(() => {
      const held: (() => void)[] = [];
      const { prototype } = WebSocket;
      const { send } = prototype;
      prototype.send = function (text) {
        if (String(text).includes('join_room')) send.call(this, text);
        else held.push(() => send.call(this, text));
      };
      return () => {
        prototype.send = send;
        for (const each of held) each();
      };
    });
    for (const [i, { page }] of [a, b].entries())
      await page.evaluate((token) => {
        end.stop();
        end.watchConnection(end.connection, { name: 'call 8', token });
      }, tokens[i] as string);
    while (!b.sent.join().includes('"state":"connected"')) await b.page.evaluate(() => 0);
    await release.evaluate((releaseAll) => releaseAll());
    const { header, lines } = await recordThat(feed, isUp);
    expect(header.room).toBe('watch:call 8');
    const signals = lines.filter(isStep).map(({ message }) => message?.type);
    expect(signals).toEqual(expect.arrayContaining(['offer', 'answer', 'candidate']));
  });

  it('of PeerJS is shown beside the pairing that PeerJS made at this server', async () => {
    const testServer = await startTestServer({ peerjs: true });
    const feed = await openFeed(testServer.server);
    const openPeer = async (id: string) => {
      const page = await openScriptPage(testServer.server, 'peerjs');
      await page.evaluate(
        async ({ id, port, module }) => {
          const { watchConnection } = (await import(module)) as { watchConnection: Watch };
          const { Peer } = (globalThis as never as { loaded: typeof Loaded }).loaded;
          const peer = new Peer(id, { host: '127.0.0.1', port, path: '/', config: { iceServers: [] } });
          const watch = ({ peerConnection }: { peerConnection: unknown }) =>
            watchConnection(peerConnection as Rtc, { name: 'ann and bob' });
          peer.on('connection', watch);
          await new Promise((resolve) => peer.on('open', resolve));
          Object.assign(globalThis, { call: (other: string) => watch(peer.connect(other)) });
        },
        { id, port: testServer.server.port as number, module: MODULE },
      );
      return page;
    };
    const [ann] = [await openPeer('ann'), await openPeer('bob')];
    await ann.evaluate("call('bob')");
    await recordThat(feed, (record) => record.header.room === 'watch:ann and bob' && isUp(record));
    const { rows } = await feed.list({ of: 'pairing' });
    expect(rows.map(({ dialect, room }) => dialect ?? room)).toEqual(['peerjs', 'watch:ann and bob']);
  });

  it('is said to have no answer while it has none, with error codes of STUN and TURN servers; strangers who know its name harm neither it nor others', async () => {
    const testServer = await startTestServer();
    const feed = await openFeed(testServer.server);
    const [a, b] = [await watchedEnd(testServer), await watchedEnd(testServer)];
    await describeTo(a, b);
    await a.page.evaluate(() => {
      for (const errorCode of [701, 42, 701])
        end.connection.dispatchEvent(Object.assign(new Event('icecandidateerror'), { errorCode }));
    });
    const errorsIn = (each: PairingRecord) =>
      [...evidenceAt(each).values()].flatMap(({ errors = [] }) => errors);
    const record = await recordThat(feed, (each) => errorsIn(each).length > 0);
    expect(errorsIn(record)).toEqual([701]);
    expect(diagnose(record)[0]?.text).toMatch(/^[AB] has not sent an answer\.$/);

    const others = await testServer.connectPair();
    const stranger = await RawClient.connect(`${testServer.server.url}?evidence=2`);
    stranger.send({ type: 'join_room', room: 'watch:call 7', create: { max_size: 9 } });
    expect((await stranger.next('error')).code).toBe('room_full');
    await pairUp(stranger, await testServer.connect());
    for (const message of [
      { type: 'evidence', ice: 'my own words' },
      { type: 'evidence', errors: [192, 0, 2, 77] },
      { type: 'evidence', pairs: [{ local: 'host', remote: 'host', address: '192.0.2.77' }] },
      { type: 'evidence', flow: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) },
    ]) {
      stranger.send(message);
      expect((await stranger.next('error')).code).toBe('invalid_message');
    }
    for (let i = 0; i < 2_000; i += 1) stranger.send({ type: 'evidence', ice: 'checking' });
    expect(await stranger.whenClosed()).toMatchObject({ code: closeCodes.policyViolation });

    await describeTo(b, a);
    await Promise.all([open(a), open(b)]);
    const { rows } = await feed.list({ of: 'pairing', query: 'call 7' });
    let shown = record;
    while (!isUp(shown)) shown = await feed.record(rows[0]?.epoch as number);
    for (const client of others) await client.settled();
  });
});

describe('watching', () => {
  it('says on the console what is wrong, throws nothing, and gives the connection its methods back', async () => {
    const testServer = await startTestServer();
    const { page, warned } = await watchedEnd(testServer, { name: 'x'.repeat(1_000) });
    await page.waitForEvent('console', { predicate: () => warned.length > 0 });
    expect(warned).toEqual([
      expect.stringMatching(/^pairlane-watch: watching ended: .*from 1 to 64 characters$/),
    ]);
    const isAsBefore = await page.evaluate(() => {
      end.stop();
      end.watchConnection(end.connection, { name: 'x', url: 'ftp://127.0.0.1/' })();
      const { close, createDataChannel } = RTCPeerConnection.prototype as Rtc;
      return end.connection.close === close && end.connection.createDataChannel === createDataChannel;
    });
    expect(isAsBefore).toBe(true);
    expect(warned.at(-1)).toMatch(/^pairlane-watch: watching ended: SyntaxError/);
  });

  it('asks the connection no more often because a server pairs it again and again, and wants to know each time', async () => {
    const { server } = await startTestServer();
    const page = await openPage(`${httpUrl(server)}healthz`);
    await page.clock.install();
    await page.routeWebSocket(/evidence/, (socket) => {
      for (let epoch = 0; epoch < 100; epoch += 1) {
        socket.send(JSON.stringify({ type: 'paired', evidence: true, epoch }));
        socket.send(JSON.stringify({ type: 'evidence', seconds: 60 }));
      }
      socket.send(JSON.stringify({ type: 'error', message: 'that was all' }));
    });
    const over = page.waitForEvent('console', {
      predicate: (message) => message.text().includes('that was all'),
    });
    await page.evaluate(async (module) => {
      const { watchConnection } = (await import(module)) as { watchConnection: Watch };
      const connection = new RTCPeerConnection();
      const { getStats } = connection;
      const asked = { times: 0 };
      connection.getStats = () => {
        asked.times += 1;
        return getStats.call(connection);
      };
      Object.assign(globalThis, { end: { connection, asked } });
      watchConnection(connection, { name: 'call 9' });
    }, MODULE);
    await over;
    await page.evaluate(() => {
      end.asked.times = 0;
    });
    await page.clock.runFor(20_000);
    // Five times a second how it comes up, and every five seconds how it is doing.
    expect(await page.evaluate(() => end.asked.times)).toBeLessThanOrEqual(110);
  });

  /** A page that watches a connection at a server of which this test says what it answers to each attempt. */
  async function watchedAt(answer: (send: (message: object) => void, attempt: number) => void) {
    const { server } = await startTestServer();
    const page = await openPage(`${httpUrl(server)}healthz`);
    await page.clock.install();
    const seen = { page, attempts: 0, warned: [] as string[], said: [] as string[] };
    page.on('console', (message) => seen.warned.push(message.text()));
    await page.routeWebSocket(/evidence/, (socket) => {
      seen.attempts += 1;
      const attempt = seen.attempts;
      socket.onMessage((text) => {
        seen.said.push(String(text));
        if (String(text).includes('join_room'))
          answer((message) => socket.send(JSON.stringify(message)), attempt);
      });
    });
    await page.evaluate(async (module) => {
      const { watchConnection } = (await import(module)) as { watchConnection: Watch };
      watchConnection(new RTCPeerConnection(), { name: 'call 10' });
    }, MODULE);
    return seen;
  }

  const refusal = (code: string) => ({
    ...{ type: 'error', for: 'join_room', code },
    message: `It said ${code}`,
  });

  it('goes on after refusals that may pass, ever more rarely, and says each on the console once', async () => {
    const codes = ['room_full', 'too_many_rooms', 'unavailable', 'too_many_messages', 'of a newer server'];
    const seen = await watchedAt((send, attempt) => {
      const code = codes[attempt % codes.length] as string;
      send(attempt < 20 ? refusal(code) : { type: 'paired', evidence: true, epoch: 1 });
    });
    const runMinute = async () => {
      const before = seen.attempts;
      // In short steps, so that each refusal arrives before the next attempt is due.
      for (let s = 0; s < 60; s += 1) await seen.page.clock.runFor(1_000);
      return seen.attempts - before;
    };
    await runMinute();
    while (seen.attempts < 20) expect(await runMinute()).toBeLessThan(20);
    while (!seen.said.join().includes('"report"') && !seen.said.join().includes('"evidence"'))
      await seen.page.clock.runFor(1_000);
    expect(seen.attempts).toBe(20);
    expect(seen.warned.sort()).toEqual(codes.map((code) => `pairlane-watch: It said ${code}`).sort());
  });

  it('ends after a refusal that stays one, and says so; of what else a server makes up it says little', async () => {
    const seen = await watchedAt((send) => {
      for (let n = 0; n < 500; n += 1) send({ type: 'error', message: `${n} ${'x'.repeat(5_000)}` });
      send(refusal('forbidden'));
    });
    while (!seen.warned.at(-1)?.includes('forbidden')) await seen.page.evaluate(() => 0);
    await seen.page.clock.runFor(120_000);
    expect(seen.attempts).toBe(1);
    expect(seen.warned.length).toBeLessThanOrEqual(11);
    expect(seen.warned.at(-1)).toBe('pairlane-watch: watching ended: It said forbidden');
  });

  it('does nothing for a connection that is closed already', async () => {
    const testServer = await startTestServer();
    const { page } = await watchedEnd(testServer);
    await page.evaluate(() => {
      end.stop();
      end.connection.close();
      end.watchConnection(end.connection, { name: 'call 7' });
    });
    await until(() => testServer.server.parts.sessions.size === 0);
    expect(await page.evaluate(() => end.connection.close === RTCPeerConnection.prototype.close)).toBe(true);
  });

  it('ends at once on a server with --no-inspect, and says why', async () => {
    const testServer = await startTestServer({ inspect: false });
    const [a, b] = [await watchedEnd(testServer), await watchedEnd(testServer)];
    while (a.warned.length + b.warned.length < 2) await a.page.evaluate(() => 0);
    for (const { warned } of [a, b]) expect(warned).toEqual([expect.stringContaining('--no-inspect')]);
    await until(() => testServer.server.parts.sessions.size === 0);
    expect([...a.sent, ...b.sent].join()).not.toContain('"evidence"');
  });
});

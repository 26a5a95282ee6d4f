/** Peers that may go by way of a TURN server only: a real coturn, with the credentials that our server makes. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { nodePlatform, type PeerOptions } from '../../../src/client/index.ts';
import type { Platform } from '../../../src/client/peer/platform.ts';
import type { IceCandidate } from '../../../src/client/rtc/types.ts';
import { type SignalingServer, startServer } from '../../../src/server/index.ts';
import { event, inState, open, testPeer } from '../../support/peers/werift-peers.ts';
import { type Coturn, startCoturn } from '../../support/servers/coturn.ts';

/** No `iceServers` of their own: those that the server names. */
const relayOnly: PeerOptions = { iceServers: undefined as never, iceTransportPolicy: 'relay' };

const servers: SignalingServer[] = [];

/** With the clock of this machine, by which coturn judges the credentials. */
async function serverWith({ url, secret }: Coturn): Promise<SignalingServer> {
  const server = await startServer({ port: 0, logLevel: 'silent', turnUrl: [url], turnSecret: secret });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** Node's platform, and the candidates that its connections find. */
function watched(): { platform: Platform; found: IceCandidate[] } {
  const found: IceCandidate[] = [];
  const createConnection: Platform['createConnection'] = (config) => {
    const rtc = nodePlatform.createConnection(config);
    let handler: typeof rtc.onicecandidate = null;
    Object.defineProperty(rtc, 'onicecandidate', {
      get: () => (event: { candidate: IceCandidate | null }) => {
        if (event.candidate) found.push(event.candidate);
        handler?.(event);
      },
      set: (set) => {
        handler = set;
      },
    });
    return rtc;
  };
  return { platform: { ...nodePlatform, createConnection }, found };
}

describe('two peers that may use relay candidates only', () => {
  it('connect by way of coturn, each with credentials of its own from our server', async () => {
    const coturn = await startCoturn();
    const server = await serverWith(coturn);
    const { platform, found } = watched();
    const a = await testPeer(server.url, relayOnly, platform);
    const b = await testPeer(server.url, relayOnly, platform);
    await open(a, b).catch(coturn.explain);
    const received = event(b, 'message');
    await a.send('by way of coturn');
    expect(await received).toBe('by way of coturn');
    expect(await a.stats()).toMatchObject({ path: 'relay' });
    expect(found.length).toBeGreaterThanOrEqual(2);
    expect(found.filter(({ candidate }) => !/ typ relay/.test(candidate))).toEqual([]);
    const users = await coturn.allocatedFor(2);
    for (const { id } of [a, b]) expect(users.some((user) => user.endsWith(`:${id}`))).toBe(true);
  });

  it('find a new way by way of coturn when the network changes', async () => {
    const coturn = await startCoturn();
    const server = await serverWith(coturn);
    const peers = await Promise.all([testPeer(server.url, relayOnly), testPeer(server.url, relayOnly)]);
    const [a, b] = await open(...peers).catch(coturn.explain);
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const restarting = inState(a, 'restarting');
    a.networkChanged();
    await restarting;
    await Promise.all([inState(a, 'connected'), inState(b, 'connected')]);
    const received = event(a, 'message');
    await b.send('still there');
    expect(await received).toBe('still there');
  });

  it.each([
    ['no TURN server', []],
    ['a STUN server only', [{ urls: 'stun:127.0.0.1:9' }]],
    ['a TURN server without credentials', [{ urls: 'turn:127.0.0.1:9' }]],
  ])('tell nobody an address of their own when there is %s', async (_name, iceServers) => {
    const rtc = nodePlatform.createConnection({
      iceServers,
      iceTransportPolicy: 'relay',
      silenceMs: 0,
    } as Parameters<Platform['createConnection']>[0]);
    const found: string[] = [];
    const gathered = new Promise<void>((resolve) => {
      rtc.onicecandidate = ({ candidate }) => (candidate ? found.push(candidate.candidate) : resolve());
    });
    rtc.createDataChannel('data');
    await rtc.setLocalDescription();
    await gathered;
    expect(found).toEqual([]);
    expect(rtc.localDescription?.sdp).not.toMatch(/a=candidate/);
    rtc.close();
  });
});

describe('what a STUN or TURN server refuses is told by its code, as in browsers', () => {
  it.each([
    ['another secret: 401', async () => ({ url: (await startCoturn()).url, code: 401 })],
    ['nobody there: 701', async () => ({ url: 'turn:127.0.0.1:9?transport=tcp', code: 701 })],
  ])('%s', async (_name, start) => {
    const { url, code } = await start();
    const iceServers = [{ urls: url, username: 'a', credential: 'b' }];
    const rtc = nodePlatform.createConnection({ iceServers, iceTransportPolicy: 'all', silenceMs: 0 });
    try {
      const told = new Promise<number>((resolve) => {
        rtc.onicecandidateerror = ({ errorCode }) => resolve(errorCode);
      });
      rtc.createDataChannel('chat');
      await rtc.setLocalDescription();
      expect(await told).toBe(code);
    } finally {
      await rtc.close();
    }
  });
});

it('two coturns that start at once share no port, so that each answers its own clients', async () => {
  const { random } = Math;
  let chosen = 0;
  // The first choices are the same.
  Math.random = () => (++chosen <= 50 ? 0 : random());
  try {
    const [one, two] = await Promise.all([startCoturn(), startCoturn()]);
    expect(one.url).not.toBe(two.url);
  } finally {
    Math.random = random;
  }
});

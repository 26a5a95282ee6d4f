/**
 * Clients of every dialect that send whatever there is, through a whole server: nobody else's session ends, what is kept
 * stays within its bounds, nothing that is not theirs reaches others, and no mistake of ours is in the log.
 */
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { anyFrame, type Dialect, dialects, fill } from '../support/clients/any-message.ts';
import { JsonClient } from '../support/clients/json-client.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import fc from '../support/fast-check.ts';
import { runs } from '../support/runs.ts';
import { pairUp, startTestServer, type TestServer } from '../support/servers/test-server.ts';

const LIMITS = {
  maxWaitingBytes: 2 * 1024 * 1024,
  maxRooms: 4,
  maxConnections: 40,
  maxSubscriptions: 30,
  maxPeersPerClient: 8,
  resumeGraceMs: 1_000,
};

const HONEST = 'said-by-an-honest-client';

/** A client that sends what it is told, and remembers the ids that it sees. */
class AnyClient {
  readonly socket: WebSocket;
  #isNumbered = false;
  #sent = 0;
  heard = '';

  constructor(url: string, dialect: Dialect, place: number, ids: Set<string>) {
    const paths: { readonly [D in Dialect]: string } = {
      native: '',
      resumable: '?resume=1&peers=4',
      several: '?peers=8',
      peerjs: `peerjs?key=peerjs&id=peer${place % 3}&token=t${place % 2}`,
      'y-webrtc': 'y-webrtc',
      trystero: 'trystero',
      'socket-io': 'socket.io/?EIO=4&transport=websocket',
    };
    this.socket = new WebSocket(`${url}${paths[dialect]}`);
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => {
      const text = String(data);
      this.heard += text;
      const id = /"type":"your_id","id":"([^"]+)"/.exec(text)?.[1];
      if (id === undefined) return;
      ids.add(id);
      this.#isNumbered = dialect === 'resumable';
    });
    ids.add(`peer${place % 3}`);
  }

  async opened(): Promise<void> {
    if (this.socket.readyState !== WebSocket.CONNECTING) return;
    await new Promise((resolve) => {
      this.socket.once('open', resolve);
      this.socket.once('close', resolve);
    });
    await this.settled();
  }

  send(frame: string | Buffer): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    const isMessage = this.#isNumbered && typeof frame === 'string' && frame.startsWith('{');
    if (isMessage) this.#sent += 1;
    this.socket.send(isMessage ? `[${this.#sent},0,${frame}]` : frame);
  }

  /** What it sent was dealt with: the server answers its ping, or has closed it. */
  async settled(): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    const answered = new Promise((resolve) => {
      this.socket.once('pong', resolve);
      this.socket.once('close', resolve);
    });
    this.socket.ping();
    await answered;
  }

  async end(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.terminate();
    await once(this.socket, 'close');
  }
}

/** Pairs of honest clients of each dialect, who talk to each other. */
async function honestOnes({ server, connectResumable, connectPair }: TestServer) {
  const url = server.url;
  const plain = await connectPair();
  const resumable = [await connectResumable(), await connectResumable()] as const;
  await pairUp(...resumable);
  const members = [
    await RawClient.connect(`${url}?peers=4`),
    await RawClient.connect(`${url}?peers=4`),
  ] as const;
  for (const [place, member] of members.entries()) {
    const create = place === 0 && { create: {} };
    member.send({ type: 'join_room', room: 'honest', password: HONEST, ...create });
    await member.until(() => member.inbox.some(({ type }) => type === 'room_joined'), 'the room');
  }
  await Promise.all(
    members.map((member) =>
      member.until(() => member.inbox.some(({ type }) => type === 'paired'), 'the pairing'),
    ),
  );
  for (const { inbox } of members) inbox.length = 0;
  const peers = [
    await JsonClient.open(`${url}peerjs?key=peerjs&id=honest1&token=${HONEST}`),
    await JsonClient.open(`${url}peerjs?key=peerjs&id=honest2&token=${HONEST}`),
  ] as const;
  for (const peer of peers) await peer.take(1);
  const editors = [await JsonClient.open(`${url}y-webrtc`), await JsonClient.open(`${url}y-webrtc`)] as const;
  for (const editor of editors) editor.send({ type: 'subscribe', topics: [HONEST] });
  const candidate = { type: 'candidate', candidate: null, mark: HONEST };
  const sessions = new Set(server.parts.sessions.values());
  return {
    sessions,
    all: [...plain, ...resumable, ...members, ...peers, ...editors] as RawClient[],
    /** Says something in each pair, and hears that and nothing else. */
    async talk() {
      for (const [from, to] of [plain, resumable, members] as [RawClient, RawClient][]) {
        from.send(candidate);
        expect(await to.next('candidate')).toMatchObject({ mark: HONEST });
      }
      peers[0].send({ type: 'CANDIDATE', dst: 'honest2', payload: { mark: HONEST } });
      expect(await peers[1].takeOne()).toMatchObject({ src: 'honest1', payload: { mark: HONEST } });
      editors[0].send({ type: 'publish', topic: HONEST, mark: HONEST });
      for (const editor of editors) expect(await editor.takeOne()).toMatchObject({ mark: HONEST });
    },
  };
}

const CLIENTS = 6;

const act = fc.integer({ min: 0, max: CLIENTS - 1 }).chain((place) =>
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.constantFrom(...dialects).chain((dialect) =>
        fc.record({
          place: fc.constant(place),
          dialect: fc.constant(dialect),
          frame: anyFrame(dialect),
          id: fc.nat(40),
        }),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.record({ place: fc.constant(place), advanceMs: fc.constantFrom(10, 400, 1_500) }),
    },
    { weight: 1, arbitrary: fc.record({ place: fc.constant(place), isEnd: fc.constant(true as const) }) },
  ),
);

describe('a server whose clients of every dialect send whatever there is', () => {
  it('ends nobody else’s session, keeps no more than it may, hands nobody what is not theirs, and logs no error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 80 }), async (acts) => {
        const test = await startTestServer({
          ...LIMITS,
          ...{ rooms: true, peerjs: true, topics: true, pingIntervalMs: 0, logLevel: 'info' },
        });
        const { server, clock, log } = test;
        const { parts } = server;
        const honest = await honestOnes(test);
        const ids = new Set(honest.all.map(({ id }) => id).filter(Boolean));
        ids.add('honest1');
        const clients = new Map<string, AnyClient>();
        const strays: string[] = [];
        const end = async (key: string) => {
          await clients.get(key)?.end();
          clients.delete(key);
        };
        for (const one of acts) {
          if ('advanceMs' in one) clock.advance(one.advanceMs);
          else if ('isEnd' in one)
            for (const key of [...clients.keys()].filter((key) => key.startsWith(`${one.place} `)))
              await end(key);
          else {
            const key = `${one.place} ${one.dialect}`;
            const client = clients.get(key) ?? new AnyClient(server.url, one.dialect, one.place, ids);
            clients.set(key, client);
            await client.opened();
            const known = [...ids];
            const id = known[one.id % known.length] ?? '';
            client.send(typeof one.frame === 'string' ? fill(one.frame, id) : one.frame);
          }
          const { waiting, rooms } = parts.signaling;
          expect(waiting.total).toBeLessThanOrEqual(LIMITS.maxWaitingBytes);
          expect(rooms.all.size).toBeLessThanOrEqual(LIMITS.maxRooms);
          expect(parts.sessions.size).toBeLessThanOrEqual(LIMITS.maxConnections);
        }
        for (const client of clients.values()) await client.settled();
        await honest.talk();
        expect([...honest.sessions].filter((session) => parts.sessions.get(session.id) !== session)).toEqual(
          [],
        );
        expect(
          honest.all
            .flatMap(({ inbox }) => inbox)
            .map((message) => JSON.stringify(message))
            .filter(isStray),
        ).toEqual([]);
        for (const { heard } of clients.values()) if (heard.includes(HONEST)) strays.push(heard);
        expect(strays).toEqual([]);
        for (const key of [...clients.keys()]) await end(key);
        // Those who lost their sockets are waited for, and then forgotten, and so are their rooms.
        const isLeft = () => parts.sessions.size > honest.sessions.size || parts.signaling.rooms.all.size > 1;
        for (let turns = 0; isLeft() && turns < 2_000; turns += 1) {
          clock.advance(LIMITS.resumeGraceMs);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(parts.sessions.size).toBe(honest.sessions.size);
        expect(parts.pairings.size).toBe(4);
        expect(parts.signaling.rooms.all.size).toBe(1);
        expect(log.filter(({ level }) => level >= 50).map(({ msg, err }) => [msg, err])).toEqual([]);
        for (const { socket } of honest.all) socket.terminate();
        await server.stop();
      }),
      { numRuns: runs(4, 60), endOnFailure: true },
    );
  }, 60_000);
});

/** What an honest client may hear of others: that somebody asked for it in vain is not told, what they say is. */
function isStray(text: string): boolean {
  const { type, src } = JSON.parse(text) as { type?: string; src?: string };
  // Whoever knows the id of a PeerJS client may signal to it.
  return !src?.startsWith('peer') && type !== 'ping';
}

/**
 * Every move of a client, its peers, the server and the clock in every state that a session can be in, over real WebSockets.
 * Where to go, what the client and its peers hear, and what is to be said of the state, a model says that is written from
 * docs/protocol.md, and knows nothing of the machine.
 */
import { describe, expect, it } from '@jest/globals';
import type { CloseCode } from '../../../src/protocol/index.ts';
import { RawClient, type Received } from '../../support/clients/raw-client.ts';
import { ResumableClient } from '../../support/clients/resumable-client.ts';
import { everyMove } from '../../support/model/every-move.ts';
import { type PairTargetOfModel, type SessionDid, SessionModel } from '../../support/model/session-model.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

const settings = { pingIntervalMs: 30_000, pingTimeoutMs: 10_000, resumeGraceMs: 20_000 };
/** How long each takes, and a bit. */
const delays = {
  pingInterval: settings.pingIntervalMs + 50,
  pingTimeout: settings.pingTimeoutMs + 50,
  resumeGrace: settings.resumeGraceMs + 50,
} as const;

/** What belongs to no pairing, or to none that is clear. */
const unclear = [
  { type: 'offer', sdp: 'x' },
  { type: 'answer', sdp: 'x' },
  { type: 'candidate', candidate: null },
  { type: 'signal', data: 'x' },
  { type: 'report', state: 'connected' },
  { type: 'unpair' },
  { type: 'reject' },
];
type Move = SessionDid & { readonly message?: object; readonly isLastKey?: boolean };

const movesWith = (peers: readonly number[]): readonly Move[] => [
  // The guesses of keys come last: there are no more of them after that.
  ...(['unknown_key', 'unknown', 'self', 'peer', 'left', 'taken', 'guessed_too_often'] as const).map(
    (target) => ({ do: 'ask' as const, target }),
  ),
  ...unclear.map((message) => ({ do: 'signal' as const, message })),
  ...[true, false].map((isLastKey) => ({ do: 'key' as const, isLastKey })),
  ...(['pong', 'return', 'vanish', 'goodbye'] as const).map((what) => ({ do: what })),
  ...(['pair', 'offer', 'connect', 'part'] as const).flatMap((what) =>
    peers.map((peer) => ({ do: what, peer })),
  ),
  ...[1001, 1012, 1013].map((code) => ({ do: 'shut' as const, code })),
  ...(['pingInterval', 'pingTimeout', 'resumeGrace'] as const).map((until) => ({
    do: 'wait' as const,
    until,
  })),
];

type Peer = { readonly client: RawClient; readonly epoch: number };

/** What a message says, in the model's words. */
const heardIn = ({ type, code, reason }: Received) => [type, code ?? reason].filter(Boolean).join(' ');

class Walk {
  readonly #test: TestServer;
  readonly #model: SessionModel;
  #me: RawClient | ResumableClient;
  /** By its number in the model: the client, and the epoch that the server gave the pairing. */
  readonly #peers = new Map<number, Peer>();

  private constructor(test: TestServer, me: RawClient, model: SessionModel) {
    this.#test = test;
    this.#me = me;
    this.#model = model;
  }

  /** @param address nobody else's: guesses of keys are counted by it */
  static async begin(
    test: TestServer,
    address: string,
    isResumable: boolean,
    maxPeers: number,
  ): Promise<Walk> {
    const { url } = test.server;
    const me = isResumable
      ? await ResumableClient.connect(url, { address })
      : await RawClient.connect(maxPeers === 1 ? url : `${url}?peers=${maxPeers}`, { address });
    return new Walk(test, me, new SessionModel(isResumable, maxPeers));
  }

  get session() {
    return this.#test.server.parts.sessions.get(this.#me.id);
  }

  /** Makes the moves, and holds each to the model. */
  async take(way: readonly Move[]): Promise<void> {
    const { session } = this;
    const taken: string[] = [];
    for (const move of way) {
      taken.push(JSON.stringify(move));
      if (move.isLastKey) await this.#makeAllKeys();
      const peers = [...this.#peers];
      const told = this.#model.step(move);
      await this.#bringAbout(move);
      await this.#settle();
      const everybody = [...new Map([...peers, ...this.#peers])];
      const expected = {
        own: told.own ? [told.own] : [],
        peers: everybody.map(([epoch]) => {
          if (told.peer?.[0] === epoch) return [told.peer[1]];
          return told.peers ? [told.peers] : [];
        }),
        closed: told.closed,
      };
      const heard = {
        own: this.#me.inbox.splice(0).map(heardIn),
        peers: everybody.map(([, { client }]) =>
          client.inbox
            .splice(0)
            .filter(({ type }) => type !== 'ping')
            .map(heardIn),
        ),
        closed: told.closed && (await this.#me.whenClosed()).code,
      };
      expect([taken, heard]).toEqual([taken, expected]);
      expect([taken, shown(session?.value)]).toEqual([taken, this.#model.state]);
    }
  }

  /** Nobody is there when the next path is walked. */
  async end(): Promise<void> {
    for (const client of [this.#me, ...[...this.#peers.values()].map((peer) => peer.client)])
      await client.close();
  }

  async #bringAbout(move: Move): Promise<void> {
    const { session } = this;
    switch (move.do) {
      case 'ask':
        return this.#me.send(await this.#requestFor(move.target));
      case 'key':
        return this.#me.send({ type: 'create_key' });
      case 'signal':
        return this.#me.send(move.message ?? {});
      case 'pong':
        return this.#me.send({ type: 'pong' });
      case 'pair': {
        const client = await this.#test.connect();
        this.#me.send({ type: 'pair_request', target_id: client.id });
        await client.until(() => client.inbox.length > 0, 'that it is paired');
        this.#peers.set(move.peer, { client, epoch: Number(client.inbox[0]?.epoch) });
        return;
      }
      case 'offer':
        return this.#me.send({ type: 'offer', sdp: 'an offer', epoch: this.#peerOf(move).epoch });
      case 'connect': {
        const { client, epoch } = this.#peerOf(move);
        client.send({ type: 'answer', sdp: 'an answer' });
        for (const one of [this.#me, client]) one.send({ type: 'report', state: 'connected', epoch });
        return client.settled();
      }
      case 'part': {
        const { client } = this.#peerOf(move);
        client.send({ type: 'unpair' });
        await client.settled();
        this.#peers.delete(move.peer);
        return client.close();
      }
      case 'return':
        this.#me = await (this.#me as ResumableClient).comeBack(this.#test.server.url);
        return;
      case 'goodbye':
      case 'vanish':
        if (move.do === 'goodbye') await this.#me.close();
        else this.#me.socket.terminate();
        await until(() => !session?.client.isOnline);
        return;
      case 'shut': {
        const event = { type: 'CLOSED_BY_SERVER', code: move.code as CloseCode, reason: 'a reason' } as const;
        if (session) this.#test.server.parts.sessionHost.dispatch(session, event);
        await this.#me.whenClosed();
        return;
      }
      case 'wait':
        return this.#wait(move.until);
    }
  }

  /** Its peers answer every ping. */
  async #wait(until: keyof typeof delays): Promise<void> {
    this.#test.clock.advance(delays[until]);
    for (const { client } of this.#peers.values()) client.send({ type: 'pong' });
    if (until === 'pingInterval') await this.#me.until(() => this.#me.inbox.length > 0, 'a ping');
    if (until === 'pingTimeout') await this.#me.whenClosed();
  }

  /** Whatever the server has told anybody by now has arrived; to be asked for that answers a ping, and so is not done then. */
  async #settle(): Promise<void> {
    const isOpen = this.#me.socket.readyState === this.#me.socket.OPEN;
    if (isOpen && !this.#model.isPinged) await this.#me.settled();
    for (const { client } of this.#peers.values()) await client.settled();
  }

  #peerOf({ peer: name }: { peer: number }): Peer {
    const peer = this.#peers.get(name);
    if (!peer) throw new Error(`there is no peer ${name}`);
    return peer;
  }

  async #requestFor(target: PairTargetOfModel): Promise<object> {
    const byId = (targetId: string) => ({ type: 'pair_request', target_id: targetId });
    const wrongKey = { type: 'pair_request', key: '0000-0000-0000' };
    switch (target) {
      case 'self':
        return byId(this.#me.id);
      case 'taken': {
        const [taken] = await this.#test.connectPair();
        return byId(taken.id);
      }
      case 'peer': {
        const [peer] = this.#peers.values();
        return byId(peer?.client.id ?? '');
      }
      case 'left': {
        const leaver = await this.#test.connect();
        await pairUp(leaver, this.#me);
        leaver.send({ type: 'unpair' });
        await this.#me.next('peer_disconnected');
        return byId(leaver.id);
      }
      case 'unknown_key':
        return wrongKey;
      case 'guessed_too_often': {
        for (let guess = 0; guess < 20; guess += 1) this.#me.send(wrongKey);
        for (let guess = 0; guess < 20; guess += 1) await this.#me.next('error');
        return wrongKey;
      }
      default:
        return byId('nobody');
    }
  }

  async #makeAllKeys(): Promise<void> {
    for (let owned = this.session?.keys.length ?? 0; owned < 16; owned += 1) {
      this.#me.send({ type: 'create_key' });
      await this.#me.next('key');
      this.#model.step({ do: 'key' });
    }
  }
}

/** Of a session's state what the model speaks of. */
function shown(value: unknown): unknown {
  if (typeof value === 'string') return value;
  const { pairings, socket } = (
    value as { present: { pairings: string; socket: string | { online: string } } }
  ).present;
  return { pairings, socket: typeof socket === 'string' ? socket : `online.${socket.online}` };
}

describe.each([
  ['a session', false, 1],
  ['a session that can be resumed', true, 1],
  ['a session that may have two peers', false, 2],
])('%s, over real WebSockets', (_name, isResumable, maxPeers) => {
  async function walkAll(ways: readonly (readonly Move[])[]): Promise<void> {
    const test = await startTestServer({
      ...settings,
      trustProxy: ['127.0.0.1'],
      maxConnectionsPerAddress: 0,
      logLevel: 'silent',
    });
    for (const [at, way] of ways.entries()) {
      const walk = await Walk.begin(test, `10.0.${at >> 8}.${at & 255}`, isResumable, maxPeers);
      await walk.take(way);
      await walk.end();
    }
  }

  it('does for the client and its peers what the model says of each move in each state', async () => {
    const ways = everyMove(
      () => new SessionModel(isResumable, maxPeers),
      movesWith([1, 2].slice(0, maxPeers)),
    );
    expect(ways.length).toBeGreaterThan(50);
    await walkAll(ways);
  });
});

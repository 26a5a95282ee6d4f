/**
 * Paths generated from the session machine, walked by real clients over real WebSockets, and by the clock. After each step
 * the server's session is in the state that the machine says; and a model that is written from docs/protocol.md, and knows
 * nothing of the machine, says what the client and its peers hear, and what is to be said of that state.
 */
import { describe, expect, it } from '@jest/globals';
import { TestModel } from 'xstate/graph';
import { runningDelays } from '../../../src/machines/host/xstate-inspected.ts';
import {
  type SessionContext,
  type SessionEvent,
  type SessionInput,
  sessionExamples,
  sessionMachine,
} from '../../../src/machines/index.ts';
import type { SessionEventFromNodes } from '../../../src/machines/session/session-events.ts';
import { RawClient, type Received } from '../../support/clients/raw-client.ts';
import { ResumableClient } from '../../support/clients/resumable-client.ts';
import { type PairTargetOfModel, type SessionDid, SessionModel } from '../../support/model/session-model.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';

const inputOf = (isResumable: boolean, maxPeers: number) =>
  sessionExamples.inputs.find(
    (input) => input.isResumable === isResumable && input.maxPeers === maxPeers,
  ) as SessionInput;
const { settings } = inputOf(true, 1);
/** By the name of a delay: how long it takes, and a bit. */
const delays = {
  pingInterval: settings.pingIntervalMs + 50,
  pingTimeout: settings.pingTimeoutMs + 50,
  resumeGrace: settings.resumeGraceMs + 50,
} as const;
const isDelay = ({ type }: { readonly type: string }) => type.startsWith('xstate.after.');

type Snapshot = {
  readonly value: object;
  readonly context: SessionContext;
  readonly status: string;
  can(event: object): boolean;
  matches(value: object): boolean;
};

const OF_TOKENS_AND_ROOMS: readonly string[] = ['TOKEN_ACCEPTED', 'JOIN_REQUESTED', 'LOCK_REQUESTED'];

/** What happens at once on the wire is more than one event of the machine: only the first is an event to choose. */
const chosen = Object.values(sessionExamples.events)
  .flat()
  .filter((event) => !(event.type === 'PAIR_REQUESTED' && event.target === 'free'))
  // What tokens have to do with it is walked in dialects/native/tokens.test.ts, and what rooms have in rooms/.
  .filter((event) => !OF_TOKENS_AND_ROOMS.includes(event.type))
  .filter((event) => !isOfNodes(event)) as SessionEvent[];

/** What takes another node is walked in cluster/pairing.test.ts. */
function isOfNodes(event: { type: string; target?: string; answers?: string }): boolean {
  const isAsk = event.target === 'elsewhere' || event.target === 'unreachable';
  return isAsk || event.answers !== undefined || ['GRANTED', 'DENIED', 'MOVED'].includes(event.type);
}

type Walked = Exclude<
  SessionEvent,
  SessionEventFromNodes | { type: 'TOKEN_ACCEPTED' | 'JOIN_REQUESTED' | 'LOCK_REQUESTED' }
>;

const isSignal = (type: string) => /^(OFFER|ANSWER|CANDIDATE|SIGNAL|REPORT|UNPAIR|REJECT)_/.test(type);
/** Any message answers a ping: of those that the client can send, one is enough. */
const isOtherMessage = ({ type }: SessionEvent) =>
  isSignal(type) ||
  ['PAIR_REQUESTED', 'KEY_REQUESTED', 'PAIRED', 'NEGOTIATION_STARTED', 'CONNECTED'].includes(type);

/** What can come about with the peers that there are; the machine itself would take more. */
function canComeAbout({ pairings, maxPeers }: SessionContext, event: SessionEvent): boolean {
  const phase = 'epoch' in event && pairings.find(({ epoch }) => epoch === event.epoch)?.phase;
  switch (event.type) {
    case 'PAIRED':
      return !phase && pairings.length < maxPeers && event.epoch < 7 + maxPeers;
    case 'NEGOTIATION_STARTED':
      return phase === 'paired' || phase === 'connected';
    case 'CONNECTED':
      return phase === 'negotiating';
    case 'UNPAIRED':
      return Boolean(phase);
    case 'PAIR_REQUESTED':
      if (event.target === 'left') return pairings.length < maxPeers;
      return event.target !== 'peer' || pairings.length > 0;
    default:
      // With one peer it is clear whom a signal is for.
      return !isSignal(event.type) || pairings.length !== 1;
  }
}

const pathsOf = (isResumable: boolean, maxPeers: number) =>
  new TestModel(
    sessionMachine as never,
    {
      events: ((snapshot: Snapshot) => [
        ...chosen,
        ...runningDelays(snapshot as never).map(({ eventType }) => ({ type: eventType })),
      ]) as never,
      input: inputOf(isResumable, maxPeers) as never,
      // A client that is away sends nothing; all that it can do is to come back, to this process if it goes on.
      filterEvents: ((snapshot: Snapshot, event: SessionEvent) =>
        snapshot.status === 'active' &&
        snapshot.can(event) &&
        canComeAbout(snapshot.context, event) &&
        (isResumable || event.type !== 'RESUMED') &&
        !snapshot.matches({ present: { socket: 'drained' } }) &&
        !(isOtherMessage(event) && snapshot.matches({ present: { socket: { online: 'pinged' } } })) &&
        (event.type === 'RESUMED' ||
          isDelay(event) ||
          !snapshot.matches({ present: { socket: 'away' } }))) as never,
      serializeState: ((snapshot: Snapshot, event?: object, previous?: Snapshot) =>
        JSON.stringify([snapshot.value, event && previous ? [event, previous.value] : null])) as never,
    } as never,
  ).getShortestPaths();

type Peer = { readonly client: RawClient; readonly epoch: number };
type Pinged = 'pingInterval' | 'pingTimeout' | 'resumeGrace';

/** What a message says, in the model's words. */
const heardIn = ({ type, code, reason }: Received) => [type, code ?? reason].filter(Boolean).join(' ');

class Walk {
  readonly #test: TestServer;
  readonly #model: SessionModel;
  #me: RawClient | ResumableClient;
  /** By the epoch in the model: the client, and the epoch that the server gave the pairing. */
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

  /** Takes the path, and holds each step to the model and to the machine. */
  async take(steps: readonly { readonly event: Walked; readonly state: Snapshot }[]): Promise<void> {
    const { session } = this;
    const taken: string[] = [];
    for (const { event, state } of steps) {
      if (event.type.startsWith('xstate.init')) continue;
      taken.push(JSON.stringify(event));
      const did = isDelay(event) ? waitOf(event) : this.#didOf[event.type](event as never);
      if (event.type === 'KEY_REQUESTED' && !event.hasRoom) await this.#makeAllKeys();
      const peers = [...this.#peers];
      const told = this.#model.step(did);
      if (did.do === 'wait') await this.#wait(did.until);
      else await (this.#bringAbout[event.type] as (event: Walked) => Promise<void>)(event);
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
      expect([taken, session?.value]).toEqual([taken, state.value]);
    }
  }

  /** Nobody is there when the next path is walked. */
  async end(): Promise<void> {
    for (const client of [this.#me, ...[...this.#peers.values()].map((peer) => peer.client)])
      await client.close();
  }

  readonly #didOf: {
    readonly [Type in Walked['type']]: (event: Extract<Walked, { type: Type }>) => SessionDid;
  } = {
    PAIR_REQUESTED: ({ target }) => ({ do: 'ask', target: target as PairTargetOfModel }),
    KEY_REQUESTED: () => ({ do: 'key' }),
    OFFER_RECEIVED: () => ({ do: 'signal' }),
    ANSWER_RECEIVED: () => ({ do: 'signal' }),
    CANDIDATE_RECEIVED: () => ({ do: 'signal' }),
    SIGNAL_RECEIVED: () => ({ do: 'signal' }),
    REPORT_RECEIVED: () => ({ do: 'signal' }),
    UNPAIR_RECEIVED: () => ({ do: 'signal' }),
    REJECT_RECEIVED: () => ({ do: 'signal' }),
    PAIRED: ({ epoch }) => ({ do: 'pair', peer: epoch }),
    NEGOTIATION_STARTED: ({ epoch }) => ({ do: 'offer', peer: epoch }),
    CONNECTED: ({ epoch }) => ({ do: 'connect', peer: epoch }),
    UNPAIRED: ({ epoch }) => ({ do: 'part', peer: epoch }),
    HEARD: () => ({ do: 'pong' }),
    RESUMED: () => ({ do: 'return' }),
    SOCKET_CLOSED: ({ isGoodbye }) => ({ do: isGoodbye ? 'goodbye' : 'vanish' }),
    CLOSED_BY_SERVER: ({ code }) => ({ do: 'shut', code }),
  };

  /** One way for each event to come about; a new event without one does not compile. */
  readonly #bringAbout: {
    readonly [Type in Walked['type']]: (event: Extract<Walked, { type: Type }>) => Promise<void>;
  } = {
    PAIR_REQUESTED: async ({ target }) => this.#me.send(await this.#requestFor(target)),
    KEY_REQUESTED: async () => this.#me.send({ type: 'create_key' }),
    OFFER_RECEIVED: async () => this.#me.send({ type: 'offer', sdp: 'x' }),
    ANSWER_RECEIVED: async () => this.#me.send({ type: 'answer', sdp: 'x' }),
    CANDIDATE_RECEIVED: async () => this.#me.send({ type: 'candidate', candidate: null }),
    SIGNAL_RECEIVED: async () => this.#me.send({ type: 'signal', data: 'x' }),
    REPORT_RECEIVED: async () => this.#me.send({ type: 'report', state: 'connected' }),
    UNPAIR_RECEIVED: async () => this.#me.send({ type: 'unpair' }),
    REJECT_RECEIVED: async () => this.#me.send({ type: 'reject' }),
    PAIRED: async ({ epoch }) => {
      const client = await this.#test.connect();
      this.#me.send({ type: 'pair_request', target_id: client.id });
      await client.until(() => client.inbox.length > 0, 'that it is paired');
      this.#peers.set(epoch, { client, epoch: Number(client.inbox[0]?.epoch) });
    },
    NEGOTIATION_STARTED: async (event) => {
      const { epoch } = this.#peerOf(event);
      this.#me.send({ type: 'offer', sdp: 'an offer', epoch });
    },
    CONNECTED: async (event) => {
      const { client, epoch } = this.#peerOf(event);
      client.send({ type: 'answer', sdp: 'an answer' });
      for (const one of [this.#me, client]) one.send({ type: 'report', state: 'connected', epoch });
      await client.settled();
    },
    UNPAIRED: async (event) => {
      const { client } = this.#peerOf(event);
      client.send({ type: 'unpair' });
      await client.settled();
      this.#peers.delete(event.epoch);
      await client.close();
    },
    HEARD: async () => this.#me.send({ type: 'pong' }),
    RESUMED: async () => {
      this.#me = await (this.#me as ResumableClient).comeBack(this.#test.server.url);
    },
    SOCKET_CLOSED: async ({ isGoodbye }) => {
      const { session } = this;
      if (isGoodbye) await this.#me.close();
      else this.#me.socket.terminate();
      while (session?.client.isOnline) await new Promise((resolve) => setImmediate(resolve));
    },
    CLOSED_BY_SERVER: async ({ code, reason }) => {
      const { session } = this;
      if (session)
        this.#test.server.parts.sessionHost.dispatch(session, { type: 'CLOSED_BY_SERVER', code, reason });
      await this.#me.whenClosed();
    },
  };

  /** Its peers answer every ping. */
  async #wait(until: Pinged): Promise<void> {
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

  #peerOf({ epoch }: { epoch: number }): Peer {
    const peer = this.#peers.get(epoch);
    if (!peer) throw new Error(`there is no peer ${epoch}`);
    return peer;
  }

  async #requestFor(target: string): Promise<object> {
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

function waitOf({ type }: { readonly type: string }): SessionDid & { do: 'wait' } {
  const until = (Object.keys(delays) as Pinged[]).find((name) => type.includes(name));
  if (!until) throw new Error(`nobody knows how long ${type} takes`);
  return { do: 'wait', until };
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
])('paths of %s through its machine, over real WebSockets', (_name, isResumable, maxPeers) => {
  const paths = pathsOf(isResumable, maxPeers);

  it(`all of ${paths.length} are heard as the model says, and end where the machine says`, async () => {
    const test = await startTestServer({
      ...settings,
      trustProxy: ['127.0.0.1'],
      maxConnectionsPerAddress: 0,
      logLevel: 'silent',
    });
    for (const [at, { steps }] of paths.entries()) {
      const walk = await Walk.begin(test, `10.0.${at >> 8}.${at & 255}`, isResumable, maxPeers);
      await walk.take(steps as never);
      await walk.end();
    }
    expect(paths.length).toBeGreaterThan(50);
  });
});

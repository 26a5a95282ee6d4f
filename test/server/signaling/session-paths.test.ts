/**
 * Paths generated from the session machine, walked by real clients over real WebSockets: after each step the server's
 * session is in the state that the machine says.
 */
import { describe, expect, it } from '@jest/globals';
import { TestModel } from 'xstate/graph';
import {
  type SessionContext,
  type SessionEvent,
  type SessionInput,
  sessionExamples,
  sessionMachine,
} from '../../../src/machines/index.ts';
import type { SessionEventFromNodes } from '../../../src/machines/session/session-events.ts';
import type { RawClient } from '../../support/clients/raw-client.ts';
import type { ResumableClient } from '../../support/clients/resumable-client.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';

type Step = { readonly event: { readonly type: string } };
const inputOf = (isResumable: boolean, maxPeers: number) =>
  sessionExamples.inputs.find(
    (input) => input.isResumable === isResumable && input.maxPeers === maxPeers,
  ) as SessionInput;
const { settings } = inputOf(true, 1);
/** By the name of a delay: how long it takes, and a bit. */
const delays: { readonly [name: string]: number } = {
  pingInterval: settings.pingIntervalMs + 50,
  pingTimeout: settings.pingTimeoutMs + 50,
  resumeGrace: settings.resumeGraceMs + 50,
};

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

const modelOf = (isResumable: boolean, maxPeers: number) =>
  new TestModel(
    sessionMachine as never,
    {
      events: chosen as never,
      input: inputOf(isResumable, maxPeers) as never,
      // A client that is away sends nothing; all that it can do is to come back, to this process if it goes on.
      filterEvents: ((snapshot: Snapshot, event: SessionEvent) =>
        snapshot.status === 'active' &&
        snapshot.can(event) &&
        canComeAbout(snapshot.context, event) &&
        (isResumable || event.type !== 'RESUMED') &&
        !snapshot.matches({ present: { socket: 'drained' } }) &&
        (event.type === 'RESUMED' || !snapshot.matches({ present: { socket: 'away' } }))) as never,
      serializeState: ((snapshot: Snapshot, event?: object, previous?: Snapshot) =>
        JSON.stringify([snapshot.value, event && previous ? [event, previous.value] : null])) as never,
    } as never,
  );

class Walk {
  readonly #test: TestServer;
  #me: RawClient | ResumableClient;
  /** By the epoch in the model: the client, and the epoch that the server gave the pairing. */
  readonly #peers = new Map<number, { client: RawClient; epoch: number }>();
  /** Whether the server has noticed that the client is gone. */
  #isMissed = false;

  constructor(test: TestServer, me: RawClient | ResumableClient) {
    this.#test = test;
    this.#me = me;
  }

  /** One way for each event to come about; a new event without one does not compile. */
  readonly bringAbout: {
    readonly [Type in Walked['type']]: (event: Extract<Walked, { type: Type }>) => Promise<void>;
  } = {
    PAIR_REQUESTED: async (event) => {
      const { message, code } = await this.#requestPair(event.target);
      this.#me.send(message);
      expect((await this.#me.next('error')).code).toMatch(code);
    },
    KEY_REQUESTED: async ({ hasRoom }) => {
      const owned = () => this.#test.server.parts.sessions.get(this.#me.id)?.keys.length ?? 0;
      while (!hasRoom && owned() < 16) await this.#makeKey();
      this.#me.send({ type: 'create_key' });
      expect((await this.#me.next(hasRoom ? 'key' : 'error')).type).toBe(hasRoom ? 'key' : 'error');
    },
    OFFER_RECEIVED: () => this.#refusedUnpaired({ type: 'offer', sdp: 'x' }),
    ANSWER_RECEIVED: () => this.#refusedUnpaired({ type: 'answer', sdp: 'x' }),
    CANDIDATE_RECEIVED: () => this.#refusedUnpaired({ type: 'candidate', candidate: null }),
    SIGNAL_RECEIVED: () => this.#refusedUnpaired({ type: 'signal', data: 'x' }),
    REPORT_RECEIVED: () => this.#refusedUnpaired({ type: 'report', state: 'connected' }),
    UNPAIR_RECEIVED: () => this.#refusedUnpaired({ type: 'unpair' }),
    REJECT_RECEIVED: () => this.#refusedUnpaired({ type: 'reject' }),
    PAIRED: async ({ epoch }) => {
      const client = await this.#test.connect();
      this.#peers.set(epoch, { client, epoch: await pairUp(this.#me, client) });
    },
    NEGOTIATION_STARTED: async (event) => {
      const { client, epoch } = this.#peerOf(event);
      this.#me.send({ type: 'offer', sdp: 'an offer', epoch });
      expect((await client.next('offer')).sdp).toBe('an offer');
    },
    CONNECTED: async (event) => {
      const { client, epoch } = this.#peerOf(event);
      client.send({ type: 'answer', sdp: 'an answer' });
      expect((await this.#me.next('answer')).sdp).toBe('an answer');
      for (const one of [this.#me, client]) {
        one.send({ type: 'report', state: 'connected', epoch });
        await one.settled();
      }
    },
    UNPAIRED: async (event) => {
      const { client } = this.#peerOf(event);
      client.send({ type: 'unpair' });
      expect((await this.#me.next('peer_disconnected')).peer_id).toBe(client.id);
      this.#peers.delete(event.epoch);
    },
    HEARD: async () => {
      this.#me.send({ type: 'pong' });
      await this.#me.settled();
    },
    RESUMED: async () => {
      const { url } = this.#test.server;
      this.#me = await (this.#me as ResumableClient).comeBack(url);
      if (this.#isMissed) for (const { client } of this.#peers.values()) await client.next('peer_back');
      this.#isMissed = false;
      await this.#me.settled();
    },
    SOCKET_CLOSED: async ({ isGoodbye }) => {
      if (isGoodbye) await this.#me.close();
      else await this.#vanish();
    },
    CLOSED_BY_SERVER: async ({ code, reason }) => {
      const { sessionHost, sessions } = this.#test.server.parts;
      const session = sessions.get(this.#me.id);
      if (session) sessionHost.dispatch(session, { type: 'CLOSED_BY_SERVER', code, reason });
      expect(await this.#me.whenClosed()).toEqual({ code, reason });
    },
  };

  /** Moves the time to the end of the delay that a step is named after. */
  async waitFor(type: string): Promise<void> {
    const delay = Object.keys(delays).find((name) => type.includes(name)) ?? '';
    this.#test.clock.advance(delays[delay] ?? Number.NaN);
    if (delay === 'pingInterval') await this.#me.next('ping');
    if (delay === 'pingTimeout') expect((await this.#me.whenClosed()).code).toBe(4408);
    this.#isMissed = delay === 'pingTimeout';
  }

  async #vanish(): Promise<void> {
    const { sessions } = this.#test.server.parts;
    this.#me.socket.terminate();
    const session = sessions.get(this.#me.id);
    while (session?.client.isOnline) await new Promise((resolve) => setImmediate(resolve));
    this.#isMissed = true;
    const told = sessions.has(this.#me.id) ? 'peer_away' : 'peer_disconnected';
    for (const { client } of this.#peers.values()) await client.next(told);
  }

  #peerOf({ epoch }: { epoch: number }): { client: RawClient; epoch: number } {
    const peer = this.#peers.get(epoch);
    if (!peer) throw new Error(`there is no peer ${epoch}`);
    return peer;
  }

  async #requestPair(target: string): Promise<{ message: object; code: RegExp }> {
    const byId = (targetId: string, code: RegExp) => ({
      message: { type: 'pair_request', target_id: targetId },
      code,
    });
    const wrongKey = { type: 'pair_request', key: '0000-0000-0000' };
    switch (target) {
      case 'self':
        return byId(this.#me.id, /self_pairing/);
      case 'taken': {
        const [taken] = await this.#test.connectPair();
        return byId(taken.id, /target_already_paired|already_paired|too_many_peers/);
      }
      case 'peer': {
        const [peer] = this.#peers.values();
        return byId(peer?.client.id ?? '', /already_paired/);
      }
      case 'left': {
        const leaver = await this.#test.connect();
        await pairUp(leaver, this.#me);
        leaver.send({ type: 'unpair' });
        await this.#me.next('peer_disconnected');
        return byId(leaver.id, /just_left/);
      }
      case 'unknown_key':
        return { message: wrongKey, code: /key_not_found/ };
      case 'guessed_too_often': {
        for (let guess = 0; guess < 20; guess += 1) this.#me.send(wrongKey);
        for (let guess = 0; guess < 20; guess += 1) await this.#me.next('error');
        return { message: wrongKey, code: /too_many_key_guesses/ };
      }
      default:
        return byId('nobody', /target_not_found/);
    }
  }

  async #makeKey(): Promise<void> {
    this.#me.send({ type: 'create_key' });
    await this.#me.next('key');
  }

  async #refusedUnpaired(message: { type: string; [field: string]: unknown }): Promise<void> {
    this.#me.send(message);
    const code = this.#peers.size === 0 ? 'not_paired' : 'ambiguous_pairing';
    expect(await this.#me.next('error')).toMatchObject({ code, for: message.type });
  }
}

describe.each([
  ['a session', false, 1],
  ['a session that can be resumed', true, 1],
  ['a session that may have two peers', false, 2],
])('a path of %s through its machine, over a real WebSocket', (_name, isResumable, maxPeers) => {
  const paths = modelOf(isResumable, maxPeers).getShortestPaths();

  it.each(
    paths.map(
      (path) => [path.steps.map((step: Step) => step.event.type).join(' > ') || 'none', path] as const,
    ),
  )('%#: %s', async (_path, path) => {
    const test = await startTestServer(settings);
    const me = isResumable
      ? await test.connectResumable()
      : await test.connect(maxPeers === 1 ? undefined : maxPeers);
    const session = test.server.parts.sessions.get(me.id);
    const walk = new Walk(test, me);
    for (const { event, state } of path.steps as unknown as { event: Walked; state: Snapshot }[]) {
      if (event.type.startsWith('xstate.init')) continue;
      if (event.type.startsWith('xstate.after')) await walk.waitFor(event.type);
      else await (walk.bringAbout[event.type] as (event: Walked) => Promise<void>)(event);
      expect([event.type, session?.value]).toEqual([event.type, state.value]);
    }
  });

  it('is one of enough to take every transition', () => {
    expect(paths.length).toBeGreaterThan(20);
  });
});

/** What a program that starts the server decides and is told, over real sockets. */
import { describe, expect, it } from '@jest/globals';
import { driveTimers } from '../../../src/common/clock.ts';
import { StepQueue } from '../../../src/machines/index.ts';
import { AskingAuthenticator } from '../../../src/server/admission/tokens/asking-authenticator.ts';
import { deciderByHook } from '../../../src/server/embed/authorize-by-hook.ts';
import type {
  AuthorizeRequest,
  PairingChange,
  RoomChange,
  SessionChange,
  StartOptions,
} from '../../../src/server/index.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { pairUp, startTestServer } from '../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../support/servers/token-issuer.ts';
import { until } from '../../support/until.ts';

/** As a client of our own wire has it. */
const socketOf = (client: object) => client as { socket: { getUserData(): Record<string, unknown> } };

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Keeps what a hook is told, and waits for facts. */
function recorder<Change extends { readonly type: string }>() {
  const changes: Change[] = [];
  return {
    changes,
    hook: (change: Change) => {
      changes.push(change);
    },
    async types(last: string): Promise<string[]> {
      for (let turns = 0; changes.at(-1)?.type !== last; turns += 1) {
        if (turns > 10_000) throw new Error(`${last} was not told, but ${JSON.stringify(changes)}`);
        await turn();
      }
      return changes.map(({ type }) => type);
    },
  };
}

const UNREADABLE = new Proxy(
  {},
  {
    get() {
      throw new Error('not to be read');
    },
  },
);

describe('authorize', () => {
  it('sees what the client brings and its request, and says its id, app and metadata', async () => {
    const asked: AuthorizeRequest[] = [];
    const { server } = await startTestServer({
      authorize(request) {
        asked.push(request);
        return { sub: 'ada', app: 'chess', metadata: { name: 'Ada' } };
      },
    });
    const client = await RawClient.connect(`${server.url}?room=7`, { token: 'anything' });
    expect(client.id).toBe('ada');
    expect(asked).toEqual([
      expect.objectContaining({ wants: 'connect', token: 'anything', url: '/?room=7', address: '127.0.0.1' }),
    ]);
    expect(asked[0]?.headers.get('host')).toBe(`127.0.0.1:${server.port}`);
    expect(server.sessions()).toEqual([
      {
        id: 'chess/ada',
        publicId: 'ada',
        app: 'chess',
        isOnline: true,
        peers: [],
        metadata: { name: 'Ada' },
      },
    ]);
    // Whoever looks into the socket from here on finds neither.
    const [session] = server.parts.sessions.values();
    const { socket } = socketOf(session?.client ?? {});
    const { token, request } = socket.getUserData();
    expect([token, request]).toEqual([undefined, undefined]);
  });

  it('answers true and false, at once or later: everything, or 4401 with a word why', async () => {
    const { server } = await startTestServer({ authorize: async ({ url }) => !url?.includes('stranger') });
    const friend = await RawClient.connect(server.url);
    expect(friend.id).toMatch(/^[0-9a-f-]{36}$/);
    const stranger = RawClient.dial(`${server.url}?stranger`);
    expect((await stranger.whenClosed()).code).toBe(4401);
    expect(stranger.inbox).toEqual([expect.objectContaining({ type: 'error', code: 'forbidden' })]);
  });

  it("answers 'token_required', and the client brings one by its first message", async () => {
    const { server } = await startTestServer({
      authorize: ({ token }) => (token === undefined ? 'token_required' : { sub: token }),
    });
    const client = RawClient.dial(server.url);
    await client.opened();
    client.send({ type: 'auth', token: 'ada' });
    expect(await client.next('your_id')).toMatchObject({ id: 'ada' });
  });

  it('is asked after the token was verified, is told what it allows, and may allow less', async () => {
    const asked: AuthorizeRequest[] = [];
    const { server } = await startTestServer({
      jwtSecret: SECRET,
      authorize(request) {
        asked.push(request);
        return { may: ['pair'] };
      },
    });
    const forged = RawClient.dial(server.url, { token: await signWithSecret({}, `${SECRET}x`) });
    expect((await forged.whenClosed()).code).toBe(4401);
    expect(asked).toEqual([]);
    const client = await RawClient.connect(server.url, { token: await signWithSecret({ sub: 'ada' }) });
    expect(asked[0]?.granted).toMatchObject({ sub: 'ada' });
    client.send({ type: 'create_key' });
    expect(await client.next('error')).toMatchObject({ code: 'forbidden' });
  });

  it.each<[string, StartOptions['authorize']]>([
    [
      'throws',
      () => {
        throw new Error('the database is away');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('the database is away'))],
    ['answers what is no answer', () => ({ sup: 'ada' }) as never],
    ['answers with an impossible app', () => ({ app: 'a/b' })],
    ['answers nothing', () => undefined as never],
    ['answers with a list', () => [] as never],
    ['answers with an object that inherits what it says', () => Object.create({ sub: 'ada' })],
    [
      'throws what cannot be read',
      () => {
        throw UNREADABLE;
      },
    ],
  ])('that %s lets nobody in: 1013, one line in the log, and the others stay', async (_name, failing) => {
    let isFailing = false;
    const { server, log } = await startTestServer({
      authorize: (request) => (isFailing ? (failing?.(request) ?? (undefined as never)) : true),
    });
    const friend = await RawClient.connect(server.url);
    isFailing = true;
    const refused = RawClient.dial(server.url);
    expect((await refused.whenClosed()).code).toBe(1013);
    expect(refused.inbox).toEqual([expect.objectContaining({ type: 'error', code: 'unavailable' })]);
    expect(log.filter(({ level }) => level >= 50)).toEqual([
      expect.objectContaining({ hook: 'authorize', msg: expect.stringContaining('authorize failed') }),
    ]);
    await friend.settled();
  });

  it('that does not answer in time lets nobody in, and is told by its signal', async () => {
    const aborted: unknown[] = [];
    let isAsked = false;
    const { server, clock } = await startTestServer({
      authorizeTimeoutMs: 700,
      authorize: ({ signal }) => {
        isAsked = true;
        return new Promise(() => signal.addEventListener('abort', () => aborted.push(signal.reason)));
      },
    });
    const client = RawClient.dial(server.url);
    await until(() => isAsked);
    clock.advance(2_000);
    expect((await client.whenClosed()).code).toBe(1013);
    expect(aborted).toEqual([expect.objectContaining({ message: expect.stringContaining('700 ms') })]);
  });
});

describe('a hook that never answers', () => {
  it('is asked about at most 4,096 clients at once, at most 2,048 of one address; more are told to come later', async () => {
    const clock = new ManualClock();
    let asked = 0;
    const decider = deciderByHook(() => {
      asked += 1;
      return new Promise(() => {});
    });
    const log = { error() {} } as never;
    const authenticator = new AskingAuthenticator({ decider, timeoutMs: 700, tokens: undefined, log });
    const queue = new StepQueue(clock);
    authenticator.joinQueue(queue);
    const stop = driveTimers(queue.timers, clock);
    const ask = (count: number, addressOf: (n: number) => string) =>
      Array.from({ length: count }, (_, n) =>
        authenticator.authenticate({ token: undefined, address: addressOf(n), wants: 'connect' }),
      );
    const ofOne = ask(3_000, () => '203.0.113.1');
    await turn();
    expect(asked).toBe(2_048);
    const ofMany = ask(3_000, (n) => `address ${n}`);
    await turn();
    expect(asked).toBe(4_096);
    clock.advance(2_000);
    const verdicts = await Promise.all([...ofOne, ...ofMany]);
    expect(new Set(verdicts.map((verdict) => 'refusal' in verdict && verdict.refusal.code))).toEqual(
      new Set(['unavailable']),
    );
    const later = ask(1, () => '203.0.113.1');
    await turn();
    expect(asked).toBe(4_097);
    clock.advance(2_000);
    await Promise.all(later);
    stop();
  });

  it('or answers when the client is gone, lets nobody in', async () => {
    let answer: (isIn: boolean) => void = () => {};
    const { server } = await startTestServer({
      authorize: () =>
        new Promise<boolean>((resolve) => {
          answer = resolve;
        }),
    });
    const isAsked = answer;
    const client = RawClient.dial(server.url);
    await until(() => answer !== isAsked);
    const late = answer;
    client.socket.terminate();
    const next = RawClient.dial(server.url);
    await until(() => answer !== late);
    await until(() => server.parts.admission.connections <= 1);
    late(true);
    answer(true);
    await next.next('your_id');
    expect(server.parts.sessions.size).toBe(1);
  });
});

describe('onSession, onPairing and onRoom', () => {
  it('are told of a session from its first to its last step', async () => {
    const told = recorder<SessionChange>();
    const { connect } = await startTestServer({ onSession: told.hook });
    const client = await connect();
    await client.close();
    expect(await told.types('ended')).toEqual(['opened', 'ended']);
    expect(told.changes).toMatchObject([
      { session: { id: client.id, isOnline: true } },
      { session: { id: client.id }, reason: 'disconnected' },
    ]);
  });

  it('are told of a pairing: who, which number, and why it ended', async () => {
    const told = recorder<PairingChange>();
    const { connect } = await startTestServer({ onPairing: told.hook });
    const [asker, target] = [await connect(), await connect()];
    const epoch = await pairUp(asker, target);
    asker.send({ type: 'offer', sdp: 'v=0' });
    await target.next('offer');
    asker.send({ type: 'unpair' });
    expect(await told.types('ended')).toEqual(['paired', 'negotiating', 'ended']);
    const pairing = { epoch, initiatorId: asker.id, responderId: target.id };
    expect(told.changes).toMatchObject([{ pairing }, { pairing }, { pairing, reason: 'unpaired' }]);
  });

  it('are told of a room: who joined, who left, and its end', async () => {
    const told = recorder<RoomChange>();
    const { connect, clock } = await startTestServer({ onRoom: told.hook });
    const client = await connect();
    client.send({ type: 'join_room', room: 'lobby', create: {} });
    await client.next('room_joined');
    client.send({ type: 'leave_room', room: 'lobby' });
    await client.next('peer_left');
    clock.advance(60_000);
    expect(await told.types('ended')).toEqual(['opened', 'joined', 'left', 'ended']);
    expect(told.changes[1]).toEqual({
      type: 'joined',
      room: { app: '', name: 'lobby', size: 1 },
      id: client.id,
    });
    expect(told.changes[2]).toMatchObject({ id: client.id, reason: 'left' });
  });

  it('that throw what cannot be read are a line in the log, and the process goes on', async () => {
    const { connect, log } = await startTestServer({
      onSession: () => {
        throw UNREADABLE;
      },
    });
    await connect();
    await turn();
    expect(log.filter(({ level }) => level >= 50)).toMatchObject([
      { hook: 'onSession', err: 'an error that cannot be read' },
    ]);
  });

  it('that throw or reject are a line in the log each, and nobody else notices', async () => {
    const { connectPair, log } = await startTestServer({
      onSession: () => {
        throw new Error('of the program');
      },
      onPairing: () => Promise.reject(new Error('of the program')),
    });
    const [one, other] = await connectPair();
    one.send({ type: 'offer', sdp: 'v=0' });
    await other.next('offer');
    await turn();
    expect(new Set(log.filter(({ level }) => level >= 50).map(({ hook }) => hook))).toEqual(
      new Set(['onSession', 'onPairing']),
    );
  });
});

describe('the program', () => {
  it('pairs two clients, who are told like any, and ends one, whose peer is told', async () => {
    const { server, connect } = await startTestServer();
    const [ada, bob] = [await connect(), await connect(2)];
    const { epoch } = server.pair(ada.id, bob.id, { metadata: { game: 7 } });
    expect(await ada.next('paired')).toMatchObject({ peer_id: bob.id, initiator: true });
    expect(await bob.next('paired')).toMatchObject({ peer_id: ada.id, epoch, metadata: { game: 7 } });
    expect(server.sessions().find(({ id }) => id === ada.id)?.peers).toEqual([{ id: bob.id, epoch }]);
    expect(server.end(ada.id, 'The game is over')).toBe(true);
    expect(await ada.whenClosed()).toEqual({ code: 1008, reason: 'The game is over' });
    await bob.next('peer_disconnected');
    expect(server.end(ada.id)).toBe(false);
  });

  it('is told by a code why two cannot be paired, and nothing happens', async () => {
    const { server, connect } = await startTestServer();
    const [ada, bob, eve] = [await connect(), await connect(), await connect()];
    const codeOf = (attempt: () => unknown) => {
      try {
        attempt();
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return undefined;
    };
    expect(codeOf(() => server.pair(ada.id, 'nobody'))).toBe('unknown_session');
    expect(codeOf(() => server.pair(ada.id, ada.id))).toBe('already_paired');
    expect(codeOf(() => server.pair(ada.id, bob.id, { metadata: 'x'.repeat(3_000) }))).toBe(
      'metadata_too_large',
    );
    server.pair(ada.id, bob.id);
    expect(codeOf(() => server.pair(bob.id, ada.id))).toBe('already_paired');
    expect(codeOf(() => server.pair(eve.id, ada.id))).toBe('no_free_seat');
    expect(codeOf(() => server.end(eve.id, 'x'.repeat(124)))).toBe('reason_too_long');
    await eve.settled();
    expect(eve.inbox).toEqual([]);
  });

  it('is refused hooks that are none, and authorize beside clients that are not asked', async () => {
    for (const [options, words] of [
      [{ onSession: 'x' }, 'onSession: should be a function'],
      [{ authorise: () => true }, 'authorise: no such option'],
      [{ authorizeTimeoutMs: 0 }, 'authorizeTimeoutMs: should be a whole number'],
      [{ authorize: () => true, rooms: true }, 'rooms: its clients do not say who they are'],
      [{ authorize: () => true, topics: true }, 'topics: its clients do not say who they are'],
      [{ signal: {} }, 'signal: should be an AbortSignal'],
    ] as const)
      await expect(startTestServer(options as unknown as StartOptions)).rejects.toThrow(words);
  });

  it('ends the server by the signal that it gave, and a drain by another', async () => {
    const controller = new AbortController();
    const { server } = await startTestServer({ signal: controller.signal });
    controller.abort();
    await server.ended;
    await expect(startTestServer({ signal: controller.signal })).rejects.toThrow('aborted');
    const { server: draining, connect } = await startTestServer({ drainMs: 60_000, secret: 'x'.repeat(24) });
    await connect();
    const hurry = new AbortController();
    const ended = draining.drain({ signal: hurry.signal });
    expect(draining.parts.readiness.isDraining).toBe(true);
    hurry.abort();
    await ended;
  });
});

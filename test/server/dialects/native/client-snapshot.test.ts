/** What of a client goes to another node with its session: only what that node could not know by itself. */
import { describe, expect, it } from '@jest/globals';
import type { SessionSnapshot } from '../../../../src/protocol/cluster/index.ts';
import {
  grantsIn,
  mayResume,
  NativeMigration,
  restoreClient,
  takeClientSnapshot,
} from '../../../../src/server/dialects/native/client-snapshot.ts';
import { ResumeSecrets } from '../../../../src/server/dialects/native/resume-secrets.ts';
import type { ServerSession } from '../../../../src/server/signaling/session.ts';
import { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { pairUp, startTestServer } from '../../../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../../../support/servers/token-issuer.ts';
import { until } from '../../../support/until.ts';

/** A session whose client has received three frames of it, and acked two. */
async function oneUnacked(peers?: number) {
  const test = await startTestServer();
  const a = await test.connectResumable(peers);
  const session = test.server.parts.sessions.get(a.id) as ServerSession;
  for (const uses of [1, 2, 3]) {
    a.send({ type: 'create_key', uses });
    await a.next('key');
  }
  return { ...test, a, session, request: { token: a.token, received: a.delivery.received } };
}

describe('the snapshot of a client', () => {
  it('has the frames that it has not received yet, and no word of what it never asked for', async () => {
    const { a, session, request } = await oneUnacked();
    const snapshot = takeClientSnapshot(session, { ...request, received: request.received - 1 }, 0);
    expect(snapshot).toEqual({
      generation: 0,
      sent: 3,
      received: 3,
      deferred: [],
      unacked: [{ seq: 3, text: expect.stringContaining('"key"') }],
      secrets: [a.token],
      rate: expect.any(Object),
      is_key_only: false,
    });
  });

  it('says how many peers it asked for', async () => {
    const { session, request } = await oneUnacked(4);
    expect(takeClientSnapshot(session, request, 0)).toMatchObject({ max_peers: 4, unacked: [] });
  });

  it('names the secret that it was restored with, and with which what it has received counts from 0', async () => {
    const { session, request } = await oneUnacked();
    const snapshot = takeClientSnapshot(session, { ...request, received: 0 }, 0);
    const restored = restoreClient(
      { ...(snapshot as SessionSnapshot), secrets: ['before', 'after'], restored_with: 'before' },
      () => {},
    );
    Object.assign(session.client, { resume: restored });
    const again = takeClientSnapshot(session, { token: 'before', received: 3 }, 0);
    expect(again).toMatchObject({ restored_with: 'before', secrets: ['before', 'after'] });
    expect(again.unacked.map(({ seq }) => seq)).toEqual([3]);
    expect(takeClientSnapshot(session, { token: 'after', received: 3 }, 0).unacked).toEqual([]);
  });

  it('has the claims of its token, where it has one, and at which node and when it claimed its id', async () => {
    const { server, clock } = await startTestServer({ jwtSecret: SECRET });
    const token = await signWithSecret({ sub: 'ada', app: 'a' });
    const a = await ResumableClient.connect(server.url, { token });
    const session = server.parts.sessions.get('a/ada') as ServerSession;
    const request = { token: a.token, received: 0 };
    const snapshot = takeClientSnapshot(session, request, 0);
    expect(snapshot).toMatchObject({ claims: { sub: 'ada', app: 'a' }, since: clock.wallTime() * 1_000 });
    // A server without other nodes has no number.
    expect(snapshot).not.toHaveProperty('claimed_at');
    // No two claims at one node are of the same time.
    await ResumableClient.connect(server.url, { token: await signWithSecret({ sub: 'bob', app: 'a' }) });
    expect(server.parts.sessions.get('a/bob')?.since).toBe(session.since + 1);
    session.claimedAt = 1;
    expect(takeClientSnapshot(session, request, 0)).toMatchObject({ claimed_at: 1 });
  });

  it('is of one that comes back', async () => {
    const test = await startTestServer();
    const { id } = await test.connect();
    const session = test.server.parts.sessions.get(id) as ServerSession;
    expect(() => takeClientSnapshot(session, { token: '', received: 0 }, 0)).toThrow('comes back');
  });

  it('lets the senders of relayed frames have their acks once the client acks at the next node, and nobody else', async () => {
    const { connect, connectResumable, server } = await startTestServer();
    const [a, b] = [await connectResumable(), await connect()];
    const epoch = await pairUp(a, b);
    b.send({ type: 'candidate', candidate: { candidate: 'one' } });
    await a.next('candidate');
    const session = server.parts.sessions.get(a.id) as ServerSession;
    const snapshot = takeClientSnapshot(session, { token: a.token, received: 0 }, 0);
    expect(snapshot.unacked).toEqual([
      { seq: 1, text: expect.stringContaining('"paired"') },
      { seq: 2, text: expect.stringContaining('"one"'), sender_seq: 1, epoch },
    ]);
    const acked: number[][] = [];
    const { delivery } = restoreClient(snapshot as SessionSnapshot, (...ack) => acked.push(ack));
    delivery.ack(1);
    expect(acked).toEqual([]);
    delivery.ack(2);
    expect(acked).toEqual([[epoch, 1, snapshot.unacked[1]?.text.length]]);
    // What another node sends need not be whole: nobody is acked without both numbers.
    const half = snapshot.unacked.map(({ seq, text }, n) => ({
      ...{ seq, text },
      ...(n === 0 ? { epoch } : { sender_seq: 1 }),
    }));
    restoreClient({ ...(snapshot as SessionSnapshot), unacked: half }, (...ack) =>
      acked.push(ack),
    ).delivery.ack(2);
    expect(acked).toHaveLength(1);
  });

  it('with claims that no token could have is refused', () => {
    expect(() => grantsIn({ claims: { may: 'everything' } } as unknown as SessionSnapshot)).toThrow(
      'impossible claims',
    );
    expect(grantsIn({} as SessionSnapshot)).toBeUndefined();
  });
});

describe('a session may go to another node', () => {
  it('with its secret and numbers that may be, and not once it has ended', async () => {
    const { a, session, server } = await oneUnacked();
    const named = { id: a.id, token: a.token, received: a.delivery.received };
    expect(mayResume(session, named)).toBe(true);
    expect(mayResume(session, { ...named, received: named.received + 1 })).toBe(false);
    expect(mayResume(session, { ...named, token: 'another' })).toBe(false);
    expect(mayResume(undefined, named)).toBe(false);
    await a.close();
    await until(() => session.isDone);
    expect([mayResume(session, named), server.parts.sessions.size]).toEqual([false, 0]);
  });
});

describe('two nodes', () => {
  it('are told to be given the same --secret, if they have not', () => {
    const warned: unknown[] = [];
    const log = { warn: (fields: object, words: string) => warned.push([fields, words]) };
    const [own, same, other] = ['a', 'a', 'b'].map((secret, n) => new ResumeSecrets(secret, n + 1)) as [
      ResumeSecrets,
      ResumeSecrets,
      ResumeSecrets,
    ];
    const migration = new NativeMigration(own, log as never);
    migration.met(2, same.fingerprint);
    expect(warned).toEqual([]);
    migration.met(3, other.fingerprint);
    expect(warned).toEqual([
      [{ event: 'node_secret_differs', node: 3 }, expect.stringContaining('--secret')],
    ]);
  });

  it("know each other's secrets to come back with, and a node its own from those", () => {
    const [one, two] = [new ResumeSecrets('a', 1), new ResumeSecrets('a', 2)];
    const migration = new NativeMigration(one, undefined as never);
    expect(migration.isForeign('ada', two.issue('ada', 0))).toBe(true);
    expect(migration.isForeign('ada', one.issue('ada', 0))).toBe(false);
    expect(migration.isForeign('ada', 'no secret')).toBe(false);
  });
});

/** What strangers can make the server keep is bounded in memory, not only in the bytes that they sent. */
import { describe, expect, it } from '@jest/globals';
import { redactEvent } from '../../../src/common/redact.ts';
import { StepQueue } from '../../../src/machines/index.ts';
import {
  AskingAuthenticator,
  type Decider,
} from '../../../src/server/admission/tokens/asking-authenticator.ts';
import { RemoteIds } from '../../../src/server/cluster/remote-ids.ts';
import { AbsentPeers } from '../../../src/server/dialects/peerjs/absent-peers.ts';
import { asSignal } from '../../../src/server/dialects/peerjs/as-signal.ts';
import { readUsualDescription } from '../../../src/server/dialects/peerjs/read-usual-description.ts';
import { StatusLog } from '../../../src/server/relay/status-log.ts';
import { Member } from '../../../src/server/signaling/rooms/member.ts';
import { JsonClient } from '../../support/clients/json-client.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import { pairUp, startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

/** 2,041 bytes as text, 40 KiB as objects. */
const POROUS = Array.from({ length: 680 }, () => ({}));

const heapUsed = () => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

it('2,000 members with metadata of 2 KiB take less than 16 MiB, whatever it is made of', () => {
  const before = heapUsed();
  const members = Array.from({ length: 2_000 }, (_, n) => {
    const metadata = JSON.parse(JSON.stringify(POROUS));
    return new Member(`${n}`, metadata, 2_041, undefined);
  });
  expect(heapUsed() - before).toBeLessThan(16 * 1024 * 1024);
  expect(members[7]?.metadata).toEqual(POROUS);
});

/** A text as it is read from the network: not a sum of parts, which V8 would keep as such. */
const longText = (head: string) => Buffer.from(`${head}${'y'.repeat(64 * 1_024)}`).toString();

it.each<[string, (n: number) => unknown]>([
  [
    'an id of an RTCDataChannel of PeerJS',
    (n) => {
      const payload = { connectionId: longText(`${n}`), sdp: { type: 'offer', sdp: 'v=0' } };
      return asSignal({ type: 'OFFER', dst: 'b', payload, frame: new Uint8Array() } as never)?.connectionId;
    },
  ],
  ['a text in a record', (n) => redactEvent({ type: 'X', id: longText(`${n}`) } as never)],
])('1,000 parts of long texts are kept without them: %s', (_what, partOf) => {
  const before = heapUsed();
  const parts = Array.from({ length: 1_000 }, (_, n) => partOf(n));
  expect(heapUsed() - before).toBeLessThan(4 * 1024 * 1024);
  expect(parts).toHaveLength(1_000);
});

it('1,000 statuses of 64 KiB in a relay network are kept in less than 4 MiB', () => {
  const log = new StatusLog();
  const before = heapUsed();
  for (let n = 0; n < 1_000; n += 1) log.append(longText(`${n}`));
  expect(heapUsed() - before).toBeLessThan(4 * 1024 * 1024);
  expect(log.texts).toHaveLength(1_000);
});

describe('1,000 tokens of 64 KiB', () => {
  const keptAfter = async (decide: Decider['decide']): Promise<number> => {
    const decider: Decider = {
      name: 'a webhook',
      failedEvent: 'webhook_failed',
      maxPending: 256,
      keyOf: ({ token }) => token?.slice(0, 8) ?? '',
      decide,
    };
    const authenticator = new AskingAuthenticator({
      decider,
      timeoutMs: 5_000,
      tokens: undefined,
      log: { error() {} } as never,
    });
    authenticator.joinQueue(new StepQueue());
    const ask = (n: number) =>
      authenticator.authenticate({ wants: 'connect', token: longText(`${n}`), address: `${n}` } as never);
    const before = heapUsed();
    for (let n = 0; n < 1_000; n += 1) await ask(n);
    const kept = heapUsed() - before;
    // Still in use, or all of it would be gone.
    await ask(0);
    return kept;
  };

  it('are kept by nobody once their webhook has given no valid answer', async () => {
    const fails = () => Promise.reject(new Error('The answer has the status 500'));
    expect(await keptAfter(fails)).toBeLessThan(4 * 1024 * 1024);
  });

  it('are kept by nobody once they are answered, though the answers are', async () => {
    const grants = { app: '', may: [], expiresAt: 1 };
    const answers = async () => ({ verdict: { grants }, keepMs: 60_000 });
    expect(await keptAfter(answers)).toBeLessThan(4 * 1024 * 1024);
  });
});

it('the metadata of a request is kept by nobody once both are paired', async () => {
  const { connect, server } = await startTestServer();
  const [a, b] = [await connect(4), await connect(4)];
  a.send({ type: 'pair_request', target_id: b.id, metadata: POROUS });
  expect((await b.next('paired')).metadata).toEqual(POROUS);
  expect([...server.parts.pairings].map(({ details }) => details.metadata)).toEqual([undefined]);
});

it('each frame that waits counts with the 512 bytes that it costs to keep it, however small it is', async () => {
  const { connect, connectResumable, server } = await startTestServer();
  const [away, peer] = [await connectResumable(), await connect()];
  await pairUp(peer, away);
  const session = server.parts.sessions.get(away.id);
  away.socket.terminate();
  await peer.next('peer_away');
  expect(session?.client.isOnline).toBe(false);
  const before = server.parts.signaling.waiting.total;
  for (let n = 0; n < 100; n += 1) peer.send({ type: 'candidate', candidate: null });
  await peer.settled();
  const waiting = server.parts.signaling.waiting.total - before;
  expect(waiting).toBeGreaterThan(100 * 512);
  expect(waiting).toBeLessThan(100 * 640);
});

it('1,000 ids of absent PeerJS peers are kept without the messages of 64 KiB that they were read from', () => {
  const nothing = () => {};
  const absent = new AbsentPeers({
    queue: new StepQueue(),
    ...{ deliver: nothing, added: nothing, dropped: nothing, failed: nothing },
  });
  const before = heapUsed();
  for (let n = 0; n < 1_000; n += 1) {
    const dst = `7747af91-cd76-412b-996b-${n}`;
    const payload = { sdp: { sdp: longText('v=0'), type: 'answer' }, type: 'data', connectionId: 'dc_1' };
    const message = readUsualDescription(Buffer.from(JSON.stringify({ type: 'ANSWER', payload, dst })));
    if (message?.type !== 'ANSWER') throw new Error('it was left to the parser');
    const signal = { ...message, dst: message.dst ?? '', payload: undefined, frame: Buffer.from('{}') };
    absent.hold({ scope: '', expired: nothing } as never, signal);
  }
  expect([...absent]).toHaveLength(1_000);
  expect(heapUsed() - before).toBeLessThan(8 * 1024 * 1024);
});

it('1,000 ids that clients chose at a node that was lost are kept by no other, where nobody is paired with them', () => {
  const ids = new RemoteIds(1, { inUse: [] } as never, { partnersOf: () => [] } as never);
  ids.serve({ find() {}, arrivedElsewhere() {} } as never);
  const before = heapUsed();
  for (let n = 0; n < 1_000; n += 1) {
    const holder = { id: longText(`${n}`), proof: 'its token', session: `${n}`, online: true, version: 1 };
    ids.onTaken(2, { type: 'ids_taken', holders: [holder] });
  }
  expect([...ids.online]).toHaveLength(1_000);
  ids.lost(2);
  expect(heapUsed() - before).toBeLessThan(4 * 1024 * 1024);
  expect(ids.find('nobody')).toBeUndefined();
});

it('1,000 ids that clients chose are kept by no node of a cluster once those have left', () => {
  const ids = new RemoteIds(1, { inUse: [] } as never, {} as never);
  const before = heapUsed();
  for (let n = 0; n < 1_000; n += 1) {
    const id = longText(`${n}`);
    ids.taken({ id, proof: 'its token', session: `${n}`, isOnline: true });
    ids.left(id);
  }
  expect(heapUsed() - before).toBeLessThan(4 * 1024 * 1024);
  expect(ids.find('nobody')).toBeUndefined();
});

it('of what is said to a PeerJS peer that is absent only the frames are held', async () => {
  const { server } = await startTestServer({ peerjs: true });
  const url = `${server.url}peerjs?key=peerjs&id=`;
  const a = await JsonClient.open(`${url}a&token=t`);
  await a.takeOne();
  const payload = { connectionId: 'c', sdp: { type: 'offer', sdp: 'x' }, more: POROUS };
  a.send({ type: 'OFFER', dst: 'b', payload });
  const { absent } = server.parts.features.started.peerjs?.realm ?? {};
  while (![...(absent ?? [])].some(({ held }) => held.length === 1))
    await new Promise((resolve) => setImmediate(resolve));
  expect([...(absent ?? [])].flatMap(({ held }) => held.map((one) => Object.keys(one)))).toEqual([
    ['type', 'dst', 'frame'],
  ]);
  const b = await JsonClient.open(`${url}b&token=u`);
  await b.takeOne();
  expect(await b.takeOne()).toEqual({ type: 'OFFER', src: 'a', dst: 'b', payload });
});

it('2 MiB wait in all for clients that do not read with --max-waiting-bytes 2097152: those with most are cut off', async () => {
  const { connect, connectPair, server } = await startTestServer({
    maxWaitingBytes: 2 * 1024 * 1024,
    maxMessagesPerSecond: 0,
    maxBytesPerSecond: 0,
  });
  const honest = await connectPair();
  const talkers: RawClient[] = [];
  const silent: RawClient[] = [];
  for (let n = 0; n < 4; n += 1) {
    const [talker, reader] = [await connect(), await RawClient.connect(server.url)];
    await pairUp(talker, reader);
    reader.socket.pause();
    talkers.push(talker);
    silent.push(reader);
  }
  const isCut = () => silent.some(({ id }) => !server.parts.sessions.has(id));
  for (let round = 0; round < 400 && !isCut(); round += 1)
    for (const talker of talkers) {
      talker.send({ type: 'signal', data: 'x'.repeat(60_000) });
      await talker.settled();
    }
  expect(isCut()).toBe(true);
  expect(server.parts.signaling.waiting.total).toBeLessThan(2 * 1024 * 1024);
  // One that reads nothing would not hear the end of the server either.
  for (const reader of silent) reader.socket.terminate();
  honest[0].send({ type: 'offer', sdp: 'still here' });
  expect(await honest[1].next('offer')).toMatchObject({ sdp: 'still here' });
});

it('clients that ack nothing of 250 answers each end where too much waits, and no pairing for which little does', async () => {
  const { connect, connectResumable, server } = await startTestServer({
    maxWaitingBytes: 1024 * 1024,
    maxMessagesPerSecond: 0,
  });
  const [peer, away] = [await connect(), await connectResumable()];
  await pairUp(peer, away);
  const session = server.parts.sessions.get(away.id);
  away.socket.terminate();
  await until(() => session?.client.isOnline === false);
  await peer.next('peer_away');
  peer.send({ type: 'offer', sdp: 'x' });
  await peer.settled();
  const deaf: RawClient[] = [];
  for (let n = 0; n < 9; n += 1) {
    const one = RawClient.dial(`${server.url}?resume=1`);
    await one.opened();
    for (let seq = 1; seq <= 250; seq += 1) one.send(`[${seq},0,{"type":"create_key","ttl_s":-1}]`);
    await until(() => one.closed !== undefined || one.inbox.length > 250, 'all its answers');
    deaf.push(one);
  }
  await peer.settled();
  expect(peer.inbox).toEqual([]);
  const closed = deaf.flatMap((one) => one.closed ?? []);
  expect(new Set(closed.map(({ reason }) => reason))).toEqual(new Set(['Too much waits for you']));
  expect(closed.length).toBeLessThan(5);
  expect(server.parts.signaling.waiting.total).toBeLessThan(1024 * 1024);
});

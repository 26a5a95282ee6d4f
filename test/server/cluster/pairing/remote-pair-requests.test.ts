/**
 * Pair requests across nodes, at one node. The server and its clients are real; the links to the other nodes are the
 * test's own, which says what those ask and answer, and hears what this node says.
 */
import { describe, expect, it } from '@jest/globals';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { RemotePairRequests } from '../../../../src/server/cluster/pairing/remote-pair-requests.ts';
import { noOtherNodes, type OtherNodes } from '../../../../src/server/signaling/other-nodes.ts';
import { Seat } from '../../../../src/server/signaling/seat.ts';
import type { ServerSession } from '../../../../src/server/signaling/session.ts';
import { RawClient } from '../../../support/clients/raw-client.ts';
import { linksTo } from '../../../support/network/recorded-links.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';
import { pairUp, startTestServer } from '../../../support/servers/test-server.ts';

const far = nobodyOn(2);
const key = '1234-5678-9012';

async function nodeOne({ open = [2, 3] } = {}) {
  const test = await startTestServer({ node: 1 });
  const { signaling, remotePairings, queue, sessions } = test.server.parts;
  const { links, sent } = linksTo(...open);
  const locations = new SessionLocations(1, queue);
  const requests = new RemotePairRequests({ links, locations, remotePairings, signaling });
  const others: OtherNodes = {
    ...noOtherNodes,
    lookUp: () => 'elsewhere',
    requestPairing: (session, target) => requests.request(session, target),
    forgetRequest: (session) => requests.forget(session),
    partyFor: ({ targetId, node, isResumable }) => remotePairings.create(targetId, node, isResumable),
  };
  signaling.directory.joinNodes(others);
  const given: string[] = [];
  signaling.directory.guesses.giveBack = (address) => given.push(address);
  const sessionOf = ({ id }: RawClient) => sessions.get(id) as ServerSession;
  return {
    ...{ ...test, signaling, remotePairings, locations, requests, given, sessionOf },
    sent: () => sent.splice(0).map(({ node, message }) => ({ node, ...JSON.parse(JSON.stringify(message)) })),
    /** A client asks, and its request is under way. @returns its number, by which nodes answer */
    async asks(client: RawClient, request: object): Promise<number> {
      client.send({ type: 'pair_request', ...request });
      await client.settled();
      return sessionOf(client).pendingPairRequest?.epoch ?? 0;
    },
    /** A client of another node asks for one here. @returns the answer */
    asked(target: { target_id: string } | { key: string }, from = far, more: { metadata?: string } = {}) {
      requests.onAsk(2, { type: 'ask', epoch: 900, from, is_resumable: false, ...target, ...more });
      const answers = sent.splice(0).map(({ message }) => message);
      return answers.find(({ type }) => type === 'denied' || type === 'granted');
    },
  };
}

describe('a client’s request', () => {
  it('goes with all that it says to the node of the one who is asked for', async () => {
    const { connect, asks, sent } = await nodeOne();
    const client = await connect();
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
    const epoch = await asks(client, { target_id: far, metadata: { a: 1 }, traceparent });
    const { id: from } = client;
    const asked = { type: 'ask', epoch, from, is_resumable: false, target_id: far };
    expect(sent()).toEqual([{ node: 2, ...asked, metadata: { a: 1 }, traceparent }]);
  });

  it('by key goes to all nodes, with what it says and nothing else', async () => {
    const { connectResumable, asks, sent } = await nodeOne();
    const client = await connectResumable();
    const epoch = await asks(client, { key });
    const asked = { type: 'ask', epoch, from: client.id, is_resumable: true, key: key.replaceAll('-', '') };
    expect(sent()).toEqual([2, 3].map((node) => ({ node, ...asked })));
  });

  it('goes on where a node says that the one who is asked for is, to each node once', async () => {
    const { connect, asks, sent, requests } = await nodeOne();
    const client = await connect();
    const epoch = await asks(client, { target_id: far });
    const denied = { type: 'denied', epoch, to: client.id, code: 'target_not_found' } as const;
    requests.onDenied(2, { ...denied, node: 3 });
    await client.settled();
    expect(client.inbox).toEqual([]);
    requests.onDenied(3, { ...denied, node: 2 });
    expect(sent().map(({ node }) => node)).toEqual([2, 3]);
    expect(await client.next('error')).toMatchObject({ code: 'target_not_found' });
  });

  it('for an id that may be anywhere goes to all nodes, and the one that has it answers', async () => {
    const { connect, asks, sent, requests } = await nodeOne();
    const client = await connect();
    const epoch = await asks(client, { target_id: 'given by a token' });
    expect(sent().map(({ node }) => node)).toEqual([2, 3]);
    const denied = { type: 'denied', epoch, to: client.id } as const;
    requests.onDenied(2, { ...denied, code: 'target_not_found' });
    await client.settled();
    expect(client.inbox).toEqual([]);
    requests.onDenied(3, { ...denied, code: 'target_already_paired' });
    expect(await client.next('error')).toMatchObject({ code: 'target_already_paired' });
  });

  it('is refused at once when no node is left that could be asked', async () => {
    const { connect } = await nodeOne({ open: [] });
    const client = await connect();
    client.send({ type: 'pair_request', key });
    expect(await client.next('error')).toMatchObject({ code: 'unavailable', for: 'pair_request' });
  });

  it('is not refused by the late answer to one before, nor by a node that was not asked', async () => {
    const { connect, asks, requests, sessionOf } = await nodeOne();
    const client = await connect();
    const epoch = await asks(client, { target_id: far });
    const denied = { type: 'denied', epoch, to: client.id, code: 'target_already_paired' } as const;
    requests.onDenied(2, { ...denied, epoch: epoch - 1 });
    requests.onDenied(3, denied);
    requests.onDenied(2, { ...denied, to: far });
    requests.failed(3, 'unavailable');
    expect(sessionOf(client).pendingPairRequest?.epoch).toBe(epoch);
    requests.failed(2, 'unavailable');
    expect(await client.next('error')).toMatchObject({ code: 'unavailable' });
    requests.onDenied(2, denied);
    await client.settled();
    expect(client.inbox).toEqual([]);
  });

  it('is forgotten once it is answered: a node that is lost later is none of its concern', async () => {
    const { connect, asks, requests, sessionOf } = await nodeOne();
    const client = await connect();
    const epoch = await asks(client, { target_id: far });
    requests.onDenied(2, { type: 'denied', epoch, to: client.id, code: 'target_not_found' });
    await client.next('error');
    const looked: string[] = [];
    Object.defineProperty(sessionOf(client), 'pendingPairRequest', { get: () => void looked.push('at it') });
    requests.failed(2, 'unavailable');
    expect(looked).toEqual([]);
  });

  it('by key is refused once no node knows the key, and it was a guess', async () => {
    const { connect, asks, requests, given } = await nodeOne();
    const client = await connect();
    const epoch = await asks(client, { key });
    const denied = { type: 'denied', epoch, to: client.id } as const;
    requests.onDenied(2, { ...denied, code: 'target_not_found' });
    await client.settled();
    expect(client.inbox).toEqual([]);
    requests.onDenied(3, { ...denied, code: 'target_not_found' });
    expect(await client.next('error')).toMatchObject({ code: 'key_not_found' });
    expect(given).toEqual([]);
  });

  it.each([
    ['that knows it, and the guess is given back', 'target_already_paired', 1],
    ['that does not answer, and it was a guess', 'unavailable', 0],
  ] as const)('by key is refused at once by a node %s', async (_which, code, count) => {
    const { connect, asks, requests, given } = await nodeOne();
    const client = await connect();
    const epoch = await asks(client, { key });
    requests.onDenied(2, { type: 'denied', epoch, to: client.id, code });
    expect(await client.next('error')).toMatchObject({ code });
    expect(given).toHaveLength(count);
  });

  it('by key that is granted was no guess, and one by id never is', async () => {
    const { connect, asks, requests, given } = await nodeOne();
    for (const [request, count] of [
      [{ key }, 1],
      [{ target_id: far }, 0],
    ] as const) {
      given.length = 0;
      const client = await connect();
      const epoch = await asks(client, request);
      const from = nobodyOn(epoch);
      requests.onGranted(2, { type: 'granted', epoch, from, to: client.id, is_resumable: false });
      expect(await client.next('paired')).toMatchObject({ peer_id: from, initiator: true });
      expect(given).toHaveLength(count);
    }
  });

  it('is refused when the two were paired meanwhile, and the other node’s side ends', async () => {
    const { connect, asks, sent, requests, remotePairings, signaling, sessionOf } = await nodeOne();
    const client = await connect(2);
    const epoch = await asks(client, { key });
    sent();
    // Through another node.
    signaling.pairings.form(remotePairings.create(far, 3, false), new Seat(sessionOf(client)));
    await client.next('paired');
    requests.onGranted(2, { type: 'granted', epoch, from: far, to: client.id, is_resumable: false });
    expect(await client.next('error')).toMatchObject({ code: 'already_paired', for: 'pair_request' });
    const ended = { type: 'ended', epoch, from: client.id, to: far, reason: 'disconnected' };
    expect(sent()).toEqual([{ node: 2, ...ended }]);
    expect(sessionOf(client).seats).toHaveLength(1);
  });

  it('that is over gets no pairing: the other node’s side ends', async () => {
    const { connect, sent, requests } = await nodeOne();
    const client = await connect();
    for (const to of [client.id, nobodyOn(1)]) {
      requests.onGranted(2, { type: 'granted', epoch: 5, from: far, to, is_resumable: false });
      expect(sent()).toEqual([
        { node: 2, type: 'ended', epoch: 5, from: to, to: far, reason: 'disconnected' },
      ]);
    }
  });
});

describe('a client of another node that asks', () => {
  it('is granted one who is free, who is told what it said', async () => {
    const { connect, asked } = await nodeOne();
    const client = await connect(2);
    expect(asked({ target_id: client.id }, far, { metadata: 'hello' })).toEqual({
      ...{ type: 'granted', epoch: 900, from: client.id, to: far, is_resumable: false },
    });
    const paired = await client.next('paired');
    expect(paired).toMatchObject({ peer_id: far, initiator: false, epoch: 900, metadata: 'hello' });
  });

  it('is told where one has gone who is not here; of one who is nowhere known, nothing', async () => {
    const { asked, locations } = await nodeOne();
    const denied = { type: 'denied', epoch: 900, to: far, code: 'target_not_found' };
    expect(asked({ target_id: nobodyOn(1) })).toEqual(denied);
    locations.set(nobodyOn(1), { node: 3, generation: 1, isConfirmed: true });
    expect(asked({ target_id: nobodyOn(1) })).toEqual({ ...denied, node: 3 });
    expect(asked({ key })).toEqual({ ...denied, code: 'key_not_found' });
  });

  it('is refused one who is paired, with it or another', async () => {
    const { connect, connectPair, asked, locations } = await nodeOne();
    const [busy] = await connectPair();
    // It was said to be elsewhere, which is no answer: it is here.
    locations.set(busy.id, { node: 3, generation: 1, isConfirmed: true });
    expect(asked({ target_id: busy.id })).toEqual({
      ...{ type: 'denied', epoch: 900, to: far, code: 'target_already_paired' },
    });
    const client = await connect(2);
    asked({ target_id: client.id });
    expect(asked({ target_id: client.id })).toMatchObject({ code: 'already_paired' });
    expect(asked({ target_id: client.id }, nobodyOn(3))).toMatchObject({ type: 'granted' });
  });

  it('and is asked for by that very one at the same time is granted it if its id is the lower one', async () => {
    for (const [from, answer] of [
      [far, { type: 'denied', code: 'already_paired' }],
      [nobodyOn(0), { type: 'granted' }],
    ] as const) {
      const { connect, asks, asked, sent } = await nodeOne();
      const client = await connect();
      await asks(client, { target_id: from });
      sent();
      expect(asked({ target_id: client.id }, from)).toMatchObject(answer);
    }
  });

  it('is refused one that asks by key, for that may be its own', async () => {
    const { connect, asks, asked, sent } = await nodeOne();
    const client = await connect(2);
    await asks(client, { key });
    sent();
    expect(asked({ target_id: client.id })).toMatchObject({ code: 'target_already_paired' });
  });

  it('is refused one that has just left it, unless it brings a key of that one, which is used then', async () => {
    const { connect, asked } = await nodeOne();
    const client = await connect();
    asked({ target_id: client.id });
    await client.next('paired');
    client.send({ type: 'unpair' });
    client.send({ type: 'create_key' });
    const made = String((await client.next('key')).key).replaceAll('-', '');
    expect(asked({ target_id: client.id })).toMatchObject({ code: 'just_left' });
    expect(asked({ key: made })).toMatchObject({ type: 'granted', from: client.id });
    await client.next('paired');
    expect(asked({ key: made }, nobodyOn(3))).toMatchObject({ code: 'key_not_found' });
  });

  it('is refused one that only takes who brings its key, unless it does', async () => {
    const { server, asked } = await nodeOne();
    const client = await RawClient.connect(`${server.url}?pair=key`);
    expect(asked({ target_id: client.id })).toMatchObject({ type: 'denied', code: 'key_required' });
    client.send({ type: 'create_key' });
    const made = String((await client.next('key')).key).replaceAll('-', '');
    expect(asked({ key: made })).toMatchObject({ type: 'granted', from: client.id });
  });

  it('is refused itself', async () => {
    const { connect, asked } = await nodeOne();
    const client = await connect();
    expect(asked({ target_id: client.id }, client.id)).toMatchObject({ code: 'self_pairing' });
  });
});

it('two clients of one node pair there, whatever other nodes there are', async () => {
  const { connect, sent } = await nodeOne();
  await pairUp(await connect(), await connect());
  expect(sent()).toEqual([]);
});

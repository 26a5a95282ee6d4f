import { describe, expect, it } from '@jest/globals';
import { StepQueue } from '../../../src/machines/index.ts';
import { PairingKeys } from '../../../src/server/signaling/pairing-keys.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { twoNodes } from '../../support/servers/test-cluster.ts';
import { pairUp, startTestServer } from '../../support/servers/test-server.ts';

async function keyOf(client: RawClient, options: object = {}): Promise<{ key: string; expiresAt: number }> {
  client.send({ type: 'create_key', ...options });
  const { key, expires_at } = await client.next('key');
  return { key: String(key), expiresAt: Number(expires_at) };
}

async function refusedWith(client: RawClient, key: string): Promise<unknown> {
  client.send({ type: 'pair_request', key });
  const { message, code } = await client.next('error');
  return [message, code];
}

const NOT_FOUND = ['Key not found', 'key_not_found'];

describe('the keys of a client that goes to another node', () => {
  it('go with the time and the pairings that they have left, and without those that are over', () => {
    const queue = new StepQueue();
    const keys = new PairingKeys(queue);
    const ended: string[] = [];
    const owner = { keys: [] as string[], keyExpired: (key: string) => ended.push(key) };
    const { key } = keys.create(owner, 1_000, 60, 3);
    const { key: short } = keys.create(owner, 1_000, 5);
    keys.use(key);
    expect(keys.allOf(owner, 6_000)).toEqual([{ key, ttlMs: 55_000, uses: 2 }]);
    queue.timers.advance(6_000);
    expect([ended, owner.keys]).toEqual([[short], [key]]);
  });
});

describe('keys that are over', () => {
  it('make room for others before their time is found to be up', () => {
    const keys = new PairingKeys(new StepQueue());
    const owner = { keys: [] as string[], keyExpired: () => {} };
    while (keys.hasRoomFor(owner, 0)) keys.create(owner, 0, 5);
    expect([keys.hasRoomFor(owner, 4_999), keys.hasRoomFor(owner, 5_000)]).toEqual([false, true]);
  });
});

describe('a pairing key', () => {
  it('pairs whoever has it with its maker, in any case and without dashes', async () => {
    const { connect } = await startTestServer();
    const [maker, guest] = [await connect(), await connect()];
    const { key } = await keyOf(maker);
    expect(key).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    guest.send({ type: 'pair_request', key: key.toLowerCase().replaceAll('-', '') });
    expect(await guest.next('paired')).toMatchObject({ peer_id: maker.id, initiator: true });
    expect(await maker.next('paired')).toMatchObject({ peer_id: guest.id, initiator: false });
  });

  it('is good for one pairing', async () => {
    const { connect } = await startTestServer();
    const [maker, guest, late] = [await connect(), await connect(), await connect()];
    const { key } = await keyOf(maker);
    guest.send({ type: 'pair_request', key });
    await guest.next('paired');
    expect(await refusedWith(late, key)).toEqual(NOT_FOUND);
  });

  it('is good for as many pairings as were asked for', async () => {
    const { connect } = await startTestServer();
    const [maker, guest] = [await connect(), await connect()];
    const { key } = await keyOf(maker, { uses: 2 });
    for (let use = 0; use < 2; use += 1) {
      guest.send({ type: 'pair_request', key });
      await guest.next('paired');
      guest.send({ type: 'unpair' });
      await maker.next('paired');
      await maker.next('peer_disconnected');
    }
    expect(await refusedWith(guest, key)).toEqual(NOT_FOUND);
  });

  it('is not used up by a request that is refused', async () => {
    const { connect, connectPair } = await startTestServer();
    const [maker, peer] = await connectPair();
    const guest = await connect();
    const { key } = await keyOf(maker);
    expect(await refusedWith(guest, key)).toEqual([
      'Target client is already paired',
      'target_already_paired',
    ]);
    peer.send({ type: 'unpair' });
    await maker.next('peer_disconnected');
    guest.send({ type: 'pair_request', key });
    await guest.next('paired');
  });

  it('expires after 10 minutes, or the time asked for', async () => {
    const { connect, clock } = await startTestServer({ pingIntervalMs: 0 });
    const [maker, guest] = [await connect(), await connect()];
    const usual = await keyOf(maker);
    const short = await keyOf(maker, { ttl_s: 5 });
    expect(usual.expiresAt - clock.wallTime()).toBe(600_000);
    expect(short.expiresAt - clock.wallTime()).toBe(5_000);
    clock.advance(5_000);
    expect(await refusedWith(guest, short.key)).toEqual(NOT_FOUND);
    clock.advance(594_999);
    guest.send({ type: 'pair_request', key: usual.key });
    await guest.next('paired');
  });

  it('ends with its maker', async () => {
    const { connect } = await startTestServer();
    const [maker, guest] = [await connect(), await connect()];
    const { key } = await keyOf(maker);
    await maker.close();
    await guest.settled();
    expect(await refusedWith(guest, key)).toEqual(NOT_FOUND);
  });

  it('cannot be used by its maker', async () => {
    const { connect } = await startTestServer();
    const maker = await connect();
    const { key } = await keyOf(maker);
    expect(await refusedWith(maker, key)).toEqual(['You cannot pair with yourself', 'self_pairing']);
  });

  it('is refused after 20 wrong guesses a minute from one address, even when it is right', async () => {
    const { server, connect, clock } = await startTestServer();
    const [maker, guesser] = [await connect(), await connect()];
    const { key } = await keyOf(maker);
    for (let guess = 0; guess < 20; guess += 1) {
      expect(await refusedWith(guesser, `0000-0000-00${10 + guess}`)).toEqual(NOT_FOUND);
    }
    expect(await refusedWith(guesser, key)).toEqual([
      expect.stringContaining('wrong keys'),
      'too_many_key_guesses',
    ]);
    expect(server.parts.metrics.refused.get('too_many_key_guesses')).toBe(1);
    // The address counts, not the client: another one does not help.
    expect(await refusedWith(await connect(), key)).toContain('too_many_key_guesses');
    clock.advance(3_000);
    guesser.send({ type: 'pair_request', key });
    await guesser.next('paired');
  });

  it('is one of at most 16 that a client has at once', async () => {
    const { connect, clock } = await startTestServer();
    const maker = await connect();
    for (let made = 0; made < 16; made += 1) await keyOf(maker, { ttl_s: 10 });
    maker.send({ type: 'create_key' });
    expect(await maker.next('error')).toMatchObject({ code: 'too_many_keys', for: 'create_key' });
    clock.advance(10_000);
    await keyOf(maker);
  });

  it('are the only way to a client that connected with ?pair=key, here and from another node', async () => {
    const { one, two } = await twoNodes();
    const owner = await RawClient.connect(`${one.server.url}?pair=key`);
    for (const node of [one, two]) {
      const asker = await node.connect();
      asker.send({ type: 'pair_request', target_id: owner.id });
      expect(await asker.next('error')).toMatchObject({ code: 'key_required', for: 'pair_request' });
      owner.send({ type: 'create_key' });
      const { key } = await owner.next('key');
      asker.send({ type: 'pair_request', key });
      expect(await asker.next('paired')).toMatchObject({ peer_id: owner.id });
      await owner.next('paired');
      owner.send({ type: 'unpair' });
      await asker.next('peer_disconnected');
    }
    const other = await one.connect();
    await pairUp(owner, other);
  });
});

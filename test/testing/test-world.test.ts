/** Peers and a server in one process, in a time that stands still: what a user's test of a bot is written with. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Peer } from '../../src/client/index.ts';
import { TestWorld, type TestWorldOptions } from '../../src/testing/index.ts';

let world: TestWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function worldOf(options: TestWorldOptions = {}): Promise<TestWorld> {
  world = await TestWorld.start(options);
  return world;
}

/** Two that have a channel. */
async function connected(here: TestWorld): Promise<readonly [alice: Peer, bob: Peer]> {
  const alice = await here.createPeer('alice');
  const bob = await here.createPeer('bob');
  await here.until(bob.pair({ id: idOf(alice) }));
  await here.until(Promise.all([alice.opened(), bob.opened()]));
  return [alice, bob];
}

const idOf = ({ id }: Peer) => String(id);

const heardBy = (peer: Peer) => {
  const heard: unknown[] = [];
  peer.on('message', (data) => heard.push(data));
  return heard;
};

describe('a test world', () => {
  it('connects two peers, whose messages arrive in order and both ways, and no time passes but its own', async () => {
    const here = await worldOf();
    const [alice, bob] = await connected(here);
    const [toAlice, toBob] = [heardBy(alice), heardBy(bob)];
    await here.until(Promise.all([bob.send('one'), bob.send(new Uint8Array([2])), alice.send('three')]));
    await here.advance(100);
    expect(toAlice).toEqual(['one', new Uint8Array([2])]);
    expect(toBob).toEqual(['three']);
    expect(here.clock.now()).toBeLessThan(1_000);
  });

  it('drops the next answer: the peer that waits for it is told `answer_timeout` after its deadline', async () => {
    const here = await worldOf();
    const alice = await here.createPeer('alice');
    const bob = await here.createPeer('bob', { timeouts: { answerMs: 2_000 } });
    const failures: string[] = [];
    bob.on('error', ({ code }) => failures.push(code));
    here.network.drop('answer', { of: 'alice' });
    await here.until(bob.pair({ id: idOf(alice) }));
    await here.advance(1_900);
    expect(failures).toEqual([]);
    await here.advance(200);
    expect(failures).toEqual(['answer_timeout']);
  });

  it('cuts a socket: the session comes back, and what was said meanwhile arrives once', async () => {
    const here = await worldOf();
    const alice = await here.createPeer('alice');
    const bob = await here.createPeer('bob');
    const id = idOf(alice);
    here.network.down('alice');
    const asked = bob.pair({ id });
    await here.advance(2_000);
    here.network.up('alice');
    await here.until(asked);
    await here.until(Promise.all([alice.opened(), bob.opened()]));
    expect(alice.id).toBe(id);
  });

  it('a connection outlives its signaling', async () => {
    const here = await worldOf();
    const [alice, bob] = await connected(here);
    const heard = heardBy(alice);
    here.network.down('bob');
    await here.advance(1_000);
    await here.until(bob.send('still here'));
    await here.advance(100);
    expect(heard).toEqual(['still here']);
  });

  it('peers that find no way are told so; where there is one again in time, what was sent arrives', async () => {
    const here = await worldOf();
    const [alice, bob] = await connected(here);
    const heard = heardBy(alice);
    here.network.block('alice', 'bob');
    await here.until(bob.send('late'));
    await here.advance(3_000);
    expect(heard).toEqual([]);
    here.network.unblock('alice', 'bob');
    await here.advance(100);
    expect(heard).toEqual(['late']);
  });

  it('of peers that never find a way the one who restarts gives up with `connection_failed`, and both are free', async () => {
    const here = await worldOf();
    const alice = await here.createPeer('alice');
    const bob = await here.createPeer('bob');
    const failures: string[] = [];
    bob.on('error', ({ code }) => failures.push(`bob ${code}`));
    alice.on('error', ({ code }) => failures.push(`alice ${code}`));
    here.network.block('alice', 'bob');
    await here.until(bob.pair({ id: idOf(alice) }));
    await here.advance(120_000);
    expect(failures).toEqual(['bob connection_failed']);
    expect([alice.state, bob.state]).toEqual(['unpaired', 'unpaired']);
  });

  it.each([1, 2, 3])('the same seed (%d) loses the same messages at the same times', async (seed) => {
    const story = async () => {
      const here = await worldOf({ seed, network: { loss: 0.3, delayMs: 20, jitterMs: 80 } });
      const alice = await here.createPeer('alice');
      const bob = await here.createPeer('bob');
      const told: string[] = [];
      for (const [name, peer] of [
        ['alice', alice],
        ['bob', bob],
      ] as const) {
        peer.on('state', (state) => told.push(`${here.clock.now()} ${name} ${state}`));
        peer.on('error', ({ code }) => told.push(`${here.clock.now()} ${name} ${code}`));
      }
      await here.until(bob.pair({ id: idOf(alice) }));
      await here.advance(60_000);
      await here.stop();
      world = undefined;
      return told;
    };
    const told = await story();
    expect(told).not.toEqual([]);
    expect(await story()).toEqual(told);
  });

  it('an option of the server that there is not is refused, with the nearest name', async () => {
    await expect(TestWorld.start({ server: { maxConection: 1 } as never })).rejects.toThrow(/maxConnections/);
  });

  it('what never comes is an error that says how long was waited', async () => {
    const here = await worldOf();
    const alice = await here.createPeer('alice');
    await expect(here.until(alice.opened(), 500)).rejects.toThrow(/500 ms/);
  });
});

import { describe, expect, it } from '@jest/globals';
import { TurnQueue } from '../../../src/server/signaling/turn-queue.ts';

const TURN = 'end of the turn';

/** A queue for clients named by letters, each of which takes that many milliseconds. */
function started(perClientMs: number) {
  let now = 0;
  const done: string[] = [];
  const queue = new TurnQueue<string>(
    () => now,
    (client) => done.push(`${client} failed`),
  );
  const add = (client: string, work = () => {}) =>
    queue.add(client, () => {
      now += perClientMs;
      done.push(client);
      work();
    });
  const turn = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    done.push(TURN);
  };
  return { queue, done, add, turn };
}

describe('clients that come back', () => {
  it('are served at once while there is time for them in this turn of the event loop', () => {
    const { done, add } = started(0.5);
    expect(['a', 'b', 'c'].map((client) => add(client))).toEqual([true, true, true]);
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('beyond that wait for the next turns, in the order in which they came, some in each', async () => {
    const { done, add, turn } = started(0.75);
    const isServed = [...'abcdefg'].map((client) => add(client));
    expect(isServed).toEqual([true, true, false, false, false, false, false]);
    for (let n = 0; n < 3; n += 1) await turn();
    expect(done).toEqual(['a', 'b', 'c', 'd', TURN, 'e', 'f', TURN, 'g', TURN]);
  });

  it('do not overtake those that wait, even with time left', async () => {
    const { done, add, turn } = started(5);
    for (const client of 'abc') add(client);
    await turn();
    expect(add('d')).toBe(false);
    await turn();
    await turn();
    expect(done.filter((one) => one !== TURN)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are forgotten if they go again meanwhile', async () => {
    const { queue, done, add, turn } = started(5);
    for (const client of 'ab') add(client);
    expect(TurnQueue.isAnyWaiting).toBe(true);
    queue.remove('b');
    expect(TurnQueue.isAnyWaiting).toBe(false);
    for (const client of 'bc') add(client);
    queue.remove('b');
    queue.remove('b');
    expect(TurnQueue.isAnyWaiting).toBe(true);
    await turn();
    expect(done).toEqual(['a', 'c', TURN]);
    expect(TurnQueue.isAnyWaiting).toBe(false);
  });

  it('are served out of turn if something must come after them, each once', async () => {
    const { queue, done, add, turn } = started(5);
    for (const client of 'abcde') add(client);
    queue.hurry('c');
    queue.hurry('a');
    queue.hurry('nobody');
    expect(done).toEqual(['a', 'c']);
    await turn();
    queue.hurryAll();
    expect([done, queue.size]).toEqual([['a', 'c', 'b', TURN, 'd', 'e'], 0]);
    await turn();
    expect(done).toEqual(['a', 'c', 'b', TURN, 'd', 'e', TURN]);
    expect(TurnQueue.isAnyWaiting).toBe(false);
  });

  it('fail by themselves: the next ones are served', async () => {
    const { done, add, turn } = started(1);
    const fail = () => {
      throw new Error('on purpose');
    };
    for (const client of 'abcde') add(client, client === 'a' || client === 'd' ? fail : undefined);
    await turn();
    await turn();
    const order = done.filter((one) => one !== TURN);
    expect(order).toEqual(['a', 'a failed', 'b', 'c', 'd', 'd failed', 'e']);
  });
});

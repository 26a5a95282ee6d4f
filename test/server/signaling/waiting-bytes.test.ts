/** Whose messages are given up when too much waits for all clients together. */
import { describe, expect, it } from '@jest/globals';
import { WaitingBytes } from '../../../src/server/signaling/waiting-bytes.ts';

/** Clients for which that many bytes wait, by their names, and which of them gave theirs up, in that order. */
function clientsOf(maxBytes: number) {
  const waiting = new WaitingBytes(maxBytes);
  const bytesOf = new Map<string, number>();
  const shed: string[] = [];
  const clientOf = (name: string) => ({
    get waitingBytes() {
      return bytesOf.get(name) ?? 0;
    },
    shedWaiting() {
      bytesOf.set(name, 0);
      shed.push(name);
    },
  });
  for (const names of ['ab', 'cd']) waiting.addSource(() => [...names].map(clientOf));
  const wait = (name: string, bytes: number) => {
    bytesOf.set(name, (bytesOf.get(name) ?? 0) + bytes);
    waiting.added(bytes);
  };
  return { waiting, bytesOf, shed, wait };
}

describe('what waits for all clients together', () => {
  it('may be as much as the limit, and with one byte more those with most give theirs up, up to seven eighths', () => {
    const { waiting, shed, wait } = clientsOf(800);
    wait('a', 90);
    wait('b', 110);
    wait('c', 400);
    wait('d', 200);
    expect([shed, waiting.total]).toEqual([[], 800]);
    wait('a', 1);
    expect([shed, waiting.total]).toEqual([['c'], 401]);
  });

  it('is given up by as many as it takes', () => {
    const { waiting, shed, wait } = clientsOf(800);
    wait('a', 200);
    wait('b', 90);
    wait('c', 95);
    wait('d', 700);
    expect([shed, waiting.total]).toEqual([['d'], 385]);
    const even = clientsOf(800);
    for (const name of 'abcd') even.wait(name, 201);
    expect([even.shed, even.waiting.total]).toEqual([['a'], 603]);
    const small = clientsOf(80);
    for (const name of 'abcd') small.wait(name, name === 'd' ? 66 : 5);
    expect(small.shed).toEqual(['d']);
  });

  it('is seven eighths of the limit at most once somebody has given up, to the byte', () => {
    const exact = clientsOf(800);
    exact.wait('a', 101);
    exact.wait('b', 700);
    expect([exact.shed, exact.waiting.total]).toEqual([['b'], 101]);
    for (const [more, givenUp, left] of [
      [150, ['a'], 700],
      [151, ['a', 'b'], 451],
    ] as const) {
      const { waiting, shed, wait } = clientsOf(800);
      for (const name of 'abc') wait(name, 250);
      wait('d', 50);
      expect(shed).toEqual([]);
      wait('d', more);
      expect([shed, waiting.total]).toEqual([givenUp, left]);
    }
  });

  it('is not given up for what was acked meanwhile', () => {
    const { bytesOf, shed, wait } = clientsOf(800);
    for (let rounds = 0; rounds < 20; rounds += 1) {
      wait('a', 700);
      bytesOf.set('a', 0);
    }
    expect(shed).toEqual([]);
    wait('a', 650);
    bytesOf.set('a', 500);
    wait('b', 200);
    expect(shed).toEqual([]);
  });

  it('is without a limit where that is 0', () => {
    const { shed, wait } = clientsOf(0);
    wait('a', 2 ** 50);
    expect(shed).toEqual([]);
  });
});

/** Work that is done in slices, in which addresses take turns. */
import { describe, expect, it } from '@jest/globals';
import { StepQueue } from '../../../src/machines/index.ts';
import { FairLine } from '../../../src/server/signaling/fair-line.ts';

/** A line whose slices the test starts. */
function makeLine() {
  const queue = new StepQueue();
  const done: string[] = [];
  const due: (() => void)[] = [];
  const line = new FairLine<string>({
    queue,
    work: (piece) => done.push(piece),
    later: (next) => due.push(next),
  });
  return {
    line,
    due,
    /** What one message causes. */
    cause: (address: string, pieces: readonly string[]) =>
      queue.push(() => {
        for (const piece of pieces) line.add(address, piece);
      }),
    /** @returns what the next slice did */
    slice() {
      due.shift()?.();
      return done.splice(0);
    },
    taken: () => done.splice(0),
  };
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}${n}`);

describe('work in a fair line', () => {
  it('is done at once as far as it is little, and otherwise 8 pieces at once and 8 in each turn', () => {
    const { cause, slice, taken, due, line } = makeLine();
    cause('a', numbered('a', 8));
    expect(taken()).toEqual(numbered('a', 8));
    expect(due).toEqual([]);
    cause('a', numbered('b', 17));
    expect(taken()).toEqual(numbered('b', 17).slice(0, 8));
    expect(slice()).toEqual(numbered('b', 17).slice(8, 16));
    expect(slice()).toEqual(numbered('b', 17).slice(16));
    expect(due).toEqual([]);
    expect(line.size).toBe(0);
  });

  it('gives each address a turn after the other, however much one of them causes', () => {
    const { cause, slice, taken } = makeLine();
    cause('a', numbered('a', 108));
    cause('b', numbered('b', 12));
    expect(taken()).toEqual([...numbered('a', 8), ...numbered('b', 8)]);
    expect(slice()).toEqual(['a8', 'b8', 'a9', 'b9', 'a10', 'b10', 'a11', 'b11']);
    expect(slice()).toEqual(numbered('a', 20).slice(12));
  });

  it('of an address that already waits goes behind what waits', () => {
    const { cause, slice, taken } = makeLine();
    cause('a', numbered('a', 10));
    cause('a', ['next']);
    expect(taken()).toEqual(numbered('a', 8));
    expect(slice()).toEqual(['a8', 'a9', 'next']);
  });

  it('is not done if it is no longer needed, and then keeps nothing', () => {
    const { cause, slice, taken, line, due } = makeLine();
    cause('a', numbered('a', 70));
    for (const piece of numbered('a', 70)) line.remove(piece);
    taken();
    expect(slice()).toEqual([]);
    expect([line.size, due]).toEqual([0, []]);
  });

  it('waits once, however often it is added', () => {
    const { cause, slice, taken, line } = makeLine();
    cause('a', [...numbered('a', 9), 'a8', 'a8']);
    expect(line.size).toBe(1);
    expect([...taken(), ...slice()]).toEqual(numbered('a', 9));
  });
});

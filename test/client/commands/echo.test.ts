import { describe, expect, it } from '@jest/globals';
import { createEcho, MAX_ECHOES_WAITING } from '../../../src/client/commands/echo.ts';

function echo() {
  const taken: (() => void)[] = [];
  const told: string[] = [];
  const take = createEcho({
    send: () => new Promise((resolve) => taken.push(resolve)),
    failed: ({ code }) => told.push(code),
    overfull: () => told.push('overfull'),
  });
  return { take, taken, told };
}

describe('a bot that echoes', () => {
  it(`keeps ${MAX_ECHOES_WAITING} messages for one that does not read, and ends the connection at the next`, () => {
    const { take, taken, told } = echo();
    for (let n = 0; n < 10_000; n += 1) take('x');
    expect(taken).toHaveLength(MAX_ECHOES_WAITING);
    expect(told).toEqual(['send_failed', 'overfull']);
  });

  it('goes on for one that reads', async () => {
    const { take, taken, told } = echo();
    for (let n = 0; n < 1_000; n += 1) {
      take('x');
      for (const resolve of taken.splice(0)) resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(told).toEqual([]);
  });
});

/** A node as a process: a test that waits for a line of its log is told at once when none can come. */
import { afterEach, expect, it } from '@jest/globals';
import { NodeProcess, runningNodes } from '../../tools/node-process.ts';
import { until } from '../support/until.ts';

afterEach(() => Promise.all([...runningNodes].map((node) => node.kill())));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it.each([
  ['has ended', true],
  ['ends meanwhile', false],
])('who waits for a line of a node that %s hears what it said last', async (_when, isBefore) => {
  const node = await NodeProcess.start();
  const { pid } = node;
  process.kill(pid, 'SIGKILL');
  if (isBefore) await until(() => !isAlive(pid));
  await expect(node.logged(/no such line/)).rejects.toThrow(/^pairlane serve ended:\n.*Listening|"event"/);
});

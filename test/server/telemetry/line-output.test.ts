/** What the log does when whoever reads it is slow, or gone. */
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LineOutput } from '../../../src/server/telemetry/line-output.ts';
import { type Run, runNode } from '../../support/servers/cli-process.ts';

/** A process that logs as many lines, each of at least 100 bytes, once it is told to, and does that then. */
function logging(lines: number, then: string): Run {
  const logger = JSON.stringify(resolve('dist/server/telemetry/logger.js'));
  return runNode([
    '--input-type=module',
    '-e',
    `import { createLogger } from ${logger};
     const log = createLogger('info', 'json');
     process.stderr.write('ready');
     process.stdin.once('data', () => {
       for (let n = 1; n <= ${lines}; n += 1) log.info({ event: 'refused', n }, 'x'.repeat(100));
       ${then}
     });`,
  ]);
}

const linesOf = ({ stdout }: Run) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { n?: number; event: string; count?: number });

describe('the log', () => {
  it.each([1, 1_000])('does not keep a process from ending when nobody reads its %d lines', async (lines) => {
    const run = logging(lines, 'process.exit(3)');
    run.child.stdout.destroy();
    run.child.stdin.end('go');
    expect(await run.exited()).toBe(3);
  });

  it('does not keep a process from ending when what reads it is stuck', async () => {
    const run = logging(20_000, 'process.stdin.destroy()');
    run.child.stdout.pause();
    run.child.stdin.end('go');
    expect(await run.exited()).toBe(0);
  });

  it.each(['EAGAIN', 'ENOSPC'])('goes on after %s, and ends after EPIPE', async (reason) => {
    const written: string[] = [];
    let fault: string | undefined = reason;
    const output = new LineOutput(String, (bytes) => {
      if (fault) throw Object.assign(new Error(fault), { code: fault });
      written.push(bytes.toString());
      return bytes.length;
    });
    output.write('1\n');
    await new Promise(setImmediate);
    output.write('2\n');
    fault = undefined;
    output.flush();
    fault = 'EPIPE';
    output.write('3\n');
    output.flush();
    fault = undefined;
    output.write('4\n');
    output.flush();
    expect(written.join('')).toBe('1\n2\n');
  });

  it.each([
    ['at once', 'process.exit(3)'],
    ['while lines are being written', 'setImmediate(() => setImmediate(() => process.exit(3)))'],
  ])('is whole and in order when the process ends %s, and what reads it is slow', async (_when, end) => {
    const run = logging(20_000, `process.stderr.write('logged'); ${end}`);
    run.child.stdout.pause();
    run.child.stderr.on('data', () => {
      if (run.stderr.includes('logged')) run.child.stdout.resume();
    });
    run.child.stdin.end('go');
    expect(await run.exited()).toBe(3);
    expect(linesOf(run).map(({ n }) => n)).toEqual(Array.from({ length: 20_000 }, (_, at) => at + 1));
  });

  it('says how many lines were lost when they come faster than anybody could read', async () => {
    const run = logging(100_000, 'process.stdin.destroy()');
    run.child.stdin.end('go');
    expect(await run.exited()).toBe(0);
    const lines = linesOf(run);
    const numbers = lines.flatMap(({ n }) => n ?? []);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => at + 1));
    const lost = lines.filter(({ event }) => event === 'log_lines_lost');
    expect(lost).toMatchObject([{ count: 100_000 - numbers.length }]);
    expect(numbers.length).toBeGreaterThan(40_000);
  });
});

/** The runs of `npm run mutants`, in a tree whose jest is a script of ours. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ChildRuns } from '../../scripts/mutants/child-runs.ts';
import { mutantsOf } from '../../scripts/mutants/mutate.ts';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'mutants-'));
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function runOf(
  script: string,
  patience: { cpuSeconds: number; idleSeconds: number },
  choice: { shell?: 'ws' } = {},
) {
  const folder = join(tree, 'node_modules/jest/bin');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'jest.js'), script);
  return new ChildRuns(tree).jest({ tests: [], ...choice }, patience);
}

describe('the tests run on a mutant', () => {
  it('are not ended for the time they take, as on a busy machine, while they use little CPU time', async () => {
    const outcome = await runOf('setTimeout(() => {}, 3_000)', { cpuSeconds: 1, idleSeconds: 60 });
    expect(outcome).toMatchObject({ passed: true, timedOut: false });
  });

  it('are ended when they loop without an end', async () => {
    const outcome = await runOf('for (;;);', { cpuSeconds: 1, idleSeconds: 60 });
    expect(outcome).toMatchObject({ passed: false, timedOut: true, cpuSeconds: 2 });
  });

  it('are ended when a process that they started loops without an end', async () => {
    const script = `
      require('node:child_process').spawn(process.execPath, ['-e', 'for (;;);']);
      setInterval(() => {}, 1_000);
    `;
    const outcome = await runOf(script, { cpuSeconds: 1, idleSeconds: 60 });
    expect(outcome).toMatchObject({ passed: false, timedOut: true });
  });

  it('are ended when they wait for what never comes', async () => {
    const outcome = await runOf('setInterval(() => {}, 1_000)', { cpuSeconds: 60, idleSeconds: 2 });
    expect(outcome).toMatchObject({ passed: false, timedOut: true });
  });

  it('run on the shell that their part names', async () => {
    const script = 'console.log(process.env.PAIRLANE_SHELL)';
    const patience = { cpuSeconds: 60, idleSeconds: 60 };
    expect((await runOf(script, patience, { shell: 'ws' })).output).toBe('ws\n');
    expect((await runOf(script, patience)).output).toBe('undefined\n');
  });

  it('pass or fail by their status', async () => {
    const patience = { cpuSeconds: 60, idleSeconds: 60 };
    expect(await runOf('', patience)).toMatchObject({ passed: true, timedOut: false });
    expect(await runOf("console.log('why'); process.exit(1)", patience)).toMatchObject({
      passed: false,
      timedOut: false,
      output: 'why\n',
    });
  });
});

describe('the mutants of a text', () => {
  const changesOf = (text: string) => mutantsOf('a.ts', text).map(({ change }) => change.trim());

  it('leave the numbers of a comparator, of which only the sign counts, and change its condition', () => {
    const all = ['a < b → !(a < b)', '<  →  <='];
    for (const numbers of ['-1 : 1', '1 : -1'])
      expect(changesOf(`const order = (a, b) => (a < b ? ${numbers});`)).toEqual(all);
    expect(changesOf('const other = (a, b) => (a < b ? -1 : 2);')).toEqual([...all, '1 → 2', '2 → 3']);
  });

  it('leave the size of a typed array that begins empty, and change any other', () => {
    expect(changesOf('let list = new Int32Array(0);')).toEqual([]);
    expect(changesOf('let list = new Int32Array(1);')).toEqual(['1 → 2']);
  });
});

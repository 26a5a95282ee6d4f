/** The `pairlane` program: its help comes before anything that takes long to load. */
import { describe, expect, it } from '@jest/globals';
import { pairlane, runNode } from './support/servers/cli-process.ts';

/** `chart` lists the machines, so it loads them. */
const LOADS_MACHINES = ['chart'];

async function commandNames(): Promise<string[]> {
  const help = pairlane(['--help']);
  expect(await help.exited()).toBe(0);
  return [...help.stdout.matchAll(/^ {2}(\S+) {2,}\S/gm)].map(([, name]) => name as string);
}

/** Names of the npm packages that a command loads. */
async function packagesLoadedBy(args: readonly string[]): Promise<string[]> {
  const run = runNode(['--import', './test/support/servers/list-modules.mjs', 'dist/cli.js', ...args]);
  expect(await run.exited()).toBe(0);
  expect(run.stdout).toContain('Usage: pairlane');
  const urls = [...run.stderr.matchAll(/^loaded (.*)$/gm)].map(([, url]) => url as string);
  expect(urls.some((url) => url.endsWith('/dist/cli.js'))).toBe(true);
  const names = urls.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

describe('pairlane --help', () => {
  it('loads no package for the list of commands or the help of one, but the reader of TOML', async () => {
    const names = (await commandNames()).filter((name) => !LOADS_MACHINES.includes(name));
    expect(names).toEqual(expect.arrayContaining(['serve', 'chat', 'bot', 'relay', 'conform', 'replay']));
    for (const args of [[], ...names.map((name) => [name])])
      expect([args, await packagesLoadedBy([...args, '--help'])]).toEqual([args, ['smol-toml']]);
  });

  it('notices a package that is loaded', async () => {
    expect(await packagesLoadedBy(['chart', '--help'])).toContain('xstate');
  });
});

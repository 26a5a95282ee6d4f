/**
 * The server on runtimes other than Node, as npm has them. They are 200 MB, which every `npm ci` would fetch if they were
 * dependencies: so this test installs them, into a folder that stays for the next time.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { RawClient } from '../support/clients/raw-client.ts';
import { runProgram } from '../support/servers/cli-process.ts';
import { pairUp } from '../support/servers/test-server.ts';

/** The program is in a package for each system, of which npm installs the one that fits. */
const RUNTIMES = {
  bun: { version: '1.4.5', scope: '@oven', program: 'bin/bun', args: [] },
  deno: { version: '2.9.6', scope: '@deno', program: 'deno', args: ['run', '--allow-all'] },
} as const;

/** What npm may take on a busy machine. */
const INSTALL_MS = 300_000;

const names = Object.keys(RUNTIMES) as (keyof typeof RUNTIMES)[];
const packages = names.map((name) => `${name}@${RUNTIMES[name].version}`);
// Named by its versions, so that others do not take its place.
const home = resolve('.cache', packages.join('-'));

/** @returns undefined when it is not installed */
function programOf(name: keyof typeof RUNTIMES): string | undefined {
  const { scope, program } = RUNTIMES[name];
  const folder = join(home, 'node_modules', scope);
  const found = existsSync(folder) ? readdirSync(folder) : [];
  return found.map((each) => join(folder, each, program)).find(existsSync);
}

beforeAll(async () => {
  if (names.every((name) => programOf(name) !== undefined)) return;
  mkdirSync(home, { recursive: true });
  // Their scripts only move the program to where a shell finds it.
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', ['install', '--prefix', home, ...flags, ...packages]);
}, INSTALL_MS);

describe.each(names)('pairlane serve on %s', (name) => {
  it('runs on ws, brings clients together, carries what they say, and drains to status 0', async () => {
    const flags = ['--port', '0', '--log-format', 'json', '--drain-ms', '100'];
    const run = runProgram(programOf(name) as string, [
      ...RUNTIMES[name].args,
      resolve('dist/cli.js'),
      'serve',
      ...flags,
    ]);
    await run.printed(/"event":"shell_loaded","msg":"Running on ws,/);
    const [, place] = await run.printed(/Server starting on ([\d.:]+)/);
    const [ada, bob] = [await RawClient.connect(`ws://${place}/`), await RawClient.connect(`ws://${place}/`)];
    await pairUp(ada, bob);
    const data = { text: 'ß'.repeat(20_000) };
    for (const [from, to] of [[ada, bob] as const, [bob, ada] as const]) {
      from.send({ type: 'signal', data });
      expect(await to.next('signal')).toMatchObject({ data });
    }
    expect(await (await fetch(`http://${place}/readyz`)).text()).toBe('ready\n');
    expect(await (await fetch(`http://${place}/metrics`)).text()).toContain('pairlane_pairings{');
    run.child.kill('SIGTERM');
    await Promise.all([ada.next('restarting'), bob.next('restarting')]);
    expect(await run.exited()).toBe(0);
  });
});

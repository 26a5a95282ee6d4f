/**
 * The server on other runtimes than the one that runs the tests, as npm has them. They are 600 MB, which every `npm ci`
 * would fetch if they were dependencies: so this test installs them, into a folder that stays for the next time.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { RawClient } from '../support/clients/raw-client.ts';
import { type Run, runProgram } from '../support/servers/cli-process.ts';
import { pairUp } from '../support/servers/test-server.ts';

interface Runtime {
  /** As npm installs it. */
  readonly install: string;
  /** The folder of the package with the program; or of the packages for each system, of which npm installs one. */
  readonly folder: string;
  readonly program: string;
  readonly args: readonly string[];
}

const RUNTIMES: Readonly<Record<string, Runtime>> = {
  bun: { install: 'bun@1.4.5', folder: '@oven', program: 'bin/bun', args: [] },
  deno: { install: 'deno@2.9.6', folder: '@deno', program: 'deno', args: ['run', '--allow-all'] },
  'Node 22': node('22.23.3'),
  'Node 24': node('24.21.0'),
  'Node 26': node('26.10.0'),
};
const names = Object.keys(RUNTIMES);
const nodes = names.filter((name) => name.startsWith('Node'));

function node(version: string): Runtime {
  const folder = `node-${version}`;
  const install = `${folder}@npm:node-${process.platform}-${process.arch}@${version}`;
  return { install, folder, program: 'bin/node', args: [] };
}

/** What npm may take on a busy machine. */
const INSTALL_MS = 300_000;

/** Named by the version, so that others do not take its place. */
const homeOf = ({ install }: Runtime) => resolve('.cache/runtimes', install.replace(/\W+/g, '-'));

/** @returns undefined when it is not installed */
function programOf(runtime: Runtime): string | undefined {
  const folder = join(homeOf(runtime), 'node_modules', runtime.folder);
  const found = existsSync(folder) ? ['.', ...readdirSync(folder)] : [];
  return found.map((each) => join(folder, each, runtime.program)).find(existsSync);
}

beforeAll(async () => {
  // Their scripts only move the program to where a shell finds it.
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  for (const runtime of Object.values(RUNTIMES)) {
    if (programOf(runtime) !== undefined) continue;
    const home = homeOf(runtime);
    mkdirSync(home, { recursive: true });
    await promisify(execFile)('npm', ['install', '--prefix', home, ...flags, runtime.install]);
  }
}, INSTALL_MS);

/** Runs `pairlane serve` on that runtime. */
function serve(name: string, ...flags: readonly string[]): Run {
  const runtime = RUNTIMES[name] as Runtime;
  const common = ['serve', '--port', '0', '--log-format', 'json'];
  return runProgram(programOf(runtime) as string, [
    ...runtime.args,
    resolve('dist/cli.js'),
    ...common,
    ...flags,
  ]);
}

describe.each(names)('pairlane serve on %s', (name) => {
  it('says on which shell it runs, brings clients together, carries what they say, and drains to status 0', async () => {
    const run = serve(name, '--drain-ms', '100');
    // Which binaries of uWebSockets.js a Node loads depends on the system's C library, too.
    const shell = nodes.includes(name) ? /(ws|uWebSockets\.js),/ : /ws,/;
    await run.printed(new RegExp(`"event":"shell_loaded","msg":"Running on ${shell.source}`));
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

describe.each(nodes)('serve --workers --shell ws on %s', (name) => {
  it('gives pages that each open two connections to both workers, as Linux distributes them', async () => {
    const run = serve(name, '--workers', '2', '--shell', 'ws');
    const [, place] = await run.printed(/2 workers serve on ([\d.:]+)/);
    const nodesOfClients = new Set<string>();
    // In turn they would all be at the second. By chance, one time in ten million they are.
    for (let page = 0; page < 24; page += 1) {
      await (await fetch(`http://${place}/`, { headers: { connection: 'close' } })).text();
      const { id } = await RawClient.connect(`ws://${place}/`);
      nodesOfClients.add(id.slice(0, 8));
    }
    expect(nodesOfClients.size).toBe(2);
  });
});

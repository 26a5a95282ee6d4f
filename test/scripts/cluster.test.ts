/** `npm run cluster` as a program reads it: a short run, in which nodes are killed, to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { openerIn } from '../../scripts/cluster/open-page.ts';
import { wrap } from '../../src/common/wrap-text.ts';
import { runNode } from '../support/servers/cli-process.ts';

const COMMAND = ['--import', 'tsx', 'scripts/cluster.ts'];
const FEW = ['--nodes', '2', '--pairs', '4', '--bots', '1'];

type Told = { event: string; [detail: string]: unknown };
const linesOf = (out: string): Told[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

function isRunning(url: unknown): Promise<boolean> {
  return fetch(String(url)).then(
    () => true,
    () => false,
  );
}

describe('npm run cluster', () => {
  it('kills nodes under real bots and light clients, tells what came of it, and leaves no node behind', async () => {
    const args = [...COMMAND, ...FEW, '--every', '1', '--seconds', '3', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const told = linesOf(stdout);
    const pages = told.filter(({ event }) => event === 'node_up').map(({ page }) => page);
    expect(pages).toHaveLength(2);
    const events = told.map(({ event }) => event);
    for (const event of ['paired', 'node_killed', 'node_restarted', 'clients_back', 'clients_spread'])
      expect(events).toContain(event);
    for (const { byNode } of told.filter(({ event }) => event === 'clients_spread'))
      expect(byNode).toEqual([4, 4]);
    expect(told.find(({ event }) => event === 'page')).toMatchObject({ page: `${pages[0]}#/nodes` });
    const result = told.at(-1);
    expect(result).toMatchObject({
      event: 'result',
      isClear: true,
      light: { pairs: 4, lost: 0, doubled: 0, outOfOrder: 0, endedPairings: 0 },
      bots: { pairs: 1, lost: 0 },
    });
    expect(result?.nodesKilled).toBe(events.filter((event) => event === 'node_killed').length);
    for (const page of pages) expect(await isRunning(page)).toBe(false);
  });

  it('ends on Ctrl+C, with its result, and what it has started', async () => {
    const run = runNode([...COMMAND, ...FEW, '--every', '0', '--json']);
    await run.printed(/"paired".*\n/);
    const page = linesOf(run.stdout).find(({ event }) => event === 'node_up')?.page;
    expect(await isRunning(page)).toBe(true);
    run.child.kill('SIGINT');
    expect([await run.exited(), run.stderr]).toEqual([0, '']);
    expect(linesOf(run.stdout).at(-1)).toMatchObject({ event: 'result', isClear: true, nodesKilled: 0 });
    expect(await isRunning(page)).toBe(false);
  });

  it('says in one line what is wrong with an option, with status 2', async () => {
    const { code, stderr } = await promisify(execFile)(process.execPath, [...COMMAND, '--rate', '0']).catch(
      (error) => error,
    );
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: '--rate should be a whole number, at least 1 (--help shows the options)\n',
    });
  });
});

describe('the page', () => {
  it('is opened at a terminal with a desktop on this machine, and nowhere else', () => {
    const at = { platform: 'linux', env: { DISPLAY: ':0' }, isTerminal: true } as const;
    expect(openerIn(at)).toEqual(['xdg-open']);
    expect(openerIn({ ...at, env: { WAYLAND_DISPLAY: 'wayland-0' } })).toEqual(['xdg-open']);
    expect(openerIn({ ...at, platform: 'darwin', env: {} })).toEqual(['open']);
    expect(openerIn({ ...at, isTerminal: false })).toBeUndefined();
    for (const env of [{}, { DISPLAY: ':0', CI: 'true' }, { DISPLAY: ':0', SSH_CONNECTION: '::1 1 ::1 22' }])
      expect(openerIn({ ...at, env })).toBeUndefined();
  });
});

describe('a line that is too long', () => {
  it('is broken between words and goes on under the first word, and no line is longer than may be', () => {
    expect(wrap('  0:01  one two three', 14, 8)).toEqual(['  0:01  one', '        two', '        three']);
    expect(wrap('short', 14, 8)).toEqual(['short']);
    expect(wrap('aaaaaaaaaaaaaaaaaaaa', 14, 2)).toEqual(['aaaaaaaaaaaaaa', '  aaaaaa']);
  });
});

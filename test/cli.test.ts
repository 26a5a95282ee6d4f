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

async function ended(...args: string[]) {
  const run = pairlane(args);
  return { status: await run.exited(), stdout: run.stdout, stderr: run.stderr };
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

  it('of a command is also what `pairlane help COMMAND` prints', async () => {
    const page = await ended('help', 'serve');
    expect(page.stdout).toContain('Usage: pairlane serve [options]');
    expect(page).toEqual(await ended('serve', '--help'));
  });
});

describe('a Node that is too old', () => {
  it('runs no command: one line says which Node is needed, and the status is 1', async () => {
    const old = "data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '18.20.8' })";
    for (const name of [...(await commandNames()), '--version', '--help']) {
      const run = runNode(['--import', old, 'dist/cli.js', name]);
      expect([name, await run.exited(), run.stdout, run.stderr]).toEqual([
        ...[name, 1, ''],
        'pairlane: Node 18.20.8 is too old; Pairlane needs Node 20.19 or newer.\n',
      ]);
    }
  });
});

describe('a command that there is not', () => {
  it.each([
    [['serv'], "there is no command 'serv'; did you mean 'serve'?"],
    [['help', 'relay-chta'], "there is no command 'relay-chta'; did you mean 'relay-chat'?"],
    [['xyz', '--port', '1'], "there is no command 'xyz'"],
    [['\u001b[2J'], "there is no command '\ufffd[2J'"],
  ])(
    'is refused in two lines, with status 2, and with the name that was probably meant: %j',
    async (args, why) => {
      expect(await ended(...args)).toEqual({
        status: 2,
        stdout: '',
        stderr: `pairlane: ${why}\nTry: pairlane --help\n`,
      });
    },
  );
});

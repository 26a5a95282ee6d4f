/** The two packages, as their users get them: made, installed in an empty folder, imported, run and type-checked. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer } from '../support/servers/test-server.ts';

/** What npm and the bundlers may take on a busy machine. */
const INSTALL_MS = 300_000;

const home = mkdtempSync(join(tmpdir(), 'pairlane-packages-'));
const tarballs = resolve('packages');

/** Runs a program to its end. @throws with all that it printed, when it fails */
function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`);
  }
}

/** An empty folder with one of the packages in it. */
function install(tarball: string, ...more: readonly string[]): string {
  const folder = join(home, tarball);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "a-user", "type": "module", "private": true }');
  const file = readdirSync(tarballs).find((name) => name.startsWith(`${tarball}-0`));
  run('npm', ['install', '--no-audit', '--no-fund', join(tarballs, file as string), ...more], folder);
  return folder;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, { size }) => sum + size, 0);
}

/** Compiles a user's file with libraries checked, for either way to resolve modules. */
function typecheck(folder: string, source: string, ...more: readonly string[]): void {
  writeFileSync(join(folder, 'user.ts'), source);
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])
    run(
      process.execPath,
      [
        ...[resolve('node_modules/typescript/bin/tsc'), '--noEmit', '--strict', ...more],
        ...['--skipLibCheck', 'false', '--target', 'es2022', '--lib', 'es2023,dom'],
        ...['--typeRoots', resolve('node_modules/@types'), '--types', 'node'],
        ...['--module', module as string, '--moduleResolution', moduleResolution as string, 'user.ts'],
      ],
      folder,
    );
}

beforeAll(() => {
  run('npm', ['run', 'packages'], '.');
}, INSTALL_MS);

afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('pairlane-client, installed in an empty folder', () => {
  it(
    'needs nothing else, is under 15 MB, and connects two peers',
    async () => {
      const folder = install('pairlane-client');
      expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
        'pairlane-client',
      ]);
      expect(sizeOf(join(folder, 'node_modules'))).toBeLessThan(15_000_000);
      const { server } = await startTestServer();
      writeFileSync(
        join(folder, 'two.js'),
        `import { createPeer } from 'pairlane-client';
         const options = { url: ${JSON.stringify(server.url)}, iceServers: [] };
         const [a, b] = [await createPeer(options), await createPeer(options)];
         const heard = new Promise((resolve) => b.on('message', resolve));
         const { key } = await b.createKey();
         await a.pair({ key });
         await a.opened();
         await a.send('hello');
         console.log(await heard);
         await Promise.all([a.close(), b.close()]);`,
      );
      const { exec } = await import('node:child_process');
      const printed = await new Promise<string>((resolve, reject) =>
        exec('node two.js', { cwd: folder }, (error, stdout, stderr) =>
          error ? reject(new Error(`${stdout}\n${stderr}`)) : resolve(stdout),
        ),
      );
      expect(printed).toBe('hello\n');
    },
    INSTALL_MS,
  );

  it('is had by require(), too, and names its licences', () => {
    const folder = join(home, 'pairlane-client');
    const names = run(
      process.execPath,
      ['--no-warnings', '-p', "Object.keys(require('pairlane-client')).includes('createPeer')"],
      folder,
    );
    expect(names.trim()).toBe('true');
    const licences = readFileSync(join(folder, 'node_modules/pairlane-client/THIRD-PARTY-LICENSES'), 'utf8');
    expect(licences).toMatch(/^werift /m);
    expect(licences).toMatch(/^xstate /m);
  });

  it('has types that need nobody else’s', () => {
    typecheck(
      join(home, 'pairlane-client'),
      `import { createPeer, type Peer } from 'pairlane-client';
       export const peer: Promise<Peer> = createPeer({ url: 'ws://localhost:8765/' });
       // @ts-expect-error a number is no address
       createPeer({ url: 8765 });`,
      '--exactOptionalPropertyTypes',
    );
  });
});

describe('pairlane, installed in an empty folder', () => {
  it(
    'brings the program, with all that it serves',
    () => {
      const folder = install('pairlane');
      expect(run('npx', ['pairlane', '--version'], folder).trim()).toBe('0.1.0');
      expect(run('npx', ['pairlane', 'chart', 'pairing', '--format', 'svg'], folder)).toMatch(/^<svg/);
      const inside = readdirSync(join(folder, 'node_modules/pairlane'));
      expect(inside).toEqual(
        expect.arrayContaining(['README.md', 'LICENSE', 'CHANGELOG.md', 'dist', 'docs']),
      );
      expect(readdirSync(join(folder, 'node_modules/pairlane/dist/site'))).toContain('index.html');
    },
    INSTALL_MS,
  );

  it('has types that pass where libraries are checked, too', () => {
    typecheck(
      join(home, 'pairlane'),
      `import { createPeer } from 'pairlane/client';
       import { startServer } from 'pairlane/server';
       export const peer = createPeer();
       export const server = startServer({ port: 0 });`,
    );
  });
});

/** The two packages, as their users get them: made, installed in an empty folder, imported, run and type-checked. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assertFreshBuild } from '../../tools/assert-fresh-build.ts';
import { Terminal } from '../support/servers/pty.ts';
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

/** The package as it was made; beside it may be what a release made of it earlier. */
function tarballOf(name: string): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return join(tarballs, `${name}-${version}.tgz`);
}

/** An empty folder with one of the packages in it. */
function install(tarball: string, ...more: readonly string[]): string {
  const folder = join(home, tarball);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "a-user", "type": "module", "private": true }');
  run('npm', ['install', '--no-audit', '--no-fund', tarballOf(tarball), ...more], folder);
  return folder;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, { size }) => sum + size, 0);
}

/** The oldest TypeScript and the newest: between them nothing is taken away. */
const TYPESCRIPTS = ['5.0.4', '7.0.2'] as const;

const nameOf = (version: string) => `typescript-${version.replaceAll('.', '-')}`;

/**
 * Compiles a user's `user.ts` with each TypeScript of the folder `versions`, libraries checked, and for each way to find
 * modules.
 * @param more options of the compiler
 */
function typecheck(folder: string, more: Readonly<Record<string, unknown>>): void {
  for (const version of TYPESCRIPTS) {
    for (const moduleResolution of ['nodenext', 'bundler']) {
      const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution;
      const compilerOptions = {
        ...{ noEmit: true, strict: true },
        // The package's declarations are checked; TypeScript's own, which take most of the time, are not ours to check.
        ...{ skipLibCheck: false, skipDefaultLibCheck: true },
        ...{ target: 'es2022', lib: ['es2023', 'dom'], module, moduleResolution, ...more },
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }));
      const tsc = join(home, 'versions/node_modules', nameOf(version), 'bin/tsc');
      run(process.execPath, [tsc, '-p', '.'], folder);
    }
  }
}

beforeAll(() => {
  assertFreshBuild();
  // `npm run packages` without its build, which the tests have had.
  run(process.execPath, ['--import', 'tsx', 'scripts/make-packages.ts'], '.');
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
});

describe('pairlane-client, in the tools of its users', () => {
  /** A folder with the package and those tools; CommonJS, as npm makes one by default. */
  function folderWith(name: string, ...tools: readonly string[]): string {
    const folder = join(home, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "name": "a-user", "private": true }');
    run('npm', ['install', '--no-audit', '--no-fund', tarballOf('pairlane-client'), ...tools], folder);
    return folder;
  }

  it(
    'has types that need nobody else’s, for TypeScript 5.0 and 7.0, libraries checked, nodenext and bundler, exact optional properties',
    () => {
      const folder = folderWith(
        'versions',
        ...TYPESCRIPTS.map((version) => `${nameOf(version)}@npm:typescript@${version}`),
      );
      writeFileSync(
        join(folder, 'user.ts'),
        `import { createPeer, type Peer } from 'pairlane-client';
         import { watchConnection } from 'pairlane-client/watch';
         import { WebRTCManager } from 'pairlane-client/webrtc-manager';
         export const peer: Promise<Peer> = createPeer({ url: 'ws://localhost:8765/' });
         export const stop: () => void = watchConnection(new RTCPeerConnection(), { name: 'call 7' });
         export { WebRTCManager };
         // @ts-expect-error a number is no address
         createPeer({ url: 8765 });`,
      );
      typecheck(folder, { exactOptionalPropertyTypes: true, types: [] });
    },
    INSTALL_MS,
  );

  it(
    'is had by jest as it comes, by vitest, and bundled for the browser by Vite and esbuild',
    () => {
      const folder = folderWith('tools', 'jest@30', 'vitest@3', 'vite@7', 'esbuild');
      mkdirSync(join(folder, 'jest'));
      writeFileSync(
        join(folder, 'jest/peer.test.js'),
        `const { createPeer } = require('pairlane-client');
         test('it is there', () => expect(typeof createPeer).toBe('function'));`,
      );
      run('npx', ['jest', '--rootDir', 'jest'], folder);
      mkdirSync(join(folder, 'vitest'));
      writeFileSync(
        join(folder, 'vitest/peer.test.mjs'),
        `import { createPeer } from 'pairlane-client';
         import { expect, test } from 'vitest';
         test('it is there', () => expect(typeof createPeer).toBe('function'));`,
      );
      run('npx', ['vitest', 'run', '--dir', 'vitest'], folder);
      writeFileSync(
        join(folder, 'page.mjs'),
        "import { createPeer } from 'pairlane-client';\ndocument.title = typeof createPeer;\n",
      );
      writeFileSync(join(folder, 'index.html'), '<script type="module" src="/page.mjs"></script>\n');
      run('npx', ['vite', 'build', '--outDir', 'with-vite'], folder);
      run('npx', ['esbuild', 'page.mjs', '--bundle', '--format=esm', '--outdir=with-esbuild'], folder);
      const scripts = [
        readFileSync(join(folder, 'with-esbuild/page.js'), 'utf8'),
        ...readdirSync(join(folder, 'with-vite/assets')).map((name) =>
          readFileSync(join(folder, 'with-vite/assets', name), 'utf8'),
        ),
      ];
      // The browser's own: nothing of Node in it.
      expect(scripts).toHaveLength(2);
      for (const script of scripts) {
        expect(script).toContain('RTCPeerConnection');
        expect(script).not.toMatch(/node:|werift/);
      }
    },
    INSTALL_MS,
  );
});

describe('both packages', () => {
  it('pass publint, every hint of it, and have types that resolve as their code does', () => {
    const [server, client] = [tarballOf('pairlane'), tarballOf('pairlane-client')];
    for (const tarball of [server, client]) run('npx', ['publint', 'run', tarball, '--strict'], '.');
    run('npx', ['attw', client], '.');
    // Of ES modules only: `require()` takes them from Node 20.19 on.
    run('npx', ['attw', server, '--profile', 'esm-only'], '.');
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

  /** The stories of docs/testing.md, in the folder of `pairlane`, with the runners of the folder `tools`. */
  const node = (...args: string[]) => {
    const to = (where: string) => `--test-reporter-destination=${where}`;
    return [
      ...[
        '--test',
        '--test-reporter=spec',
        to('stdout'),
        '--test-reporter=pairlane/testing/node',
        to('stderr'),
      ],
      ...args,
    ];
  };
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  it.each<[runner: string, args: string[]]>([
    ['node:test', node('testing/node/stories.test.js')],
    ['jest as it comes, CommonJS', [...jest, '-c', 'testing/jest/jest.config.cjs']],
    ['vitest', ['node_modules/vitest/vitest.mjs', 'run', '--root', 'testing/vitest']],
  ])(
    'is what %s tests with: a bot, a machine and a record; a transition that was never taken fails the run',
    (_runner, args) => {
      const folder = join(home, 'pairlane');
      cpSync('examples/testing', join(folder, 'testing'), { recursive: true });
      for (const tool of ['jest', 'vitest']) {
        const link = join(folder, 'node_modules', tool);
        if (!existsSync(link)) symlinkSync(join(home, 'tools/node_modules', tool), link);
      }
      const runStories = (more: NodeJS.ProcessEnv) => {
        const env = { ...process.env, TRANSITIONS_FOLDER: join(folder, 'transitions'), ...more };
        const { status, stdout, stderr } = spawnSync(process.execPath, args, {
          cwd: folder,
          env,
          encoding: 'utf8',
        });
        return { status, said: stdout + stderr };
      };
      const whole = runStories({});
      expect(whole.said).toContain('door: 3 of 3 taken\ndoor, two after each other: 4 of 4 taken\n');
      expect(whole.status).toBe(0);
      const partial = runStories({ FIRST_PATH_ONLY: '1' });
      expect(partial.said).toContain('never taken: door.open --PUSHED#0--> door.closed\n');
      expect(partial.status).toBe(1);
    },
    INSTALL_MS,
  );

  const ofNode = { types: ['node'], typeRoots: [resolve('node_modules/@types')] };

  it(
    'has types that pass where libraries are checked, for TypeScript 5.0 and 7.0, nodenext and bundler, exact optional properties',
    () => {
      const folder = join(home, 'pairlane');
      writeFileSync(
        join(folder, 'user.ts'),
        `import { createPeer as createBrowserPeer } from 'pairlane/browser';
         import { createPeer, type Observer, type Peer } from 'pairlane/client';
         import { closeCodes } from 'pairlane/protocol';
         import { attach, ControlError, startServer } from 'pairlane/server';
         import forJest from 'pairlane/testing/jest';
         import forNode from 'pairlane/testing/node';
         import forVitest from 'pairlane/testing/vitest';
         import { watchConnection } from 'pairlane/watch';
         import { WebRTCManager } from 'pairlane/webrtc-manager';
         const observer: Observer<unknown> = ({ from, to }) => console.log(from, to);
         export const peer: Promise<Peer> = createPeer({ observer });
         export const server = startServer({ port: 0, onSession: ({ session }) => console.log(session.id) });
         export const other = [attach, closeCodes, ControlError, createBrowserPeer, watchConnection, WebRTCManager];
         export const reporters = [forJest, forNode, forVitest];
         // @ts-expect-error a number is no address
         createPeer({ url: 8765 });
         // @ts-expect-error a word is no port
         startServer({ port: 'any' });`,
      );
      typecheck(folder, { exactOptionalPropertyTypes: true, ...ofNode });
    },
    INSTALL_MS,
  );

  it(
    'has types of machines that pass, too, except that with exact optional properties XState’s own do not',
    () => {
      const folder = join(home, 'pairlane');
      writeFileSync(
        join(folder, 'user.ts'),
        `import { chartTable } from 'pairlane/inspector';
         import { sessionMachine } from 'pairlane/machines';
         import { TestWorld, tableOf } from 'pairlane/testing';
         export const world: Promise<TestWorld> = TestWorld.start();
         export const all = [chartTable, sessionMachine, tableOf];`,
      );
      typecheck(folder, ofNode);
      // When that changes, docs/getting-started.md has to.
      expect(() => typecheck(folder, { exactOptionalPropertyTypes: true, ...ofNode })).toThrow(
        /xstate\/dist\/declarations\/src\/setup\.d\.ts.*Type 'TConfig' does not satisfy the constraint 'StateSchema'/,
      );
    },
    INSTALL_MS,
  );

  it(
    'runs its programs: the demo, a server, and two who chat through it',
    async () => {
      const folder = join(home, 'pairlane');
      expect(run('npx', ['pairlane', 'demo'], folder)).toMatch(
        /ms {2}Alice answers: .*\n(?:.*\n)+All of it took \d+ ms\.\n$/,
      );
      const inTerminal = (...args: string[]) => new Terminal(['npx', 'pairlane', ...args], folder);
      const server = inTerminal('serve', '--port', '0');
      const [, port] = await server.shows(/Page +http:\/\/localhost:(\d+)\//);
      const chat = (...args: string[]) =>
        inTerminal(
          'chat',
          '--url',
          `ws://127.0.0.1:${port}/`,
          '--no-ice',
          '--ice-host-address',
          '127.0.0.1',
          ...args,
        );
      const one = chat('--new-key');
      const [, key = ''] = await one.shows(/Your pairing key: (\S+)/);
      const other = chat('--key', key);
      await Promise.all([one, other].map((terminal) => terminal.shows('Data channel opened!')));
      one.type('Hello from one');
      await other.shows('< Peer: Hello from one\n');
      other.type('Hello from the other');
      await one.shows('< Peer: Hello from the other\n');
      other.ctrlD();
      expect(await other.exited()).toBe(0);
      await one.shows('disconnected.');
      one.ctrlC();
      expect(await one.exited()).toBe(0);
      server.ctrlC();
      // With what status is npx's own affair.
      await server.shows('Server stopping');
      await server.exited();
    },
    INSTALL_MS,
  );
});

describe('a release of them', () => {
  it('has checksums that fit, both packages, the notes, and a bill of materials with each dependency', () => {
    const said = run(process.execPath, ['--import', 'tsx', 'scripts/make-release.ts', '--unreleased'], '.');
    const { version, dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      version: string;
      dependencies: Record<string, string>;
    };
    const files = run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], 'packages');
    expect(files.trim().split('\n')).toEqual([
      `pairlane-${version}.tgz: OK`,
      `pairlane-client-${version}.tgz: OK`,
      `pairlane-${version}.cdx.json: OK`,
      `pairlane-${version}.md: OK`,
    ]);
    expect(said).toContain(`npm publish packages/pairlane-${version}.tgz`);
    const { bomFormat, components } = JSON.parse(
      readFileSync(`packages/pairlane-${version}.cdx.json`, 'utf8'),
    ) as {
      bomFormat: string;
      components: { name: string; group?: string; purl: string; hashes?: unknown[] }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const urls = components.map(({ purl }) => decodeURIComponent(purl));
    for (const [name, range] of Object.entries(dependencies)) {
      // One that is installed under another name has its own there.
      const [, real = name] = /^npm:(.+)@/.exec(range) ?? [];
      expect(urls).toContainEqual(expect.stringContaining(`pkg:npm/${real}@`));
    }
    expect(urls.some((url) => url.includes('/jest@'))).toBe(false);
  });
});

/**
 * `npm run packages`: packs the two packages of this repository as tarballs in packages/. `pairlane` uses the
 * repository's own manifest; the manifest of `pairlane-client` is derived from it: the clients for Node and the
 * browser, each as one file without dependencies, so that a program that only connects installs no server.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateDtsBundle } from 'dts-bundle-generator';
import { type BuildOptions, build } from 'esbuild';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'));

const TARBALLS = at('packages');
const CLIENT = at('.cache/pairlane-client');

/** The entry points of `pairlane-client`, and their sources. */
const entries = [
  { name: 'index', source: 'src/client/index.ts', browser: 'pairlane' },
  { name: 'webrtc-manager', source: 'src/client/rooms/index.ts', browser: 'webrtc-manager' },
  { name: 'watch', source: 'src/client/browser/watch/index.ts', browser: 'pairlane-watch' },
] as const;

/** The declaration files of the build that each declaration file of the package is bundled from. */
const typesOfOutputs = {
  'index.d.ts': 'dist/client/index.d.ts',
  'webrtc-manager.d.ts': 'dist/client/rooms/index.d.ts',
  'watch.d.ts': 'dist/client/browser/watch/index.d.ts',
  'browser/pairlane.d.ts': 'dist/client/browser/index.d.ts',
  'browser/webrtc-manager.d.ts': 'dist/client/browser/webrtc-manager.d.ts',
  'browser/pairlane-watch.d.ts': 'dist/client/browser/watch/index.d.ts',
};

const nodeBundle: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  metafile: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'warning',
  // Bundled CommonJS code calls `require` for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
  // Optional accelerators that `ws` looks for and works without.
  external: ['bufferutil', 'utf-8-validate'],
};

/** The folder of the innermost package that a bundled file came from; undefined for our own files. */
function packageOf(input: string): string | undefined {
  const folders = [...input.matchAll(/node_modules\/(?:@[^/]+\/)?[^/]+/g)].map(
    (found) => input.slice(0, found.index) + found[0],
  );
  return folders.reverse().find((folder) => existsSync(at(`${folder}/package.json`)));
}

/** The licences of everything that is bundled, which most of them require to be included. */
function licencesOf(folders: ReadonlySet<string>): string {
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(at(`${folder}/package.json`), 'utf8'));
      const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'License']
        .map((candidate) => at(`${folder}/${candidate}`))
        .find((candidate) => existsSync(candidate));
      const text = file ? readFileSync(file, 'utf8').trim() : `${license} (the package has no licence file)`;
      return `${name} ${version}\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

async function makeClient(): Promise<void> {
  rmSync(CLIENT, { recursive: true, force: true });
  mkdirSync(join(CLIENT, 'browser'), { recursive: true });
  const bundled = new Set<string>();
  const { metafile } = await build({
    ...nodeBundle,
    entryPoints: Object.fromEntries(entries.map(({ name, source }) => [name, at(source)])),
    outdir: CLIENT,
    splitting: true,
  });
  for (const input of Object.keys(metafile?.inputs ?? {})) {
    const folder = packageOf(input);
    if (folder) bundled.add(folder);
  }
  await build({
    ...nodeBundle,
    format: 'cjs',
    banner: {},
    // Where the module came from matters only where a server serves it, as an ES module.
    define: { 'import.meta.url': "''" },
    entryPoints: Object.fromEntries(entries.map(({ name, source }) => [name, at(source)])),
    outdir: CLIENT,
    outExtension: { '.js': '.cjs' },
  });
  for (const { browser } of entries)
    cpSync(at(`dist/browser/${browser}.js`), join(CLIENT, `browser/${browser}.js`));
  for (const [output, types] of bundledTypes(typesOfOutputs)) writeFileSync(join(CLIENT, output), types);
  for (const { name } of entries) cpSync(join(CLIENT, `${name}.d.ts`), join(CLIENT, `${name}.d.cts`));
  writeFileSync(join(CLIENT, 'THIRD-PARTY-LICENSES'), licencesOf(bundled));
  cpSync(at('LICENSE'), join(CLIENT, 'LICENSE'));
  writeFileSync(join(CLIENT, 'README.md'), CLIENT_README);
  const { version, license, author, type, engines, keywords } = manifest;
  writeFileSync(
    join(CLIENT, 'package.json'),
    `${JSON.stringify(
      {
        name: 'pairlane-client',
        version,
        description: 'The client of Pairlane, a WebRTC signaling server: data channels for Node and browsers',
        ...{ keywords, author, license, type, engines },
        exports: {
          './package.json': './package.json',
          '.': conditionsOf('index', 'pairlane'),
          './webrtc-manager': conditionsOf('webrtc-manager', 'webrtc-manager'),
          './watch': conditionsOf('watch', 'pairlane-watch'),
        },
        sideEffects: false,
      },
      undefined,
      2,
    )}\n`,
  );
}

/**
 * Browser bundlers get the browser build; everything else gets Node's, including a CommonJS build for `require()`,
 * which jest needs.
 */
function conditionsOf(node: string, browser: string) {
  const file = (name: string, c = '') => ({ types: `./${name}.d.${c}ts`, default: `./${name}.${c}js` });
  return { browser: file(`browser/${browser}`), require: file(node, 'c'), ...file(node) };
}

/**
 * Bundles each declaration file with everything it needs, so that its users' types do not depend on ours.
 * @returns their texts by output
 */
function bundledTypes(declarations: Readonly<Record<string, string>>): [string, string][] {
  const preferredConfigPath = at('.cache/pairlane-client-types.json');
  const compilerOptions = {
    ...{ target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2024', 'dom'] },
    ...{ allowImportingTsExtensions: true, noEmit: true, skipLibCheck: true, strict: true, types: ['node'] },
  };
  const files = Object.values(declarations).map(at);
  writeFileSync(preferredConfigPath, JSON.stringify({ compilerOptions, files }));
  const texts = generateDtsBundle(
    files.map((filePath) => ({
      filePath,
      output: { noBanner: true },
      libraries: { inlinedLibraries: ['eventemitter3', 'xstate', 'typebox'] },
    })),
    { preferredConfigPath },
  );
  return Object.keys(declarations).map((output, index) => [output, texts[index] as string]);
}

const CLIENT_README = `# pairlane-client

The client of Pairlane, a self-hosted WebRTC signaling server, for Node and browsers, in one file without dependencies.

\`\`\`js
import { createPeer } from 'pairlane-client';

const peer = await createPeer({ url: 'ws://localhost:8765/' });
peer.on('message', (message) => console.log('got', message));
const { key } = await peer.createKey(); // the other side calls peer.pair({ key })
await peer.opened();
await peer.send('hello');
await peer.close(); // once the message has arrived
\`\`\`

The server, its documentation and the command-line programs are in the package \`pairlane\`.
`;

/**
 * Runs `npm pack` in a folder.
 * @returns the tarball's path
 */
function pack(folder: string): string {
  const output = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', TARBALLS, folder],
    {
      cwd: dirname(folder),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const [{ filename, size, unpackedSize }] = JSON.parse(output);
  console.log(`packages/${filename}  ${kb(size)} packed, ${kb(unpackedSize)} unpacked`);
  return join(TARBALLS, filename);
}

const kb = (bytes: number) => `${Math.round(bytes / 1024).toLocaleString('en')} KiB`;

mkdirSync(TARBALLS, { recursive: true });
await makeClient();
for (const folder of [at('.'), CLIENT]) pack(folder);

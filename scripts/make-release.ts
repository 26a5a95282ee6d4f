/**
 * `npm run release`: puts everything that a release consists of into packages/: both tarballs (`npm run packages` makes
 * them first), one software bill of materials with all dependencies (CycloneDX, by npm itself), the changelog's section,
 * and checksums of all of them. It publishes nothing; it prints the command that does, with provenance where a CI can
 * vouch for the build.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notesOf } from './release/notes.ts';

const FOLDER = 'packages';

/** `--unreleased`: a trial run with the [Unreleased] section, with any state of the working tree. */
const isTrial = process.argv.includes('--unreleased');

/** npm can vouch for who built the package, and from what, if one of these is set. */
const PROVENANCE = ['ACTIONS_ID_TOKEN_REQUEST_URL', 'SIGSTORE_ID_TOKEN'];

function main(): void {
  const { version, name } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    version: string;
    name: string;
  };
  if (!isTrial && git('status', '--porcelain') !== '')
    throw new Error('the working tree has changes: commit them, so that the release is what the commit says');
  const notes = notesOf(readFileSync('CHANGELOG.md', 'utf8'), isTrial ? 'Unreleased' : version);
  const tarballs = [name, `${name}-client`].map((each) => `${each}-${version}.tgz`);
  for (const tarball of tarballs)
    if (!existsSync(`${FOLDER}/${tarball}`))
      throw new Error(`there is no ${FOLDER}/${tarball}: npm run packages`);
  const files = { bom: `${name}-${version}.cdx.json`, notes: `${name}-${version}.md` };
  writeFileSync(`${FOLDER}/${files.bom}`, billOfMaterials());
  writeFileSync(`${FOLDER}/${files.notes}`, notes);
  const all = [...tarballs, ...Object.values(files)];
  writeFileSync(
    `${FOLDER}/SHA256SUMS`,
    all.map((file) => `${sha256(readFileSync(`${FOLDER}/${file}`))}  ${file}\n`).join(''),
  );
  const provenance = PROVENANCE.some((variable) => process.env[variable]) ? ' --provenance' : '';
  process.stdout.write(
    [
      `${name} ${version} is in ${FOLDER}/, of commit ${git('rev-parse', 'HEAD')}:`,
      ...[...all, 'SHA256SUMS'].map((file) => `  ${file}`),
      'To publish it:',
      ...tarballs.map((tarball) => `  npm publish${provenance} ${FOLDER}/${tarball}`),
      '',
    ].join('\n'),
  );
}

/**
 * The bill of materials of what users of the package install, from the lock file and thus from what was tested.
 * Development dependencies are removed beforehand, since npm's `--omit=dev` also leaves out whatever a development
 * package needs as well.
 */
function billOfMaterials(): string {
  const home = mkdtempSync(join(tmpdir(), 'pairlane-bom-'));
  try {
    const {
      devDependencies: _,
      overrides: _o,
      ...manifest
    } = JSON.parse(readFileSync('package.json', 'utf8'));
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
    const { '': root, ...installed } = lock.packages as Record<string, { dev?: true }>;
    const { devDependencies: _d, ...own } = root as { devDependencies?: unknown };
    const packages = Object.fromEntries(Object.entries(installed).filter(([, { dev }]) => !dev));
    writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
    writeFileSync(
      join(home, 'package-lock.json'),
      JSON.stringify({ ...lock, packages: { '': own, ...packages } }),
    );
    return execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format=cyclonedx'], {
      cwd: home,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
  } finally {
    rmSync(home, { recursive: true });
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', [...args], { encoding: 'utf8' }).trim();
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

try {
  main();
} catch (error) {
  process.stderr.write(`npm run release: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

#!/usr/bin/env node
// Builds unless the output is as new as its sources, and says so, since the first build takes a while.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = ['src', 'examples/pong', 'package.json'];
/** Written by the last part of the build. */
const LAST_BUILT = 'dist/schemas';

/** The files below a path, or the file itself. */
function filesOf(path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat ? [path] : [];
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).map((name) => join(path, name));
}

const timeOf = (path) => statSync(join(root, path)).mtimeMs;
const parts = readdirSync(root).filter((name) => /^tsconfig.*\.json$/.test(name));
const scripts = filesOf('scripts').filter((name) => /build-[a-z]+\.ts$/.test(name));
const changedAt = Math.max(...[...SOURCES.flatMap(filesOf), ...parts, ...scripts].map(timeOf));
const builtAt = Math.min(
  ...filesOf(LAST_BUILT).map(timeOf),
  filesOf('dist/cli.js').length === 0 ? 0 : Infinity,
);

if (!(Number.isFinite(builtAt) && builtAt >= changedAt)) {
  process.stderr.write(
    'Building Pairlane: half a minute the first time, and again when sources have changed ...\n',
  );
  const started = performance.now();
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  process.stderr.write(`Built in ${Math.round((performance.now() - started) / 1000)} s.\n`);
}

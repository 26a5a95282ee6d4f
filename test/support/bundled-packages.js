/**
 * Packages of hundreds of small files, each as one file: jest loads every file of a package anew for every test file,
 * and typebox alone is 681, half of what a test of the server loads.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

// By what they are written in: a bundle keeps that, so that what they export keeps its names. Not those of which a test
// or the server uses files by their path (pino's worker), nor those that a test's other packages use, too (xstate).
const packages = {
  esm: { 'fast-check': 'fast-check', jose: 'jose', typebox: 'typebox', 'typebox/compile': 'typebox-compile' },
  cjs: { 'pino-pretty': 'pino-pretty', 'prom-client': 'prom-client', werift: 'werift' },
};
const endings = { esm: '.mjs', cjs: '.cjs' };

/** Makes them once for each lock file. Returns jest's `moduleNameMapper` for them. */
export async function bundledPackages() {
  const lock = createHash('sha1').update(readFileSync('package-lock.json')).update(JSON.stringify(packages));
  const folder = join('.cache', 'bundled-packages', lock.digest('hex').slice(0, 16));
  if (!existsSync(folder)) await make(folder);
  return Object.fromEntries(
    Object.entries(packages).flatMap(([format, names]) =>
      Object.entries(names).map(([name, file]) => [
        `^${name}$`,
        `<rootDir>/${folder}/${file}${endings[format]}`,
      ]),
    ),
  );
}

async function make(folder) {
  const made = `${folder}.${process.pid}`;
  mkdirSync(made, { recursive: true });
  for (const [format, names] of Object.entries(packages))
    await build({
      entryPoints: Object.fromEntries(Object.entries(names).map(([name, file]) => [file, name])),
      outdir: made,
      outExtension: { '.js': endings[format] },
      bundle: true,
      // What two of them have in common exists once.
      splitting: format === 'esm',
      format,
      platform: 'node',
      logLevel: 'error',
    });
  try {
    renameSync(made, folder);
  } catch {
    // Another run was first.
    rmSync(made, { recursive: true });
  }
}

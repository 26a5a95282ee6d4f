/**
 * Bundles packages of hundreds of small files into one file each: jest loads every file of a package anew for every
 * test file, and typebox alone has 681, half of what a test of the server loads.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

// By module format, which a bundle keeps, so that its exports keep their names. Packages whose files a test or the
// server uses by path (pino's worker), or that other packages of a test use, too (xstate), are not bundled.
const packages = {
  esm: { 'fast-check': 'fast-check', jose: 'jose', typebox: 'typebox', 'typebox/compile': 'typebox-compile' },
  cjs: { 'pino-pretty': 'pino-pretty', 'prom-client': 'prom-client', werift: 'werift' },
};
const endings = { esm: '.mjs', cjs: '.cjs' };

/** Makes the bundles once per lock file. Returns jest's `moduleNameMapper` for them. */
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
      // Shared code exists once.
      splitting: format === 'esm',
      format,
      platform: 'node',
      logLevel: 'error',
    });
  try {
    renameSync(made, folder);
  } catch {
    // Another run was faster.
    rmSync(made, { recursive: true });
  }
}

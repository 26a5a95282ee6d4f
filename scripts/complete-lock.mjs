#!/usr/bin/env node
// Completes package-lock.json after `npm install` ran against a registry that lacks some platforms' binaries.
//
// Native packages publish one optional package per platform. A registry that mirrors only some of them makes
// `npm install` write a lock file without the others, and every later `npm ci` refuses that lock file ("Missing:
// @uwsjs/darwin-arm64-22 from lock file"). This adds the missing entries, so that npm on that platform can fetch
// them and npm elsewhere passes over them. Run it after every `npm install` that changes package-lock.json.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const packages = lock.packages;

const OS = ['darwin', 'linux', 'win32', 'android', 'freebsd', 'openharmony'];
const CPU = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 's390x', 'loong64', 'riscv64', 'wasm32'];

/** Reads the platform out of a name like `@swc/core-linux-arm64-musl` or `@uwsjs/linux-x64-22`. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = OS.find((word) => words.includes(word));
  const cpu = CPU.find((word) => words.includes(word));
  const libc = os !== 'linux' ? undefined : words.some((w) => w.startsWith('musl')) ? 'musl' : 'glibc';
  const nodeMajor = name.startsWith('@uwsjs/') ? Number(words.at(-1)) : undefined;
  return {
    ...(os && { os: [os] }),
    ...(cpu && { cpu: [cpu] }),
    ...(libc && { libc: [libc] }),
    ...(nodeMajor && { engines: { node: `>=${nodeMajor}.0.0 <${nodeMajor + 1}.0.0` } }),
  };
}

/** The lock entry to which Node's module resolution resolves `name` from the package at `path`, or undefined. */
function resolve(path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const found = packages[at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`];
    if (found || at === '') return found;
    if (!at.includes('/node_modules/')) at = '/node_modules/';
  }
}

let added = 0;
for (const [path, pkg] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(pkg.optionalDependencies ?? {})) {
    const found = resolve(path, name);
    const isExact = /^\d/.test(version);
    if (found && (!isExact || found.version === version)) continue;
    const at = found ? `${path}/node_modules/${name}` : `node_modules/${name}`;
    packages[at] = {
      version: version.replace(/^[^\d]*/, ''),
      ...(pkg.dev && { dev: true }),
      license: pkg.license,
      optional: true,
      ...platformOf(name),
    };
    added += 1;
  }
}

lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} missing optional ${added === 1 ? 'entry' : 'entries'} added`);

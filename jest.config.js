/**
 * Projects, told apart by test/full-only.js: `npm test`; `npm run test:full` with what is long, and with what is near the
 * shell that serves once more on the other shell; `npm run test:release` with what a release is checked by, and with all
 * other tests of the server on that shell.
 */
import { readdirSync } from 'node:fs';
import { bothShells, fullAgain, fullOnly, releaseOnly } from './test/full-only.js';
import { bundledPackages } from './test/support/bundled-packages.js';

const tests = readdirSync('test', { recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .sort();
const isAmong = (paths) => (file) => paths.some((path) => file.startsWith(path));
const release = tests.filter(isAmong(releaseOnly));
const fast = tests.filter((file) => !isAmong([...fullOnly, ...releaseOnly])(file));
const full = tests.filter(isAmong([...fullOnly, ...fullAgain])).filter((file) => !release.includes(file));
const serverOnWs = tests
  .filter(isAmong(['server/']))
  .filter((file) => !bothShells.includes(file) && !release.includes(file));

const moduleNameMapper = await bundledPackages();

const project = (displayName, files, shell) => ({
  displayName,
  // Read by test/support/runs.ts, and by test/support/jest-setup.ts.
  globals: { isFullRun: displayName === 'full', ...(shell && { shell }) },
  testEnvironment: '<rootDir>/test/support/jest-environment.js',
  testMatch: files.map((file) => `<rootDir>/test/${file}`),
  setupFilesAfterEnv: ['<rootDir>/test/support/jest-setup.ts'],
  moduleNameMapper,
  // Copies of the tree, with a package.json of the same name, in which mutants are tried.
  modulePathIgnorePatterns: ['<rootDir>/.cache/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
});

/** @type {import('jest').Config} */
export default {
  projects: [
    project('fast', fast),
    project('full', full),
    project('ws', bothShells, 'ws'),
    project('release', release),
    project('server-on-ws', serverOnWs, 'ws'),
  ],
  // More than any wait within a test (wait-timeouts.ts), so that it is the wait that fails, and says for what.
  testTimeout: 200_000,
  // One worker a core, and one fewer would be half of a small machine.
  maxWorkers: '100%',
  // A test that failed may have left a server or a browser open; the run ends all the same.
  forceExit: true,
  reporters: ['default', ['<rootDir>/test/support/machines/coverage-gate.js', { fast, full }]],
};

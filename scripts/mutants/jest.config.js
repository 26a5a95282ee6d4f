/** Jest's configuration for mutants: any of the tests may run, and the first failure ends the file. */
import config from '../../jest.config.js';

const { displayName, ...project } = config.projects[0];

/** @type {import('jest').Config} */
export default {
  ...project,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testEnvironment: '<rootDir>/scripts/mutants/fail-fast-environment.js',
  cacheDirectory: '<rootDir>/.cache/jest',
  testTimeout: config.testTimeout,
  setupFilesAfterEnv: [...project.setupFilesAfterEnv, '<rootDir>/scripts/mutants/fixed-seed.js'],
  testSequencer: '<rootDir>/scripts/mutants/table-order-sequencer.js',
  bail: true,
  forceExit: true,
  maxWorkers: 1,
  reporters: ['default'],
};

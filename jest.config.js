/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // No test asserts a time; on a busy machine real browsers and processes take theirs.
  testTimeout: 30_000,
  // A test that failed may have left a server or a browser open; the run ends all the same.
  forceExit: true,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/support/after-all.ts'],
  reporters: ['default', '<rootDir>/test/support/coverage-gate.js'],
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
};

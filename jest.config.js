/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // More than any wait within a test (support/patience.ts), so that it is the wait that fails, and says for what.
  testTimeout: 90_000,
  // A test that failed may have left a server or a browser open; the run ends all the same.
  forceExit: true,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/support/jest-setup.ts'],
  reporters: ['default', '<rootDir>/test/support/machines/coverage-gate.js'],
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

/** Plain ES modules, as Node runs them: nothing is compiled. */
export default { testEnvironment: 'node', transform: {}, testMatch: ['<rootDir>/*.test.js'] };

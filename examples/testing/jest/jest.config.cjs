/** Coverage of transitions is judged when all tests have run. */
const folder = process.env.TRANSITIONS_FOLDER ?? '.coverage';

module.exports = {
  testMatch: ['<rootDir>/*.test.cjs'],
  transform: {},
  reporters: ['default', ['pairlane/testing/jest', { folder }]],
};

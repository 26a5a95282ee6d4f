/** The coverage of transitions is checked when all tests have run. */
const folder = process.env.TRANSITIONS_FOLDER ?? '.coverage';

module.exports = {
  testMatch: ['<rootDir>/*.test.cjs'],
  transform: {},
  reporters: ['default', ['pairlane/testing/jest', { folder }]],
};

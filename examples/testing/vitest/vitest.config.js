/** The coverage of transitions is checked when all tests have run. */
import VitestCoverageReporter from 'pairlane/testing/vitest';

const folder = process.env.TRANSITIONS_FOLDER ?? '.coverage';

export default { test: { reporters: ['default', new VitestCoverageReporter({ folder })] } };

/** fast-check for all tests: transitions taken in a property count as taken by chance. */
import fc from 'fast-check';
import { leaveToChance } from './machines/transition-coverage.ts';
import { SEED } from './seed.ts';

// Called before each run of every test's properties.
fc.configureGlobal({ ...fc.readConfigureGlobal(), beforeEach: leaveToChance, seed: SEED });

export default fc;

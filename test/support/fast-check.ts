/** fast-check for all tests: what a property takes of the machines' transitions is left to chance. */
import fc from 'fast-check';
import { leaveToChance } from './machines/transition-coverage.ts';
import { SEED } from './seed.ts';

// Called before each run of a property, of whatever test.
fc.configureGlobal({ ...fc.readConfigureGlobal(), beforeEach: leaveToChance, seed: SEED });

export default fc;

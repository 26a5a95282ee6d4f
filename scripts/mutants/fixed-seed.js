/** Property tests use the same values for every mutant, so that whether one is noticed does not depend on chance. */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1 });

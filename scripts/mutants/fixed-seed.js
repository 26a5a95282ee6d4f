/** Properties try the same values for every mutant: whether one is noticed is not left to chance. */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1 });

/**
 * The seed for randomness in tests. It is the same everywhere, so that a failure is caused by a change and not by luck;
 * PAIRLANE_SEED=N, or `random`, gives other walks, and PAIRLANE_RUNS more of them.
 */
const given = process.env.PAIRLANE_SEED ?? '14';

export const SEED = given === 'random' ? Math.trunc(Math.random() * 2 ** 31) : Number(given);

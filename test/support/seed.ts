/**
 * Where chance in the tests begins. The same everywhere, so that what fails fails for whoever looks, by their change and
 * not by luck; PAIRLANE_SEED=N, or `random`, for other walks, and PAIRLANE_RUNS for more of them.
 */
const given = process.env.PAIRLANE_SEED ?? '14';

export const SEED = given === 'random' ? Math.trunc(Math.random() * 2 ** 31) : Number(given);

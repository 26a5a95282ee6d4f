/**
 * How long tests wait for a fact before they fail. It is not a promise of the product: a machine that is busy with
 * other work, as CI's is, may stall for seconds. Only a failing test ever takes this long.
 */
export const PATIENCE_MS = 60_000;

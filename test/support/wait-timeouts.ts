/**
 * How long tests wait for a fact before they say that it did not come. It is no promise of the product's: a machine that
 * is busy with other work, as CI's is, may stand still for seconds. Only a test that fails ever takes so long.
 */
export const PATIENCE_MS = 60_000;

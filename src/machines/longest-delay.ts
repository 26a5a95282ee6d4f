/**
 * The longest delay that `setTimeout` accepts, 24.8 days; a longer one fires at once. Stands for "never" in a machine.
 */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;

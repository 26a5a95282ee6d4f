/** The longest delay that `setTimeout` takes, 24.8 days; a longer one ends at once. Stands for "never" in a machine. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;

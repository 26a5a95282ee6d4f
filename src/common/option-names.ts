/** The names of an option: as a flag, and as an environment variable. */

/** The flag of the option with this key, without dashes. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The prefix of all environment variables. */
export const VARIABLE_PREFIX = 'PAIRLANE_';

/** The environment variable of the option with this key. */
export function variableName(name: string): string {
  return `${VARIABLE_PREFIX}${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** How an option is called: as a flag, and as an environment variable. */

/** The flag, without its dashes, of the option of this key. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What the environment variables of all options begin with. */
export const VARIABLE_PREFIX = 'PAIRLANE_';

/** The environment variable of the option of this key. */
export function variableName(name: string): string {
  return `${VARIABLE_PREFIX}${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

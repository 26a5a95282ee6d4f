/** Says when Node is too old for the program, which would otherwise fail later, and somewhere else. */

/**
 * @param needed the `engines.node` of package.json, like `>=20.19`
 * @param version of this Node, like `20.19.4`
 * @returns what is wrong; undefined if it is new enough
 */
export function tooOldNode(needed: string, version: string): string | undefined {
  const least = needed.replace('>=', '');
  const [[major = 0, minor = 0], [leastMajor = 0, leastMinor = 0]] = [numbersIn(version), numbersIn(least)];
  const isOld = major < leastMajor || (major === leastMajor && minor < leastMinor);
  return isOld ? `Node ${version} is too old; Pairlane needs Node ${least} or newer.` : undefined;
}

function numbersIn(version: string): number[] {
  return version.split('.').map(Number);
}

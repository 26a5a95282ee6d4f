/** `--peerjs-key`: the keys of PeerJS that clients may use, and the app that each belongs to. */

/** By key. The app is undefined for a key without one: its clients are of the app that their tokens name, if any. */
export type PeerJsKeys = ReadonlyMap<string, string | undefined>;

/** As in a token's claim `app`. */
const APP = /^[A-Za-z0-9._-]{1,36}$/;

/** @param given each KEY or KEY=APP */
export function parsePeerJsKeys(given: readonly string[]): PeerJsKeys {
  return new Map(
    given.map((text) => {
      const at = text.lastIndexOf('=');
      return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** @returns one line per problem */
export function peerJsKeyProblems(given: readonly string[]): string[] {
  const keys = parsePeerJsKeys(given);
  const apps = [...keys.values()];
  const isUsable =
    keys.size > 0 &&
    keys.size === given.length &&
    [...keys].every(([key, app]) => key !== '' && (app === undefined || APP.test(app)));
  if (!isUsable)
    return [
      '--peerjs-key: should be KEY or KEY=APP, each KEY once, APP of at most 36 letters, digits, `.`, `_` and `-`',
    ];
  return keys.size > 1 && apps.includes(undefined)
    ? ['--peerjs-key: with more than one, each should name its app: KEY=APP']
    : [];
}

/** For a server whose clients must say who they are: somebody who asks for ids shows no token. */
export function discoveryProblems(given: readonly string[]): string[] {
  return [...parsePeerJsKeys(given).values()].includes(undefined)
    ? ['--peerjs-discovery: who asks shows no token, so each key needs its app (--peerjs-key KEY=APP)']
    : [];
}

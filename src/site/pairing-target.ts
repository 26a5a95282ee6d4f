/** Whom to pair with: typed, pasted, scanned, or given in the fragment of the page's own URL. */
import { parsePairingKey } from '../protocol/native/pairing-key.ts';

export type Target = { key: string } | { id: string };

/** @returns undefined if the text is blank */
export function targetFrom(text: string): Target | undefined {
  const [, fragment] = text.split('#');
  const name = (fragment ?? text).trim();
  if (name === '') return undefined;
  const key = parsePairingKey(name);
  return key === undefined ? { id: name } : { key };
}

/**
 * The link that pairs with the key's owner.
 * @param page the URL where others reach this page
 */
export function linkFor(key: string, page: string = location.href): string {
  const url = new URL(page);
  url.hash = key;
  return url.href;
}

/** Removes the target from the page's URL: a key is good only once, and a reload must not try it again. */
export function takeFragment(): Target | undefined {
  const target = targetFrom(location.hash);
  history.replaceState(null, '', location.pathname + location.search);
  return target;
}

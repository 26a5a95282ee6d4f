/** Whom to pair with: what was typed, pasted, scanned, or stands behind the # of the page's own address. */
import { parsePairingKey } from '../protocol/native/pairing-key.ts';

export type Target = { key: string } | { id: string };

/** @returns undefined for nothing but space */
export function targetFrom(text: string): Target | undefined {
  const [, fragment] = text.split('#');
  const name = (fragment ?? text).trim();
  if (name === '') return undefined;
  const key = parsePairingKey(name);
  return key === undefined ? { id: name } : { key };
}

/**
 * The link that pairs with whoever made the key.
 * @param page where others reach this page
 */
export function linkFor(key: string, page: string = location.href): string {
  const url = new URL(page);
  url.hash = key;
  return url.href;
}

/** Takes the target out of the page's address: a key is good once, and a reload must not try it again. */
export function takeFragment(): Target | undefined {
  const target = targetFrom(location.hash);
  history.replaceState(null, '', location.pathname + location.search);
  return target;
}

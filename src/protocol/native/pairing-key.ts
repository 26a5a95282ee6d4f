/**
 * Pairing keys: 12 characters of Crockford base32, shown as `XXXX-XXXX-XXXX`, read in any case and with or without
 * dashes. They have 60 bits: at 20 guesses a minute, nobody finds one in the ten minutes that it lives.
 * https://www.crockford.com/base32.html
 */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const KEY_CHARS = 12;

/** How many random bytes {@link pairingKeyFrom} needs. */
export const PAIRING_KEY_BYTES = KEY_CHARS;

/** Crockford's encoding reads letters that are easily confused with digits as those digits. */
const LOOKALIKES: Record<string, string> = { O: '0', I: '1', L: '1' };

/**
 * Makes a key in canonical form, without dashes.
 * @param random {@link PAIRING_KEY_BYTES} bytes of a CSPRNG
 */
export function pairingKeyFrom(random: Uint8Array): string {
  let key = '';
  // 256 is a multiple of 32, so the low five bits of a random byte are uniform.
  for (const byte of random.subarray(0, KEY_CHARS)) key += ALPHABET[byte & 31];
  return key;
}

/** The form for people: `XXXX-XXXX-XXXX`. */
export function formatPairingKey(key: string): string {
  return `${key.slice(0, 4)}-${key.slice(4, 8)}-${key.slice(8)}`;
}

/** The canonical form of what a person typed; undefined if it cannot be a key. */
export function parsePairingKey(text: string): string | undefined {
  if (text.length > 64) return undefined;
  const key = text
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replace(/[OIL]/g, (letter) => LOOKALIKES[letter] ?? letter);
  if (key.length !== KEY_CHARS) return undefined;
  return [...key].every((char) => ALPHABET.includes(char)) ? key : undefined;
}

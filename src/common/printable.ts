/**
 * Makes untrusted text safe to show on a terminal, in a log or on a page. Characters that move the cursor, change the
 * writing direction, break lines or are invisible could make one text look like another, or control the terminal.
 */

/** Controls (C0 and C1), format characters (bidi, zero-width), lone surrogates, line separators, invisible letters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\p{Default_Ignorable_Code_Point}]/gu;

/** They choose how the preceding character is drawn, as in emoji; without them it is still the same character. */
const VARIATION_SELECTORS = /[\u180b-\u180d\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu;

/** The text on one line, with U+FFFD in place of everything unprintable; a tab becomes a space. */
export function printable(text: string): string {
  return text
    .replace(VARIATION_SELECTORS, '')
    .replace(UNPRINTABLE, (char) => (char === '\t' ? ' ' : '\ufffd'));
}

/** Whether all of the text is visible, and in the order in which it is written. */
export function isPrintable(text: string): boolean {
  return text.replace(VARIATION_SELECTORS, '').search(UNPRINTABLE) === -1;
}

/** The same for a text of several lines, such as a stack trace. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** JSON with everything unprintable escaped: a program reads the same value, and a terminal is safe. */
export function printableJson(value: unknown): string {
  return escapeJson(JSON.stringify(value));
}

/** The same for JSON that is already text, on one line. */
export function escapeJson(json: string): string {
  return json.replace(UNPRINTABLE, (char) =>
    [...Array(char.length).keys()]
      .map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

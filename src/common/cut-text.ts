/**
 * At most so many characters of a text, as a text of its own: a slice, as V8 makes it, keeps the whole text in memory for
 * as long as the slice is kept.
 */
export function cutText(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : ownText(text.slice(0, maxChars));
}

/** The same text, without the longer one that it may be a slice of. */
export function ownText(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/**
 * Limits on the shape of a JSON value, whichever wire it came over, checked before anything walks it or passes it on.
 */
import { MAX_EXTRA_DEPTH, MAX_MESSAGE_VALUES } from '../protocol/index.ts';

export type ShapeFault = 'lone surrogate' | 'too deep' | 'too many';

/** Messages for the sender. */
export const shapeMessages = {
  'too deep': `A field should not be nested deeper than ${MAX_EXTRA_DEPTH} levels`,
  'too many': `A message should not have more than ${MAX_MESSAGE_VALUES} values`,
} as const;

/**
 * Finds what makes a message dangerous to walk, or to read with another parser: checked in all of it, including unknown
 * fields, before anything else.
 *
 * I-JSON (RFC 7493 section 2.1): a lone surrogate is not a character, and parsers disagree on what it is. Checking a
 * string is nearly free: most strings have one byte per character, and cannot contain any.
 * @param maxValues how many values the message may have, counting nested ones
 */
export function shapeFault(message: unknown, maxValues = MAX_MESSAGE_VALUES): ShapeFault | undefined {
  return faultIn(message, 0, { left: maxValues });
}

/** Recurses no deeper than the limit. */
function faultIn(value: unknown, depth: number, values: { left: number }): ShapeFault | undefined {
  values.left -= 1;
  if (values.left < 0) return 'too many';
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'lone surrogate';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_EXTRA_DEPTH) return 'too deep';
  for (const name in value) {
    if (!name.isWellFormed()) return 'lone surrogate';
    const fault = faultIn((value as Record<string, unknown>)[name], depth + 1, values);
    if (fault) return fault;
  }
  return undefined;
}

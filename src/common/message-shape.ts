/** What a JSON value may be like, whichever wire it came over, before anything walks it or passes it on. */
import { MAX_EXTRA_DEPTH, MAX_MESSAGE_VALUES } from '../protocol/index.ts';

export type ShapeFault = 'lone surrogate' | 'too deep' | 'too many';

/** For the one who sent it. */
export const shapeMessages = {
  'too deep': `A field should not be nested deeper than ${MAX_EXTRA_DEPTH} levels`,
  'too many': `A message should not have more than ${MAX_MESSAGE_VALUES} values`,
} as const;

/**
 * What makes a message dangerous for whoever walks it, or reads it with another parser: looked for in all of it, known
 * field or not, before anything else does.
 *
 * I-JSON (RFC 7493 section 2.1): a surrogate that stands alone is no character, and no two parsers agree on what it
 * is. To ask a string costs next to nothing: most are of one byte a character, and cannot have any.
 * @param maxValues that it may have, with those inside others
 */
export function shapeFault(message: unknown, maxValues = MAX_MESSAGE_VALUES): ShapeFault | undefined {
  return faultIn(message, 0, { left: maxValues });
}

/** It recurses no deeper than the limit itself. */
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

/**
 * Room for frames that are sent at once and not looked at again. They share one buffer: to allocate room for each takes
 * longer than to fill it.
 */

/** Holds a frame of the default limit. */
const shared = Buffer.alloc(128 * 1024);
/** Views of the buffer's start that most frames need, by length: creating one costs as much as filling it. */
const beginnings: (Buffer | undefined)[] = new Array(4096).fill(undefined);

/** @returns that many bytes, which are valid only until this is called again */
export function roomForPassing(length: number): Buffer {
  const known = beginnings[length];
  if (known) return known;
  if (length > shared.length) return Buffer.allocUnsafe(length);
  const beginning = shared.subarray(0, length);
  if (length < beginnings.length) beginnings[length] = beginning;
  return beginning;
}

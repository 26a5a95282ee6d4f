/**
 * Adds a field to a JSON object in bytes without encoding the others again: if a name occurs twice, the last one
 * counts.
 */
import { roomForPassing } from './passing-frame.ts';

const COMMA = ','.charCodeAt(0);
const END = '}'.charCodeAt(0);

/**
 * @param object valid JSON in UTF-8 with at least one field; the caller has parsed it
 * @param field name and value, as in `"clients":2`
 * @param isKept false if the result is sent at once and not looked at again; see {@link roomForPassing}
 */
export function withField(object: ArrayBuffer, field: Uint8Array | string, isKept: boolean): Buffer {
  const bytes = new Uint8Array(object);
  let end = bytes.length - 1;
  // Only white space may follow the closing brace.
  while (bytes[end] !== END) end -= 1;
  const last = typeof field === 'string' ? Buffer.from(field) : field;
  const length = end + last.length + 2;
  const whole = isKept ? Buffer.allocUnsafe(length) : roomForPassing(length);
  whole.set(end + 1 === bytes.length ? bytes : bytes.subarray(0, end));
  whole[end] = COMMA;
  whole.set(last, end + 1);
  whole[length - 1] = END;
  return whole;
}

/**
 * Adds a field to a JSON object in bytes without encoding the others again: if a name occurs twice, the last one
 * counts.
 */

const COMMA = ','.charCodeAt(0);
const END = '}'.charCodeAt(0);

/**
 * @param object valid JSON in UTF-8 with at least one field; the caller has parsed it
 * @param field name and value, as in `"clients":2`
 */
export function withField(object: ArrayBuffer, field: Uint8Array | string): Buffer {
  const bytes = new Uint8Array(object);
  const end = bytes.lastIndexOf(END);
  const last = typeof field === 'string' ? Buffer.from(field) : field;
  const whole = Buffer.allocUnsafe(end + last.length + 2);
  whole.set(bytes.subarray(0, end));
  whole[end] = COMMA;
  whole.set(last, end + 1);
  whole[end + last.length + 1] = END;
  return whole;
}

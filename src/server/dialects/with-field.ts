/** A JSON object in bytes with a field more, without writing the others anew: of two fields of one name the last counts. */

const COMMA = ','.charCodeAt(0);
const END = '}'.charCodeAt(0);

/**
 * @param object in UTF-8, and valid: whoever calls has parsed it, and found at least one field
 * @param field the name and the value, as in `"clients":2`
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

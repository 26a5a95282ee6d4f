/** Sequence numbers of 32 bits that wrap around (RFC 1982). */
export function isAfter(a: number, b: number): boolean {
  return a !== b && (a - b) >>> 0 < 2 ** 31;
}

/**
 * Finds where the plain text of a JSON string ends. Sixteen bytes at a time, by vector instructions, which only
 * WebAssembly has: for a session description that takes a tenth of the time of `JSON.parse`.
 */

const QUOTE = 0x22;
const PAGES = 2;
const PAGE_BYTES = 64 * 1024;
/** How far the function below may read beyond what it is given. */
const SLACK_BYTES = 32;

/**
 * `scan(at)`, in WebAssembly's bytes: from there on, the place of the first byte in memory that is not plain. There has
 * to be one.
 */
const SCAN = [
  ...[0x01, 0x03, 0x7b], // three vectors: 1 what is not plain, 2 the bytes, 3 the ones after them
  ...[0x03, 0x40], // loop
  // Control characters, and bytes from 0x80, which are less than 0 as signed numbers.
  ...[0x20, 0, 0xfd, 0x00, 0x00, 0x00, 0x22, 2], // bytes = v128.load(at)
  ...[0x41, 0x20, 0xfd, 0x0f, 0xfd, 0x25], // bytes < 0x20
  // Quotation marks.
  ...[0x20, 2, 0x41, QUOTE, 0xfd, 0x0f, 0xfd, 0x23, 0xfd, 0x50], // or bytes == '"'
  // Backslashes, except in \r and \n.
  ...[0x20, 2, 0x41, 0xdc, 0x00, 0xfd, 0x0f, 0xfd, 0x23], // bytes == '\'
  ...[0x20, 0, 0xfd, 0x00, 0x00, 0x01, 0x22, 3], // after = v128.load(at + 1)
  ...[0x41, 0xf2, 0x00, 0xfd, 0x0f, 0xfd, 0x23], // after == 'r'
  ...[0x20, 3, 0x41, 0xee, 0x00, 0xfd, 0x0f, 0xfd, 0x23, 0xfd, 0x50], // or after == 'n'
  ...[0xfd, 0x4f, 0xfd, 0x50, 0x22, 1], // odd = or (… and not …)
  ...[0xfd, 0x53, 0x04, 0x40], // if any is odd
  ...[0x20, 0, 0x20, 1, 0xfd, 0x64, 0x68, 0x6a, 0x0f, 0x0b], // return at + its first place
  ...[0x20, 0, 0x41, 16, 0x6a, 0x21, 0, 0x0c, 0, 0x0b], // at = at + 16, and again
  ...[0x00, 0x0b], // never reached
];

/** A module with that function and its memory. */
const MODULE = Uint8Array.from([
  ...[0x00, ...Buffer.from('asm'), 1, 0, 0, 0],
  ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]), // functions take an i32, and return one
  ...section(3, [1, 0]),
  ...section(5, [1, 0, PAGES]),
  ...section(7, [2, 6, ...Buffer.from('memory'), 2, 0, 4, ...Buffer.from('scan'), 0, 0]),
  ...section(10, [1, ...sized(SCAN)]),
]);

function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

/** The length in LEB128, and the content. */
function sized(content: readonly number[]): number[] {
  const { length } = content;
  return [...(length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7]), ...content];
}

interface Scanner {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly scan: (at: number) => number;
}

/** The part of WebAssembly's interface that is used; the types of Node do not have it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

function load(): { readonly memory: Uint8Array; readonly scan: Scanner['scan'] } | undefined {
  try {
    const { memory, scan } = new WebAssembly.Instance(new WebAssembly.Module(MODULE)).exports as Scanner;
    return { memory: new Uint8Array(memory.buffer), scan };
  } catch {
    // `--jitless`, too little address space, or a processor of before 2008: everything is left to the parser.
    return undefined;
  }
}

const scanner = load();

/**
 * Plain is ASCII without control characters below 0x20, quotation marks and backslashes, and the escapes `\r` and `\n`.
 * @param from a place in the bytes, or their end
 * @returns the place of the first byte from there on that is not plain, or the end; undefined: that is not known
 */
export function plainEnd(bytes: Uint8Array, from: number): number | undefined {
  if (!scanner || bytes.length > PAGES * PAGE_BYTES - SLACK_BYTES) return undefined;
  const { memory, scan } = scanner;
  memory.set(bytes);
  memory[bytes.length] = QUOTE;
  return scan(from);
}

/**
 * Files and folders that a user names. Any name may be given: a pipe that nobody writes to, a device that never ends, a
 * file system that creates no folders. Each gives a clear error, and none is waited for or read without limit.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** How long a pipe may bring nothing: its program may just be starting. */
const PIPE_MS = 5_000;
const PIPE_LOOK_MS = 20;
const CHUNK_BYTES = 64 * 1024;

/** A file's content, and its mode (POSIX). */
export interface NamedFile {
  readonly bytes: Buffer;
  readonly mode: number;
}

/**
 * Reads a whole file, or what a pipe brings (`<(command)` in a shell).
 * @param maxBytes the most bytes to read
 * @param pipeMs how many milliseconds a pipe may bring nothing
 * @throws `cannot read FILE (WHY)`, without any of the file's content
 */
export function readNamedFile(file: string, maxBytes: number, pipeMs = PIPE_MS): NamedFile {
  let descriptor: number | undefined;
  try {
    // Without O_NONBLOCK, which Windows does not have, opening a pipe waits for a writer.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const facts = fstatSync(descriptor);
    const chunks: Buffer[] = [];
    let length = 0;
    while (true) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const mayCome = facts.isFIFO() && length === 0;
      const taken = mayCome
        ? readWithin(descriptor, chunk, pipeMs, true)
        : readWithin(descriptor, chunk, pipeMs);
      if (taken === 0) return { bytes: Buffer.concat(chunks), mode: facts.mode };
      length += taken;
      if (length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
      chunks.push(chunk.subarray(0, taken));
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`cannot read ${file} (${code ?? message})`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** @param isEndUnlikely for a pipe whose writer may not have opened it yet: an empty read is not its end */
function readWithin(descriptor: number, into: Buffer, withinMs: number, isEndUnlikely = false): number {
  const until = performance.now() + withinMs;
  while (true) {
    const taken = readNow(descriptor, into);
    if (taken !== undefined && (taken > 0 || !isEndUnlikely)) return taken;
    if (performance.now() >= until) throw new Error(`nothing came from it within ${withinMs} ms`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_LOOK_MS);
  }
}

/** @returns undefined if there is nothing yet */
function readNow(descriptor: number, into: Buffer): number | undefined {
  try {
    return readSync(descriptor, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

/**
 * Creates a folder and its parents. Node's own `recursive` option loops forever on a file system that creates no
 * folders.
 * @throws with a `code` if it cannot be created, or is not a folder
 */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/**
 * Files and folders that a user names. Any name may be given: of a pipe that nobody writes to, of a device that never
 * ends, in a file system that makes no folders. Each is a clear line, and none is waited for or read without end.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** How long the other end of a pipe may take before its next bytes: of a program that is just starting. */
const PIPE_MS = 5_000;
const PIPE_LOOK_MS = 20;
const CHUNK_BYTES = 64 * 1024;

/** What is in a file, and what its mode allows (POSIX). */
export interface NamedFile {
  readonly bytes: Buffer;
  readonly mode: number;
}

/**
 * Reads a file, or what a pipe brings (`<(command)` in a shell), whole.
 * @param maxBytes more than these are not read
 * @param pipeMs milliseconds that a pipe may bring nothing
 * @throws `cannot read FILE (WHY)`, which says nothing of what is in it
 */
export function readNamedFile(file: string, maxBytes: number, pipeMs = PIPE_MS): NamedFile {
  let descriptor: number | undefined;
  try {
    // Without O_NONBLOCK, which Windows has not, a pipe's opening waits for somebody who writes to it.
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

/** @param isEndUnlikely of a pipe whose writer may be still to come: nothing is no end yet */
function readWithin(descriptor: number, into: Buffer, withinMs: number, isEndUnlikely = false): number {
  const until = performance.now() + withinMs;
  while (true) {
    const taken = readNow(descriptor, into);
    if (taken !== undefined && (taken > 0 || !isEndUnlikely)) return taken;
    if (performance.now() >= until) throw new Error(`nothing came from it within ${withinMs} ms`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_LOOK_MS);
  }
}

/** @returns undefined when there is nothing yet */
function readNow(descriptor: number, into: Buffer): number | undefined {
  try {
    return readSync(descriptor, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

/**
 * Makes a folder and those that it is in. Node's own `recursive` tries without end where a file system makes none.
 * @throws with a `code` when it cannot be made, or there is something else
 */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

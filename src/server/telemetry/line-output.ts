/**
 * Writes lines to standard output without waiting for whoever reads them: a slow reader, such as a full pipe, must not
 * hold up the server, and one that is gone must not keep it from ending. What waits is written when the process ends:
 * so each call of the system is made here, and its outcome known, not in a thread that the end would cut off.
 */
import { writeSync } from 'node:fs';

/** More than a reader that is merely slow leaves behind; then lines are lost, not memory. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Handed to the system at once. */
const CHUNK_BYTES = 64 * 1024;
/** A pipe or disk that is full is tried again after this time. */
const RETRY_MS = 50;
/** How long the end of the process waits for somebody who reads nothing. */
const MAX_FLUSH_MS = 2_000;

/** What passes, unlike the end of whoever reads: a full pipe, a signal, a full disk. */
const PASSING = new Set(['EAGAIN', 'EBUSY', 'EINTR', 'ENOSPC', 'EDQUOT']);

const STDOUT = 1;
const NOTHING = Buffer.alloc(0);

/** @returns how many of the bytes were written */
type Write = (bytes: Buffer) => number;

const toStdout: Write = (bytes) => writeSync(STDOUT, bytes, 0, Math.min(CHUNK_BYTES, bytes.length));

export class LineOutput {
  readonly #lostLine: (count: number) => string;
  readonly #out: Write;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** What was about to be written when the pipe was full. */
  #rest: Buffer = NOTHING;
  #isDue = false;
  #lost = 0;
  #isClosed = false;

  /** @param lostLine says how many lines were lost meanwhile */
  constructor(lostLine: (count: number) => string, out = toStdout) {
    this.#lostLine = lostLine;
    this.#out = out;
    // Node opens it now, and makes a pipe or socket one that refuses what it has no room for, in place of waiting.
    void process.stdout;
    process.on('exit', () => this.flush());
  }

  /** Writes the line at the end of this turn of the event loop. */
  write(line: string): void {
    if (this.#isClosed) return;
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#send());
  }

  /** Writes at once what waits. */
  flush(): void {
    let unread = this.#rest;
    for (let tries = 0; tries < MAX_FLUSH_MS / RETRY_MS && !this.#writeAll(); tries += 1) {
      if (this.#rest !== unread) tries = 0;
      unread = this.#rest;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }

  #send(): void {
    this.#isDue = !this.#writeAll();
    // What still waits when the process could end is written then.
    if (this.#isDue) setTimeout(() => this.#send(), RETRY_MS).unref();
  }

  /** @returns whether nothing waits any more */
  #writeAll(): boolean {
    try {
      for (let bytes = this.#next(); bytes.length > 0; bytes = this.#next())
        this.#rest = bytes.subarray(this.#out(bytes));
    } catch (error) {
      if (isPassing(error)) return false;
      // Nobody reads it any more.
      this.#isClosed = true;
      this.#waiting = [];
      this.#rest = NOTHING;
    }
    return true;
  }

  #next(): Buffer {
    if (this.#rest.length === 0) this.#rest = this.#take();
    return this.#rest;
  }

  #take(): Buffer {
    if (this.#lost > 0) this.#waiting.push(this.#lostLine(this.#lost));
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#lost = 0;
    return bytes;
  }
}

function isPassing(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return PASSING.has(String(code));
}

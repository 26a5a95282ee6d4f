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
/** A pipe that is full is tried again after this time. */
const RETRY_MS = 50;
/** How long the end of the process waits for such a pipe. */
const MAX_FLUSH_MS = 2_000;

const STDOUT = 1;
const NOTHING = Buffer.alloc(0);

export class LineOutput {
  readonly #lostLine: (count: number) => string;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** What was about to be written when the pipe was full. */
  #rest: Buffer = NOTHING;
  #isDue = false;
  #lost = 0;
  #isClosed = false;

  /** @param lostLine says how many lines were lost meanwhile */
  constructor(lostLine: (count: number) => string) {
    this.#lostLine = lostLine;
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
    for (let left = MAX_FLUSH_MS / RETRY_MS; left > 0 && !this.#writeAll(); left -= 1)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
  }

  #send(): void {
    this.#isDue = !this.#writeAll();
    if (this.#isDue) setTimeout(() => this.#send(), RETRY_MS);
  }

  /** @returns whether nothing waits any more */
  #writeAll(): boolean {
    try {
      for (let bytes = this.#next(); bytes.length > 0; bytes = this.#next())
        this.#rest = bytes.subarray(writeSync(STDOUT, bytes, 0, Math.min(CHUNK_BYTES, bytes.length)));
    } catch (error) {
      if (isFull(error)) return false;
      // Nobody reads it any more.
      this.#isClosed = true;
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

function isFull(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === 'EAGAIN' || code === 'EBUSY';
}

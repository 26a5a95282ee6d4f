/**
 * Writes lines to a file descriptor without waiting for whoever reads them: a slow reader, such as a full pipe, must
 * not hold up the server, and one that is gone must not keep it from ending. What waits is written when the process
 * ends.
 */
import { write, writeSync } from 'node:fs';

/** More than a reader that is merely slow leaves behind; then lines are lost, not memory. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Handed to the system at once; when the process ends, that much may be under way and not be known to be written. */
const CHUNK_BYTES = 64 * 1024;
/** A pipe that is full and does not block is tried again after this time. */
const RETRY_MS = 50;
/** How long the end of the process waits for such a pipe. */
const MAX_FLUSH_MS = 2_000;

export class LineOutput {
  readonly #fd: number;
  readonly #lostLine: (count: number) => string;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** What the last call of the system has not taken, if one is under way or comes again. */
  #rest: Buffer | undefined;
  /** Whether the system has the first chunk of it now, which is then not for us to write. */
  #isUnderWay = false;
  #lost = 0;
  #isClosed = false;

  /** @param lostLine says how many lines were lost meanwhile */
  constructor(fd: number, lostLine: (count: number) => string) {
    this.#fd = fd;
    this.#lostLine = lostLine;
    process.on('exit', () => this.flush());
  }

  write(line: string): void {
    if (this.#isClosed) return;
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#rest === undefined) this.#next();
  }

  /** Writes at once what waits. */
  flush(): void {
    let left = MAX_FLUSH_MS / RETRY_MS;
    let bytes = this.#isUnderWay
      ? this.#take()
      : Buffer.concat([this.#rest ?? Buffer.alloc(0), this.#take()]);
    while (bytes.length > 0 && !this.#isClosed) {
      try {
        bytes = bytes.subarray(writeSync(this.#fd, bytes));
      } catch (error) {
        left -= 1;
        if (!isFull(error) || left <= 0) this.#isClosed = true;
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  }

  #take(): Buffer {
    if (this.#lost > 0) this.#waiting.push(this.#lostLine(this.#lost));
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#lost = 0;
    return bytes;
  }

  #next(): void {
    this.#rest = this.#take();
    if (this.#rest.length > 0) this.#send();
    else this.#rest = undefined;
  }

  #send(): void {
    this.#isUnderWay = true;
    write(
      this.#fd,
      this.#rest as Buffer,
      0,
      Math.min(CHUNK_BYTES, this.#rest?.length ?? 0),
      (error, written) => {
        this.#isUnderWay = false;
        if (isFull(error)) setTimeout(() => this.#send(), RETRY_MS);
        // Nobody reads it any more.
        else if (error) this.#isClosed = true;
        else {
          this.#rest = this.#rest?.subarray(written);
          if (this.#rest && this.#rest.length > 0) this.#send();
          else this.#next();
        }
      },
    );
  }
}

function isFull(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === 'EAGAIN' || code === 'EBUSY';
}

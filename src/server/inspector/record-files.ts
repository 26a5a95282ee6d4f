/**
 * `--record DIR`: each pairing's log as a JSONL file, one line a step. A file is bounded by its log, the folder by the
 * number of files: the oldest go. Writing happens after the step, one append after another; a full disk ends the
 * recording, not the server.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { appendFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../telemetry/logger.ts';
import type { LiveRecord } from './live-record.ts';
import { RecordIndex } from './record-index.ts';
import type { Recorder } from './recorder.ts';

/** What comes within this time is appended at once: opening a file costs more than writing a line. */
const BATCH_MS = 250;

const NAME = /^pairing-[\dTZ.-]+-\d+\.jsonl$/;

export class RecordFiles {
  /** Those that are over. */
  readonly index: RecordIndex;
  readonly #directory: string;
  readonly #maxFiles: number;
  readonly #log: Logger;
  /** In the order of their age. */
  readonly #files: Set<string>;
  readonly #stop: () => void;
  /** Text that waits to be appended, by file. */
  #waiting = new Map<string, string>();
  #writing: Promise<void> = Promise.resolve();
  #batch: NodeJS.Timeout | undefined;
  #hasFailed = false;

  /** @throws when the folder cannot be made or read */
  constructor(directory: string, maxFiles: number, logs: Recorder, log: Logger) {
    this.#directory = directory;
    this.#maxFiles = maxFiles;
    this.#log = log;
    mkdirSync(directory, { recursive: true });
    const known = readdirSync(directory).filter((file) => NAME.test(file));
    this.#files = new Set(known.sort());
    this.index = new RecordIndex(directory);
    void this.index.readAll([...this.#files].reverse());
    this.#stop = logs.follow({
      started: (log) => this.#started(log),
      ended: (log) => this.#ended(log),
    });
  }

  /** Takes no more; resolves when everything is written. */
  async close(): Promise<void> {
    this.#stop();
    this.index.close();
    clearTimeout(this.#batch);
    this.#flushSoon();
    await this.#writing;
  }

  #started(log: LiveRecord): void {
    if (this.#hasFailed) return;
    const file = nameOf(log);
    this.#files.add(file);
    this.#write(file, JSON.stringify(log.header));
    log.writer = (json) => this.#write(file, json);
    for (const oldest of this.#files) {
      if (this.#files.size <= this.#maxFiles) break;
      this.#remove(oldest);
    }
  }

  #ended(log: LiveRecord): void {
    const file = nameOf(log);
    if (this.#files.has(file)) this.index.note(file, log.record);
  }

  #write(file: string, json: string): void {
    if (this.#hasFailed || !this.#files.has(file)) return;
    this.#batch ??= setTimeout(() => this.#flushSoon(), BATCH_MS).unref();
    this.#waiting.set(file, `${this.#waiting.get(file) ?? ''}${json}\n`);
  }

  #flushSoon(): void {
    this.#batch = undefined;
    this.#writing = this.#writing.then(() => this.#flush());
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    try {
      for (const [file, text] of waiting) await appendFile(join(this.#directory, file), text);
    } catch (error) {
      this.#hasFailed = true;
      this.#waiting.clear();
      this.#log.error(
        { event: 'record_failed', err: error },
        `Recording into ${this.#directory} failed; nothing more is recorded`,
      );
    }
  }

  #remove(file: string): void {
    this.#files.delete(file);
    this.index.forget(file);
    this.#waiting.delete(file);
    this.#writing = this.#writing.then(() => unlink(join(this.#directory, file)).catch(() => {}));
  }
}

function nameOf({ header }: LiveRecord): string {
  const time = new Date(header.started_at).toISOString().replaceAll(':', '-');
  return `pairing-${time}-${header.epoch}.jsonl`;
}

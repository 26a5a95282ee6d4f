/**
 * `--record DIR`: each pairing's log as a JSONL file, one line per step. The size of a file is bounded by its log, the
 * folder by the number of files: the oldest are removed, but no address loses files to one that has more. Writing
 * happens after the step, one append after another; a full disk ends the recording, not the server.
 */
import { accessSync, constants, readdirSync } from 'node:fs';
import { appendFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../common/named-file.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { LiveRecord } from './live-record.ts';
import { RecordIndex } from './record-index.ts';
import type { Recorder } from './recorder.ts';

/** Lines within this time are appended together: opening a file costs more than writing a line. */
const BATCH_MS = 250;

/**
 * Limit for text that waits for a disk that neither writes nor fails (such as a network disk): more than ever waits for
 * a full one.
 */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

const NAME = /^pairing-[\dTZ.-]+-\d+\.jsonl$/;

export class RecordFiles {
  /** The records that are over. */
  readonly index: RecordIndex;
  readonly #directory: string;
  readonly #maxFiles: number;
  readonly #maxWaiting: number;
  readonly #log: Logger;
  /** Oldest first, with the address that each was made for; empty for files of an earlier server. */
  readonly #files: Map<string, string>;
  /** The files by address. */
  readonly #byAddress = new Map<string, Set<string>>();
  /** The address that had most files when one was last removed. */
  #largest = '';
  readonly #stop: () => void;
  /** Text that waits to be appended, by file name. */
  #waiting = new Map<string, string>();
  /** Length of that text and of what is being appended. */
  #waitingLength = 0;
  #writing: Promise<void> = Promise.resolve();
  #batch: NodeJS.Timeout | undefined;
  #hasFailed = false;

  /** @throws when the folder cannot be created, read or written */
  constructor(
    directory: string,
    maxFiles: number,
    logs: Recorder,
    log: Logger,
    maxWaiting = MAX_WAITING_BYTES,
  ) {
    this.#maxWaiting = maxWaiting;
    this.#directory = directory;
    this.#maxFiles = maxFiles;
    this.#log = log;
    const known = filesIn(directory).filter((file) => NAME.test(file));
    this.#files = new Map();
    for (const file of known.sort()) this.#add(file, '');
    this.index = new RecordIndex(directory);
    void this.index.readAll(known.reverse());
    this.#stop = logs.follow({
      started: (log) => this.#started(log),
      ended: (log) => this.#ended(log),
    });
  }

  /** Stops recording; resolves when everything is written. */
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
    this.#add(file, log.address);
    this.#write(file, JSON.stringify(log.header));
    log.writer = (json) => this.#write(file, json);
    while (this.#files.size > this.#maxFiles) this.#remove(this.#oldestFor(log.address));
  }

  #add(file: string, address: string): void {
    this.#files.set(file, address);
    const its = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, its.add(file));
  }

  /**
   * The oldest file of the address with most files, among the address of the new file, the owner of the oldest file,
   * and the address that last had most.
   */
  #oldestFor(address: string): string {
    const [[oldest, owner]] = this.#files as unknown as [[string, string]];
    // Nobody knows the address of an earlier server's files.
    if (owner === '') return oldest;
    const sizeOf = (one: string) => this.#byAddress.get(one)?.size ?? 0;
    this.#largest = [address, this.#largest].reduce(
      (most, one) => (sizeOf(one) > sizeOf(most) ? one : most),
      owner,
    );
    const [file = oldest] = this.#byAddress.get(this.#largest) ?? [];
    return file;
  }

  #ended(log: LiveRecord): void {
    const file = nameOf(log);
    if (this.#files.has(file)) this.index.note(file, log.record);
  }

  #write(file: string, json: string): void {
    if (this.#hasFailed || !this.#files.has(file)) return;
    this.#batch ??= setTimeout(() => this.#flushSoon(), BATCH_MS).unref();
    this.#waiting.set(file, `${this.#waiting.get(file) ?? ''}${json}\n`);
    this.#waitingLength += json.length + 1;
    if (this.#waitingLength > this.#maxWaiting) this.#fail(new Error('The disk takes nothing'));
  }

  #flushSoon(): void {
    this.#batch = undefined;
    this.#writing = this.#writing.then(() => this.#flush());
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    try {
      for (const [file, text] of waiting) {
        if (this.#hasFailed) return;
        await appendFile(join(this.#directory, file), text);
        this.#waitingLength -= text.length;
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#waiting.clear();
    this.#log.error(
      { event: 'record_failed', err: error },
      `Cannot write records to ${this.#directory}; recording stops`,
    );
  }

  #remove(file: string): void {
    const address = this.#files.get(file) ?? '';
    const its = this.#byAddress.get(address);
    its?.delete(file);
    if (its?.size === 0) this.#byAddress.delete(address);
    this.#files.delete(file);
    this.index.forget(file);
    this.#waitingLength -= this.#waiting.get(file)?.length ?? 0;
    this.#waiting.delete(file);
    this.#writing = this.#writing.then(() => unlink(join(this.#directory, file)).catch(() => {}));
  }
}

function nameOf({ header }: LiveRecord): string {
  const time = new Date(header.started_at).toISOString().replaceAll(':', '-');
  return `pairing-${time}-${header.epoch}.jsonl`;
}

function filesIn(directory: string): string[] {
  try {
    makeFolder(directory);
    accessSync(directory, constants.W_OK);
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`--record: ${directory} is no folder that can be written (${code})`);
  }
}

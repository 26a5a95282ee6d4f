/** What is in the folder of `--record`: enough of each record to list and search them; the rest is read on request. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { outcomeOf } from '../../inspector/records/outcome.ts';
import { MAX_RECORD_CHARS, parseRecord, RecordError } from '../../inspector/records/record.ts';
import {
  isStep,
  type OutcomeFacts,
  type PairingRecord,
  type RecordHeader,
  type StateValueJson,
} from '../../protocol/index.ts';

export interface FiledRecord {
  readonly header: RecordHeader;
  readonly outcome: OutcomeFacts;
  /** The state of its own machine at its end. */
  readonly state: StateValueJson;
  /** The initiator's node, if it was not this one. */
  readonly initiatorNode: number | undefined;
}

export class RecordIndex {
  readonly #directory: string;
  readonly #byFile = new Map<string, FiledRecord>();
  #isClosed = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** In no particular order. */
  get all(): Iterable<FiledRecord> {
    return this.#byFile.values();
  }

  /** Reads what an earlier server wrote, one file after another, so that other work can run in between. */
  async readAll(files: Iterable<string>): Promise<void> {
    for (const file of files) {
      if (this.#isClosed) return;
      const record = await this.#read(file);
      if (record && !this.#isClosed) this.note(file, record);
    }
  }

  /** @param record must be over */
  note(file: string, record: PairingRecord): void {
    const { header, lines } = record;
    if (header.kind === 'link') return;
    const state = lines.filter(isStep).findLast(({ of }) => of === 'pairing')?.to ?? '';
    const initiatorNode = lines.find((line) => 'of' in line && line.of === 'remote_initiator');
    this.#byFile.set(file, {
      header,
      state,
      outcome: outcomeOf(record, Number.POSITIVE_INFINITY),
      initiatorNode: initiatorNode && 'node' in initiatorNode ? initiatorNode.node : undefined,
    });
  }

  forget(file: string): void {
    this.#byFile.delete(file);
  }

  close(): void {
    this.#isClosed = true;
  }

  /** @returns undefined if there is no record with that epoch, or its file can no longer be read */
  async read(epoch: number): Promise<PairingRecord | undefined> {
    for (const [file, { header }] of this.#byFile) if (header.epoch === epoch) return this.#read(file);
    return undefined;
  }

  /** The folder may contain anything: files that are not records in the current format are skipped. */
  async #read(file: string): Promise<PairingRecord | undefined> {
    const path = join(this.#directory, file);
    try {
      // Not read before it is known to be small enough.
      if ((await stat(path)).size > MAX_RECORD_CHARS) return undefined;
      return parseRecord(await readFile(path, 'utf8'));
    } catch (error) {
      if (error instanceof RecordError || isSystemError(error)) return undefined;
      throw error;
    }
  }
}

/** The file is gone, say, or may not be read. */
function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

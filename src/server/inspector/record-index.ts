/** What is in the folder of `--record`: enough of each record to list and search them; the rest is read when asked for. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outcomeOf } from '../../inspector/records/outcome.ts';
import { parseRecord, RecordError } from '../../inspector/records/record.ts';
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
  /** Of its own machine, at its end. */
  readonly state: StateValueJson;
  /** Where the one who began it was, if at another node. */
  readonly initiatorNode: number | undefined;
}

export class RecordIndex {
  readonly #directory: string;
  readonly #byFile = new Map<string, FiledRecord>();
  #isClosed = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** In no order. */
  get all(): Iterable<FiledRecord> {
    return this.#byFile.values();
  }

  /** Takes in what an earlier server wrote, one file after another, so that others get their turn in between. */
  async readAll(files: Iterable<string>): Promise<void> {
    for (const file of files) {
      if (this.#isClosed) return;
      const record = await this.#read(file);
      if (record && !this.#isClosed) this.note(file, record);
    }
  }

  /** @param record one that is over */
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

  /** @returns undefined when there is none of that number, or its file can no longer be read */
  async read(epoch: number): Promise<PairingRecord | undefined> {
    for (const [file, { header }] of this.#byFile) if (header.epoch === epoch) return this.#read(file);
    return undefined;
  }

  /** Anything may lie in the folder: what is no record of today's format is passed over. */
  async #read(file: string): Promise<PairingRecord | undefined> {
    const text = await readFile(join(this.#directory, file), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return parseRecord(text);
    } catch (error) {
      if (error instanceof RecordError) return undefined;
      throw error;
    }
  }
}

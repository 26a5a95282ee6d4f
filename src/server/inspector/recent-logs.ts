/**
 * The newest pairings' logs, for the page: of those that began while somebody looked, and of those that somebody
 * watched. Those that failed are kept longest, in a ring of their own: they are what people come for. All of it is
 * bounded, so that fifty thousand pairings cost no more than these few.
 */
import { outcomeOf } from '../../inspector/records/outcome.ts';
import type { LiveRecord } from './live-record.ts';
import type { Recorder } from './recorder.ts';

const MAX_RECENT = 32;
/** Those that are not connected yet may still fail, and stay until that is known. */
const MAX_UNSETTLED = 400;
export const MAX_FAILED = 200;
const MAX_FAILED_BYTES = 16 * 1024 * 1024;

export class RecentLogs {
  readonly #logs: Recorder;
  readonly #recent = new Map<number, LiveRecord>();
  readonly #failed = new Map<number, LiveRecord>();
  #failedBytes = 0;

  constructor(logs: Recorder) {
    this.#logs = logs;
  }

  /** Those of pairings that are over, the oldest first. */
  get past(): LiveRecord[] {
    return [...this.#failed.values(), ...this.#recent.values()]
      .filter(({ subject }) => subject.isDone)
      .sort((one, other) => one.header.started_at - other.header.started_at);
  }

  get(epoch: number): LiveRecord | undefined {
    return this.#recent.get(epoch) ?? this.#failed.get(epoch);
  }

  add(log: LiveRecord): void {
    const { epoch } = log.header;
    if (this.#failed.has(epoch)) return;
    this.#recent.delete(epoch);
    this.#recent.set(epoch, log);
    for (const [oldEpoch, old] of this.#recent) {
      if (this.#recent.size <= MAX_RECENT) break;
      if (old.listeners.size > 0 && !old.isOver) continue;
      if (!isSettled(old) && this.#recent.size <= MAX_UNSETTLED) continue;
      this.#recent.delete(oldEpoch);
      if (old.isOver && outcomeOf(old.record, 0).kind === 'failed') this.#keep(old);
      else this.#logs.drop(old);
    }
  }

  #keep(log: LiveRecord): void {
    this.#failed.set(log.header.epoch, log);
    this.#failedBytes += log.bytes;
    for (const [epoch, oldest] of this.#failed) {
      if (this.#failed.size <= MAX_FAILED && this.#failedBytes <= MAX_FAILED_BYTES) break;
      this.#failed.delete(epoch);
      this.#failedBytes -= oldest.bytes;
    }
  }

  /** The last viewer has gone: what is over stays, the rest is no longer written. */
  rest(): void {
    for (const [epoch, log] of this.#recent) {
      if (log.isOver || log.listeners.size > 0) continue;
      this.#recent.delete(epoch);
      this.#logs.drop(log);
    }
  }
}

function isSettled({ isOver, subject }: LiveRecord): boolean {
  return isOver || subject.value === 'connected';
}

/**
 * The newest pairings' logs, for the page: of those that began while somebody looked, and of those that somebody
 * watched. Their number is bounded, so that fifty thousand pairings cost no more than these few.
 */
import type { LiveRecord } from './live-record.ts';
import type { Recorder } from './recorder.ts';

const MAX_RECENT = 32;

export class RecentLogs {
  readonly #logs: Recorder;
  readonly #recent = new Map<number, LiveRecord>();

  constructor(logs: Recorder) {
    this.#logs = logs;
  }

  /** Those of pairings that are over, the oldest first. */
  get past(): LiveRecord[] {
    return [...this.#recent.values()].filter(({ subject }) => subject.isDone);
  }

  get(epoch: number): LiveRecord | undefined {
    return this.#recent.get(epoch);
  }

  add(log: LiveRecord): void {
    const { epoch } = log.header;
    this.#recent.delete(epoch);
    this.#recent.set(epoch, log);
    for (const [oldEpoch, old] of this.#recent) {
      if (this.#recent.size <= MAX_RECENT) break;
      if (old.listeners.size > 0 && !old.isOver) continue;
      this.#recent.delete(oldEpoch);
      this.#logs.drop(old);
    }
  }

  /** Nobody looks any more: what is over stays, the rest is no longer written. */
  rest(): void {
    for (const [epoch, log] of this.#recent) {
      if (log.isOver || log.listeners.size > 0) continue;
      this.#recent.delete(epoch);
      this.#logs.drop(log);
    }
  }
}

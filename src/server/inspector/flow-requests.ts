/**
 * Asks the clients of connected pairings that are being watched or written into files for reports on their connection.
 * Each request lasts only a short time, so that reports stop by themselves when nobody asks any more, or when this
 * server is gone.
 */
import type { Clock } from '../../common/clock.ts';
import type { LiveRecord } from './live-record.ts';
import type { Recorder } from './recorder.ts';

const ROUND_MS = 10_000;
/** More than two rounds, since one may be late. */
const ASKED_S = 25;
/** A server that records every pairing asks only some of them, and only for their first minutes, which say most. */
const MAX_PER_ROUND = 200;
const WRITTEN_FOR_MS = 10 * 60_000;

export class FlowRequests {
  readonly #clock: Clock;
  readonly #logs: Recorder;
  #stop: (() => void) | undefined;

  constructor(clock: Clock, logs: Recorder) {
    this.#clock = clock;
    this.#logs = logs;
  }

  start(): void {
    this.#stop ??= this.#clock.every(ROUND_MS, () => this.#round());
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Asks at once if the pairing is connected and somebody wants to know. */
  ask(log: LiveRecord): void {
    const { source, subject } = log;
    if (subject.value === source.record.wellState && this.#isWanted(log))
      source.record.askFlow?.(subject, ASKED_S);
  }

  #round(): void {
    let asked = 0;
    for (const log of this.#logs.live) {
      if (!this.#isWanted(log)) continue;
      this.ask(log);
      asked += 1;
      if (asked === MAX_PER_ROUND) return;
    }
  }

  #isWanted({ listeners, writer, isOver, header }: LiveRecord): boolean {
    if (isOver) return false;
    const age = this.#clock.wallTime() - header.started_at;
    return listeners.length > 0 || (writer !== undefined && age < WRITTEN_FOR_MS);
  }
}

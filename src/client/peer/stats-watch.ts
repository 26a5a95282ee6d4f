/** Reports a connection's statistics repeatedly while it is connected and somebody listens. */
import type { Clock } from '../../common/clock.ts';
import type { ConnectionStats } from '../rtc/connection-stats.ts';

const PERIOD_MS = 5_000;

export interface StatsWatchDeps {
  readonly clock: Clock;
  readonly isHeard: () => boolean;
  readonly read: () => Promise<ConnectionStats | undefined>;
  readonly tell: (stats: ConnectionStats) => void;
}

export class StatsWatch {
  readonly #deps: StatsWatchDeps;
  #stop: (() => void) | undefined;

  constructor(deps: StatsWatchDeps) {
    this.#deps = deps;
  }

  /** The first report is made at once. */
  start(): void {
    if (this.#stop) return;
    this.#stop = this.#deps.clock.every(PERIOD_MS, () => void this.#tick());
    void this.#tick();
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  async #tick(): Promise<void> {
    const { isHeard, read, tell } = this.#deps;
    if (!isHeard()) return;
    // A connection that was closed meanwhile has no statistics.
    const stats = await read().catch(() => undefined);
    if (stats && this.#stop) tell(stats);
  }
}

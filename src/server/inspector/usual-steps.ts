/** How long the steps towards a connection usually take on this server: medians over the newest successful pairings. */
import { waterfallOf } from '../../inspector/records/waterfall.ts';
import type { PairingRecord } from '../../protocol/index.ts';

const MAX_KEPT = 100;
/** Fewer say nothing about what is usual. */
const MIN_KEPT = 5;

export class UsualSteps {
  /** By the step's name, in milliseconds since the pairing began, newest last. */
  readonly #times = new Map<string, number[]>();

  /** Adds a pairing that went well. */
  add(record: PairingRecord): void {
    for (const { name, t } of waterfallOf(record)) {
      if (t === undefined) continue;
      const times = this.#times.get(name) ?? [];
      this.#times.set(name, times);
      times.push(t);
      if (times.length > MAX_KEPT) times.shift();
    }
  }

  get medians(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.#times]
        .filter(([, times]) => times.length >= MIN_KEPT)
        .map(([name, times]) => [name, median(times)]),
    );
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

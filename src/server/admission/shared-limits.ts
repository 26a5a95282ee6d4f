/**
 * Limits by address that several processes of one server share: each tells the others its changes once per turn of the
 * event loop.
 */
import { addTo, type SharedLimit } from './address-limits.ts';

/** Current counts: when a process ends, its part is subtracted. */
export const COUNTED_LIMITS = ['connections', 'waiting'] as const;
/** Recent rates. */
export const RATED_LIMITS = ['upgrades', 'guesses', 'told_to_rooms', 'published'] as const;

export type LimitName = (typeof COUNTED_LIMITS)[number] | (typeof RATED_LIMITS)[number];

/** @param change added to the address's count; may be negative */
export type LimitChange = readonly [limit: LimitName, address: string, change: number];

export class SharedLimits {
  readonly #limits = new Map<LimitName, SharedLimit>();
  readonly #tell: (changes: readonly LimitChange[]) => void;
  readonly #now: () => number;
  /** Changes not yet told to the others, by limit and address. */
  #untold = new Map<LimitName, Map<string, number>>();

  /** @param tell sends changes to the other processes */
  constructor(tell: (changes: readonly LimitChange[]) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
  }

  share(name: LimitName, limit: SharedLimit): void {
    this.#limits.set(name, limit);
    limit.shareWith((address, change) => {
      if (this.#untold.size === 0) setImmediate(() => this.#tellOthers());
      const changes = this.#untold.get(name) ?? new Map<string, number>();
      this.#untold.set(name, changes);
      addTo(changes, address, change);
    });
  }

  /** Another process counted these changes. */
  changedElsewhere(changes: readonly LimitChange[]): void {
    for (const [name, address, change] of changes)
      this.#limits.get(name)?.changedElsewhere(address, change, this.#now());
  }

  #tellOthers(): void {
    const changes = changesIn(this.#untold);
    this.#untold = new Map();
    if (changes.length > 0) this.#tell(changes);
  }
}

export function changesIn(sums: ReadonlyMap<LimitName, ReadonlyMap<string, number>>): LimitChange[] {
  return [...sums].flatMap(([name, changes]) =>
    [...changes].map(([address, change]) => [name, address, change] as const),
  );
}

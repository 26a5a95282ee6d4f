/** The limits of an address that several processes of one server share: what each tells the others, once a turn. */
import { addTo, type SharedLimit } from './address-limits.ts';

/** How many there are now: what one process counts goes when the process does. */
export const COUNTED_LIMITS = ['connections', 'waiting'] as const;
/** How often something was done lately. */
export const RATED_LIMITS = ['upgrades', 'guesses', 'told_to_rooms', 'published'] as const;

export type LimitName = (typeof COUNTED_LIMITS)[number] | (typeof RATED_LIMITS)[number];

/** @param change how much more the address has now; less when it is negative */
export type LimitChange = readonly [limit: LimitName, address: string, change: number];

export class SharedLimits {
  readonly #limits = new Map<LimitName, SharedLimit>();
  readonly #tell: (changes: readonly LimitChange[]) => void;
  readonly #now: () => number;
  /** What the others are not told yet: of each limit by address. */
  #untold = new Map<LimitName, Map<string, number>>();

  /** @param tell tells the other processes */
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

  /** Another process counted this. */
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

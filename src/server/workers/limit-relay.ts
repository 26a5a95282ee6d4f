/** Tells each worker what the others count per address, so that limits hold for all workers together. */
import { addTo } from '../admission/address-limits.ts';
import { COUNTED_LIMITS, changesIn, type LimitChange, type LimitName } from '../admission/shared-limits.ts';

/** One worker's place in the relay. */
export class LimitSeat {
  readonly #relay: LimitRelay;
  readonly #tell: (changes: readonly LimitChange[]) => void;
  /** The worker's present counts. */
  readonly #sums = new Map<LimitName, Map<string, number>>();

  /** @param tell sends the worker what others count */
  constructor(relay: LimitRelay, tell: (changes: readonly LimitChange[]) => void) {
    this.#relay = relay;
    this.#tell = tell;
    for (const name of COUNTED_LIMITS) this.#sums.set(name, new Map());
  }

  get sums(): LimitChange[] {
    return changesIn(this.#sums);
  }

  tell(changes: readonly LimitChange[]): void {
    if (changes.length > 0) this.#tell(changes);
  }

  /** Takes changes counted by the worker. Changes that arrive after its end are ignored. */
  told(changes: readonly LimitChange[]): void {
    if (!this.#relay.seats.has(this)) return;
    for (const [name, address, change] of changes) {
      const sums = this.#sums.get(name);
      if (sums) addTo(sums, address, change);
    }
    this.#relay.tellOthers(this, changes);
  }

  /** The worker has ended, and its counts are gone. */
  leave(): void {
    if (!this.#relay.seats.delete(this)) return;
    this.#relay.tellOthers(
      this,
      this.sums.map(([name, address, sum]) => [name, address, -sum]),
    );
  }
}

export class LimitRelay {
  readonly seats = new Set<LimitSeat>();

  /**
   * Adds a worker that serves from now on.
   * @param tell sends it the changes counted by others, starting with their present counts
   */
  join(tell: (changes: readonly LimitChange[]) => void): LimitSeat {
    const seat = new LimitSeat(this, tell);
    for (const other of this.seats) seat.tell(other.sums);
    this.seats.add(seat);
    return seat;
  }

  tellOthers(seat: LimitSeat, changes: readonly LimitChange[]): void {
    for (const other of this.seats) if (other !== seat) other.tell(changes);
  }
}

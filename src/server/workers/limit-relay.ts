/** Tells each worker what the others count of an address, so that its limits hold for all of them together. */
import { addTo } from '../admission/address-limits.ts';
import { COUNTED_LIMITS, changesIn, type LimitChange, type LimitName } from '../admission/shared-limits.ts';

/** One worker's part. */
export class LimitSeat {
  readonly #relay: LimitRelay;
  readonly #tell: (changes: readonly LimitChange[]) => void;
  /** What the worker has now. */
  readonly #sums = new Map<LimitName, Map<string, number>>();

  /** @param tell tells the worker what others count */
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

  /** The worker counted this. What arrives after its end is passed over. */
  told(changes: readonly LimitChange[]): void {
    if (!this.#relay.seats.has(this)) return;
    for (const [name, address, change] of changes) {
      const sums = this.#sums.get(name);
      if (sums) addTo(sums, address, change);
    }
    this.#relay.tellOthers(this, changes);
  }

  /** The worker has ended: what it had is gone. */
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

  /** A worker serves from now on. @param tell tells it what others count, at once what they have */
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

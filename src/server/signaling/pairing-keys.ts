/** Pairing keys that are alive. Each belongs to a session, and ends with it, with its time, or with its last use. */
import { randomBytes } from 'node:crypto';
import { NO_TIMER, type StepQueue, type TimerOwner } from '../../machines/index.ts';
import {
  DEFAULT_KEY_TTL_S,
  MAX_KEYS_PER_SESSION,
  PAIRING_KEY_BYTES,
  pairingKeyFrom,
} from '../../protocol/index.ts';

interface LiveKey<Owner> extends TimerOwner {
  readonly key: string;
  readonly owner: Owner;
  /** Infinity for one that lives as long as its owner. */
  readonly expiresAt: number;
  /** Infinity for one that may be used any number of times. */
  usesLeft: number;
}

/** Who is told that a key ended by its time. */
export interface KeyOwner {
  keys: string[];
  keyExpired(key: string): void;
}

const EXPIRY = 'expiry';

export class PairingKeys<Owner extends KeyOwner> {
  readonly #live = new Map<string, LiveKey<Owner>>();
  readonly #queue: Pick<StepQueue, 'arm' | 'timers'>;

  constructor(queue: Pick<StepQueue, 'arm' | 'timers'>) {
    this.#queue = queue;
  }

  /** Whether the owner may make one more; its expired ones are forgotten first. */
  hasRoomFor(owner: Owner, now: number): boolean {
    for (const key of [...owner.keys]) this.find(key, now);
    return owner.keys.length < MAX_KEYS_PER_SESSION;
  }

  /**
   * Makes a key that pairs with its owner.
   * @param now milliseconds of the clock that also `find` is asked with
   * @param ttlS seconds that it lives; 0: as long as its owner
   * @param uses pairings that it is good for; 0: any number
   */
  create(owner: Owner, now: number, ttlS = DEFAULT_KEY_TTL_S, uses = 1): { key: string; ttlMs: number } {
    const key = pairingKeyFrom(randomBytes(PAIRING_KEY_BYTES));
    const ttlMs = ttlS * 1000 || Number.POSITIVE_INFINITY;
    this.#keep(owner, key, now, ttlMs, uses);
    return { key, ttlMs };
  }

  /** The owner of a key that is alive; an expired one is forgotten. */
  find(key: string, now: number): Owner | undefined {
    const live = this.#live.get(key);
    if (live && now >= live.expiresAt) this.#expired(live);
    return live && now < live.expiresAt ? live.owner : undefined;
  }

  /** Counts a pairing that the key made. */
  use(key: string): void {
    const live = this.#live.get(key);
    if (!live) return;
    live.usesLeft -= 1;
    if (live.usesLeft === 0) this.#forget(live);
  }

  /** What goes with its owner to another node; as for `create`, 0 means without an end. */
  allOf(owner: Owner, now: number): { key: string; ttlMs: number; uses: number }[] {
    return owner.keys.flatMap((key) => {
      const live = this.#live.get(key);
      return live && now < live.expiresAt
        ? [{ key, ttlMs: finite(Math.ceil(live.expiresAt - now)), uses: finite(live.usesLeft) }]
        : [];
    });
  }

  /** A key that another node made comes with its owner. */
  adopt(owner: Owner, key: string, now: number, ttlMs: number, uses: number): void {
    this.#keep(owner, key, now, ttlMs || Number.POSITIVE_INFINITY, uses);
  }

  forgetAllOf(owner: Owner): void {
    for (const key of owner.keys) {
      const live = this.#live.get(key);
      if (live) this.#forget(live);
    }
  }

  #keep(owner: Owner, key: string, now: number, ttlMs: number, uses: number): void {
    const usesLeft = uses || Number.POSITIVE_INFINITY;
    const live: LiveKey<Owner> = { key, owner, expiresAt: now + ttlMs, usesLeft, timer: NO_TIMER };
    this.#live.set(key, live);
    owner.keys.push(key);
    this.#queue.arm(live, EXPIRY, ttlMs, () => this.#expired(live));
  }

  #expired(live: LiveKey<Owner>): void {
    this.#forget(live);
    live.owner.keyExpired(live.key);
  }

  #forget(live: LiveKey<Owner>): void {
    const { key, owner } = live;
    this.#live.delete(key);
    this.#queue.timers.disarmAll(live);
    owner.keys = owner.keys.filter((other) => other !== key);
  }
}

function finite(amount: number): number {
  return amount === Number.POSITIVE_INFINITY ? 0 : amount;
}

/**
 * Pairing keys that are valid. Each belongs to a session and ends with the session, with its lifetime, or with its last
 * use.
 */
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
  /** Infinity for a key that lives as long as its owner. */
  readonly expiresAt: number;
  /** Infinity for a key that may be used any number of times. */
  usesLeft: number;
}

/** The owner of keys; told when one of them expires. */
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

  /** Whether the owner may make one more key; forgets expired ones first. */
  hasRoomFor(owner: Owner, now: number): boolean {
    for (const key of [...owner.keys]) this.find(key, now);
    return owner.keys.length < MAX_KEYS_PER_SESSION;
  }

  /**
   * Makes a key that pairs with its owner.
   * @param now milliseconds, by the same clock as for `find`
   * @param ttlS lifetime in seconds; 0: as long as its owner
   * @param uses how many pairings it is good for; 0: any number
   */
  create(owner: Owner, now: number, ttlS = DEFAULT_KEY_TTL_S, uses = 1): { key: string; ttlMs: number } {
    const key = pairingKeyFrom(randomBytes(PAIRING_KEY_BYTES));
    const ttlMs = ttlS * 1000 || Number.POSITIVE_INFINITY;
    this.#keep(owner, key, now, ttlMs, uses);
    return { key, ttlMs };
  }

  /** The owner of a valid key; an expired key is forgotten. */
  find(key: string, now: number): Owner | undefined {
    const live = this.#live.get(key);
    if (live && now >= live.expiresAt) this.#expired(live);
    return live && now < live.expiresAt ? live.owner : undefined;
  }

  /** Counts one pairing made with the key. */
  use(key: string): void {
    const live = this.#live.get(key);
    if (!live) return;
    live.usesLeft -= 1;
    if (live.usesLeft === 0) this.#forget(live);
  }

  /** The owner's keys, to take along to another node. As in `create`, 0 means unlimited. */
  allOf(owner: Owner, now: number): { key: string; ttlMs: number; uses: number }[] {
    return owner.keys.flatMap((key) => {
      const live = this.#live.get(key);
      return live && now < live.expiresAt
        ? [{ key, ttlMs: finite(Math.ceil(live.expiresAt - now)), uses: finite(live.usesLeft) }]
        : [];
    });
  }

  /** Takes over a key that came with its owner from another node. */
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

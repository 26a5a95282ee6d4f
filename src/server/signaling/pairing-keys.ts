/** Pairing keys that are alive. Each belongs to a session, and ends with it, with its time, or with its last use. */
import { randomBytes } from 'node:crypto';
import {
  DEFAULT_KEY_TTL_S,
  MAX_KEYS_PER_SESSION,
  PAIRING_KEY_BYTES,
  pairingKeyFrom,
} from '../../protocol/index.ts';

interface LiveKey<Owner> {
  readonly owner: Owner;
  readonly expiresAt: number;
  usesLeft: number;
}

export class PairingKeys<Owner extends { keys: string[] }> {
  readonly #live = new Map<string, LiveKey<Owner>>();

  /** Whether the owner may make one more; its expired ones are forgotten first. */
  hasRoomFor(owner: Owner, now: number): boolean {
    for (const key of [...owner.keys]) this.find(key, now);
    return owner.keys.length < MAX_KEYS_PER_SESSION;
  }

  /**
   * Makes a key that pairs with its owner.
   * @param now milliseconds of the clock that also `find` is asked with
   * @param ttlS seconds that it lives
   * @param uses pairings that it is good for
   */
  create(owner: Owner, now: number, ttlS = DEFAULT_KEY_TTL_S, uses = 1): { key: string; ttlMs: number } {
    const key = pairingKeyFrom(randomBytes(PAIRING_KEY_BYTES));
    this.#live.set(key, { owner, expiresAt: now + ttlS * 1000, usesLeft: uses });
    owner.keys.push(key);
    return { key, ttlMs: ttlS * 1000 };
  }

  /** The owner of a key that is alive; an expired one is forgotten. */
  find(key: string, now: number): Owner | undefined {
    const live = this.#live.get(key);
    if (live && now >= live.expiresAt) this.#forget(key, live);
    return live && now < live.expiresAt ? live.owner : undefined;
  }

  /** Counts a pairing that the key made. */
  use(key: string): void {
    const live = this.#live.get(key);
    if (!live) return;
    live.usesLeft -= 1;
    if (live.usesLeft === 0) this.#forget(key, live);
  }

  /** What goes with its owner to another node. */
  allOf(owner: Owner, now: number): { key: string; ttlMs: number; uses: number }[] {
    return owner.keys.flatMap((key) => {
      const live = this.#live.get(key);
      return live && now < live.expiresAt
        ? [{ key, ttlMs: Math.round(live.expiresAt - now), uses: live.usesLeft }]
        : [];
    });
  }

  /** A key that another node made comes with its owner. */
  adopt(owner: Owner, key: string, expiresAt: number, uses: number): void {
    this.#live.set(key, { owner, expiresAt, usesLeft: uses });
    owner.keys.push(key);
  }

  forgetAllOf(owner: Owner): void {
    for (const key of owner.keys) this.#live.delete(key);
    owner.keys = [];
  }

  #forget(key: string, live: LiveKey<Owner>): void {
    this.#live.delete(key);
    live.owner.keys = live.owner.keys.filter((other) => other !== key);
  }
}

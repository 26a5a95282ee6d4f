/**
 * The log of what strangers are refused, which they could fill as fast as they can be refused: one line a kind, address
 * and second, and how many more there were. The address only tells lines apart; it is never written.
 */
import type { Logger } from './logger.ts';

interface Muted {
  untilMs: number;
  /** Lines that were not written since the last one. */
  left: number;
}

const MUTE_MS = 1_000;
/** So many kinds and addresses are told apart at once; with more, all others share one line a kind. */
const MAX_KEPT = 10_000;

export class RefusalLog {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #muted = new Map<string, Muted>();

  /** @param now milliseconds of the server's clock */
  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** @param fields for programs that read the log; no address */
  warn(kind: string, address: string, message: string, fields: object = {}): void {
    const now = this.#now();
    const key = this.#keyOf(kind, address, now);
    const muted = this.#muted.get(key);
    if (muted && now < muted.untilMs) {
      muted.left += 1;
      return;
    }
    this.#muted.set(key, { untilMs: now + MUTE_MS, left: 0 });
    const more = muted?.left ?? 0;
    if (more === 0) this.#log.warn({ event: 'refused', kind, ...fields }, message);
    else
      this.#log.warn(
        { event: 'refused', kind, more, ...fields },
        `${message} (and ${more} more like it before)`,
      );
  }

  #keyOf(kind: string, address: string, now: number): string {
    const key = `${kind} ${address}`;
    if (this.#muted.size < MAX_KEPT || this.#muted.has(key)) return key;
    for (const [known, { untilMs }] of this.#muted) if (untilMs <= now) this.#muted.delete(known);
    return this.#muted.size < MAX_KEPT ? key : kind;
  }
}

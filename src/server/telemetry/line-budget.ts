/** How many log lines of one kind and address are written per second, and how many were left out. */

interface Spent {
  untilMs: number;
  lines: number;
  /** How many lines were left out since the last written one. */
  left: number;
}

const PERIOD_MS = 1_000;
/** How many kinds and addresses are tracked separately; beyond that, all others share one budget per kind. */
const MAX_KEPT = 10_000;

export class LineBudget {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #spent = new Map<string, Spent>();

  /** @param now returns milliseconds of the server's clock */
  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /**
   * @returns how many lines were left out since the last one, if this one may be written; undefined: leave this one out
   */
  take(kind: string, address: string): number | undefined {
    const now = this.#now();
    const key = this.#keyOf(kind, address, now);
    let spent = this.#spent.get(key);
    if (!spent || spent.untilMs <= now) {
      spent = { untilMs: now + PERIOD_MS, lines: 0, left: spent?.left ?? 0 };
      this.#spent.set(key, spent);
    }
    if (spent.lines === this.#perSecond) {
      spent.left += 1;
      return undefined;
    }
    const { left } = spent;
    spent.lines += 1;
    spent.left = 0;
    return left;
  }

  #keyOf(kind: string, address: string, now: number): string {
    const key = `${kind} ${address}`;
    if (this.#spent.size < MAX_KEPT || this.#spent.has(key)) return key;
    for (const [known, { untilMs }] of this.#spent) if (untilMs <= now) this.#spent.delete(known);
    return this.#spent.size < MAX_KEPT ? key : kind;
  }
}

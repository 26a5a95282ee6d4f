/** How many lines of one kind and address the log gets a second, and how many it did not get. */

interface Spent {
  untilMs: number;
  lines: number;
  /** Those that were not written since the last one that was. */
  left: number;
}

const PERIOD_MS = 1_000;
/** So many kinds and addresses are told apart at once; with more, all others share the lines of their kind. */
const MAX_KEPT = 10_000;

export class LineBudget {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #spent = new Map<string, Spent>();

  /** @param now milliseconds of the server's clock */
  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** @returns how many were left out since the last line, which is this one; undefined: this one is left out */
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

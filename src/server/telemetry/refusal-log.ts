/**
 * The log of what strangers are refused, which they could fill as fast as they can be refused: one line a kind, address
 * and second, and how many more there were. The address only tells lines apart; it is never written.
 */
import { LineBudget } from './line-budget.ts';
import { FROM, type Logger } from './logger.ts';

export class RefusalLog {
  readonly #log: Logger;
  readonly #budget: LineBudget;

  /** @param now milliseconds of the server's clock */
  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#budget = new LineBudget(1, now);
  }

  /** @param fields for programs that read the log; no address */
  warn(kind: string, address: string, message: string, fields: object = {}): void {
    const more = this.#budget.take(kind, address);
    if (more === undefined) return;
    const about = { event: 'refused', kind, ...(more > 0 && { more }), ...fields, [FROM]: address } as const;
    this.#log.warn(about, withCount(message, more));
  }
}

/** @param more lines like it that were left out before it */
export function withCount(message: string, more: number): string {
  return more === 0 ? message : `${message} (and ${more} more like it before)`;
}

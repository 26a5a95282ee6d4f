/**
 * The log of refusals, which strangers could fill as fast as they can be refused: one line per kind, address and
 * second, with the number of lines left out. The address only groups lines; it is never written.
 */
import { LineBudget } from './line-budget.ts';
import { FROM, type Logger } from './logger.ts';

export class RefusalLog {
  readonly #log: Logger;
  readonly #budget: LineBudget;

  /** @param now returns milliseconds of the server's clock */
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

/** @param more how many similar lines were left out before it */
export function withCount(message: string, more: number): string {
  return more === 0 ? message : `${message} (and ${more} more like it before)`;
}

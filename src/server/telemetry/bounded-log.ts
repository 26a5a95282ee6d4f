/**
 * A log in which what clients can cause, who come, pair, go and are refused as often as they may, has so many lines an
 * event, address and second, and the count of the others. Only what no client causes is written as it comes: information
 * that is for no address.
 */
import { LineBudget } from './line-budget.ts';
import { FROM, type LogFields, type Logger } from './logger.ts';
import { withCount } from './refusal-log.ts';

/** Of one event, kind and address. */
export const LINES_PER_SECOND = 10;

/** @param now milliseconds of the server's clock @returns the log itself, where it is bounded already */
export function boundedLog(log: Logger, now: () => number): Logger {
  return log instanceof BoundedLog ? log : new BoundedLog(log, now);
}

class BoundedLog implements Logger {
  readonly #log: Logger;
  readonly #budget: LineBudget;

  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#budget = new LineBudget(LINES_PER_SECOND, now);
  }

  get level(): string {
    return this.#log.level;
  }

  set level(level: string) {
    this.#log.level = level;
  }

  isLevelEnabled(level: string): boolean {
    return this.#log.isLevelEnabled(level);
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields[FROM] ?? '', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields[FROM] ?? '', fields, message);
  }

  info(fields: LogFields, message: string): void {
    if (fields[FROM] === undefined) this.#log.info(fields, message);
    else this.#write('info', fields[FROM], fields, message);
  }

  debug(fields: LogFields, message: string): void {
    this.#log.debug(fields, message);
  }

  #write(level: 'error' | 'warn' | 'info', address: string, fields: LogFields, message: string): void {
    const { event, kind = '' } = fields;
    const more = this.#budget.take(`${event} ${kind}`, address);
    if (more === undefined) return;
    // Those that were left out where the line comes from count, too.
    const before = Number(fields.more ?? 0);
    this.#log[level](more === 0 ? fields : { ...fields, more: before + more }, withCount(message, more));
  }
}

/**
 * A log that bounds the lines that clients can cause by connecting, pairing, leaving or being refused: a number of
 * lines per event, kind, address and second; the rest is only counted. `info` lines without an address, which no client
 * causes, are always written.
 */
import { LineBudget } from './line-budget.ts';
import { FROM, type LogFields, type Logger } from './logger.ts';
import { withCount } from './refusal-log.ts';

const UNREADABLE = 'an error that cannot be read';

/** Per event, kind and address. */
export const LINES_PER_SECOND = 10;

/**
 * @param now returns milliseconds of the server's clock
 * @returns the log itself if it is already bounded
 */
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
    // Lines that were left out at the source count, too.
    const before = Number(fields.more ?? 0);
    const [about, text] = [
      more === 0 ? fields : { ...fields, more: before + more },
      withCount(message, more),
    ];
    try {
      this.#log[level](about, text);
    } catch {
      // What a program's own hook throws may be anything, even something that cannot be read.
      this.#log[level]({ ...about, err: UNREADABLE }, text);
    }
  }
}

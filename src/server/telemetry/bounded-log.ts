/**
 * A log in which what clients do, who come, pair and go as often as they may, has so many lines an event, address and
 * second, and the count of the others. Warnings and errors, and lines that are for no address, are written as they come.
 */
import { LineBudget } from './line-budget.ts';
import { FROM, type LogFields, type Logger } from './logger.ts';
import { withCount } from './refusal-log.ts';

/** Of one event and address. */
export const LINES_PER_SECOND = 10;

/** @param now milliseconds of the server's clock */
export function boundedLog(log: Logger, now: () => number): Logger {
  const budget = new LineBudget(LINES_PER_SECOND, now);
  return {
    get level() {
      return log.level;
    },
    set level(level) {
      log.level = level;
    },
    isLevelEnabled: (level) => log.isLevelEnabled(level),
    error: (fields, message) => log.error(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    info(fields: LogFields, message: string) {
      const { event, [FROM]: address } = fields;
      const more = address === undefined ? 0 : budget.take(event, address);
      if (more === undefined) return;
      log.info(more === 0 ? fields : { ...fields, more }, withCount(message, more));
    },
    debug: (fields, message) => log.debug(fields, message),
  };
}

/** The server's log: JSON lines for programs, readable on a terminal. It names ids; never SDP, addresses, keys. */
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/**
 * @param level the least severe level that is written
 * @param format `auto` is pretty on a terminal, and JSON elsewhere
 */
export function createLogger(level: string, format: 'auto' | 'json' | 'pretty'): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY === true);
  if (!isPretty) return pino({ level, base: null });
  const stream = pretty({ sync: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'id,peerId,code' });
  return pino({ level, base: null }, stream);
}

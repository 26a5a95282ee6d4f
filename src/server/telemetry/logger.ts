/**
 * The server's log: JSON lines for programs, readable lines on a terminal. It contains ids, but never SDP, addresses or
 * keys.
 */
import type { Writable } from 'node:stream';
import { type DestinationStream, pino } from 'pino';
import pretty from 'pino-pretty';
import { escapeJson, printable } from '../../common/printable.ts';
import { LineOutput } from './line-output.ts';
import type { LogEvent } from './log-events.ts';

/** The address that caused a line, as limits count it: it is used to group lines, and never written. */
export const FROM: unique symbol = Symbol('from');

/** The data of a line: its event, and whatever a program that reads the log may need. */
export interface LogFields {
  readonly event: LogEvent;
  readonly [FROM]?: string | undefined;
  readonly [field: string]: unknown;
}

type Write = (fields: LogFields, message: string) => void;

/** The part of pino's interface that is used. Every line names its event. */
export interface Logger {
  level: string;
  isLevelEnabled(level: string): boolean;
  readonly error: Write;
  readonly warn: Write;
  readonly info: Write;
  readonly debug: Write;
}

/** One for all servers of a process, so that their lines do not mix. */
let output: LineOutput | undefined;

/**
 * @param level the least severe level that is written
 * @param format `auto` is pretty on a terminal, and JSON elsewhere
 * @param fields added to every line
 */
export function createLogger(
  level: string,
  format: 'auto' | 'json' | 'pretty',
  fields: object | null = null,
): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY === true);
  if (isPretty) return pino({ level, base: fields }, prettyStream());
  output ??= new LineOutput((count) => lostLine(count, fields));
  return jsonLogger(level, output, fields);
}

/** Written by pino's rules, but not by pino: the line must get past those that wait. */
function lostLine(count: number, fields: object | null): string {
  const event: LogEvent = 'log_lines_lost';
  const msg = `${count} lines of the log were lost: whoever reads it is too slow`;
  return `${JSON.stringify({ level: 40, time: Date.now(), ...fields, event, count, msg })}\n`;
}

/** JSON lines; unprintable characters in ids that strangers chose are escaped. */
export function jsonLogger(level: string, output: DestinationStream, fields: object | null = null): Logger {
  const streamWrite = (line: string) => `${escapeJson(line.trimEnd())}\n`;
  return pino({ level, base: fields, hooks: { streamWrite } }, output);
}

const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
/** The ids of one node begin alike. */
const ID_CHARS = 6;

/**
 * Readable lines, short enough for 80 columns: fields are left out, because the message already names its subject; a
 * pairing is shown by its number, by which the inspector finds it; ids are cut to their ends, which differ even within
 * a node.
 */
export function prettyStream(destination?: Writable) {
  return pretty({
    ...(destination && { destination, colorize: false }),
    sync: true,
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    customPrettifiers: { time: String },
    messageFormat: (line, key) => {
      const { epoch } = line as { epoch?: unknown };
      const text = printable(String(line[key] ?? '')).replace(UUID, (id) => `…${id.slice(-ID_CHARS)}`);
      return epoch === undefined ? text : `${text} #${epoch}`;
    },
  });
}

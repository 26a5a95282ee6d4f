/** A logger that keeps its lines, for tests of what a relay's operator reads. */
import { type Logger, pino } from 'pino';

export interface KeptLine {
  readonly level: number;
  readonly msg: string;
}

export function keepLogs(): { log: Logger; lines: KeptLine[]; text: () => string } {
  const lines: KeptLine[] = [];
  const texts: string[] = [];
  const log = pino(
    { level: 'trace' },
    {
      write(line: string) {
        texts.push(line);
        lines.push(JSON.parse(line));
      },
    },
  );
  return { log, lines, text: () => texts.join('') };
}

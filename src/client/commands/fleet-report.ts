/** A fleet's results: for programs, as a table, and as a progress bar. */
import type { FleetCounts } from './fleet.ts';

export interface FleetReport {
  readonly pairs: number;
  readonly failedPairs: number;
  /** Undefined if no channel opened. */
  readonly openMs: { readonly p50: number; readonly p99: number } | undefined;
  /** From sending a message until the other side has it; undefined if none arrived. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | undefined;
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly seconds: number;
  readonly errors: { readonly [kind: string]: number };
}

export function reportOf(counts: FleetCounts, seconds: number): FleetReport {
  const { pairs, failedPairs, openedAfterMs, latencyUs, sent, received, errors } = counts;
  const sorted = [...openedAfterMs].sort((a, b) => a - b);
  return {
    pairs,
    failedPairs,
    openMs: sorted.length > 0 ? { p50: percentile(sorted, 50), p99: percentile(sorted, 99) } : undefined,
    latencyMs:
      latencyUs.count > 0
        ? { p50: inMs(latencyUs.percentile(50)), p99: inMs(latencyUs.percentile(99)) }
        : undefined,
    sent,
    received,
    lost: sent - received,
    seconds: Math.round(seconds * 10) / 10,
    errors: Object.fromEntries(errors),
  };
}

/** Rounded to a tenth of a millisecond, the resolution that is meaningful. */
function inMs(us: number): number {
  return Math.round(us / 100) / 10;
}

/** The smallest value that the given percentage of the sorted values does not exceed. */
export function percentile(sorted: readonly number[], percent: number): number {
  const index = Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1);
  return Math.round(sorted[index] ?? 0);
}

export function tableOf(report: FleetReport): string {
  const { pairs, failedPairs, openMs, latencyMs, sent, received, lost, seconds, errors } = report;
  const kinds = Object.entries(errors).map(([kind, count]) => [`  ${kind}`, number(count)]);
  const rows = [
    ['pairs made', `${number(pairs)} of ${number(pairs + failedPairs)}`],
    ['time to open, p50', openMs ? `${number(openMs.p50)} ms` : '-'],
    ['time to open, p99', openMs ? `${number(openMs.p99)} ms` : '-'],
    ['latency, p50', latencyMs ? `${number(latencyMs.p50)} ms` : '-'],
    ['latency, p99', latencyMs ? `${number(latencyMs.p99)} ms` : '-'],
    ['messages sent', number(sent)],
    ['messages received', number(received)],
    ['messages lost', number(lost)],
    ['errors', number(Object.values(errors).reduce((sum, count) => sum + count, 0))],
    ...kinds,
    ['time', `${seconds} s`],
  ] as [string, string][];
  const [left, right] = [0, 1].map((column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  return rows
    .map(([name, value]) => `${name.padEnd(left as number)}  ${value.padStart(right as number)}\n`)
    .join('');
}

const BAR_WIDTH = 24;

/** One line of at most 80 characters. */
export function progressOf(counts: FleetCounts, pairs: number, messages: number): string {
  const done = counts.pairs + counts.failedPairs;
  // Half of the bar is for pairs, half for their messages if the total is known.
  const total = 2 * pairs * messages;
  const part = total > 0 ? (done / pairs + Math.min(1, counts.received / total)) / 2 : done / pairs;
  const filled = Math.floor(part * BAR_WIDTH);
  const said = total > 0 ? `${number(counts.received)}/${number(total)}` : number(counts.received);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] pairs ${done}/${pairs}  messages ${said}`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** Readable results: a Markdown table of medians, and each target with the ratio reached. */
import type { Contender } from './contenders.ts';
import type { Scenario } from './scenarios.ts';

export interface Result {
  readonly scenario: Scenario;
  /** By contender: one figure per slice. */
  readonly figures: ReadonlyMap<string, readonly number[]>;
  /** By contender: CPU of the load generator divided by CPU of the server. */
  readonly loadShares: ReadonlyMap<string, number>;
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[middle - 1 + (sorted.length % 2)], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

export const medianOf = (result: Result, contender: string) => median(result.figures.get(contender) ?? []);

export function table(results: readonly Result[], contenders: readonly Contender[]): string {
  const rows = results.map((result) => [
    `${result.scenario.name} (${result.scenario.unit})`,
    ...contenders.map(({ name }) => number(medianOf(result, name), result.scenario.digits)),
  ]);
  const head = ['', ...contenders.map(({ name }) => name)];
  return [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** One line per target. */
export function verdicts(results: readonly Result[]): string[] {
  const verdict = (result: Result, ours: string, other: string, aim: number) => {
    const ratio = medianOf(result, ours) / medianOf(result, other);
    return `${ratio <= aim ? 'reached' : 'MISSED '}  ${result.scenario.name}, ${ours}: ${ratio.toFixed(2)} times ${other} (aim: at most ${aim})`;
  };
  return results.flatMap((result) => {
    const { aims, peerJsAim } = result.scenario;
    return [
      ...Object.entries(aims).map(([other, aim]) => verdict(result, 'Pairlane', other, aim)),
      ...(peerJsAim === undefined ? [] : [verdict(result, 'Pairlane, PeerJS', 'PeerServer', peerJsAim)]),
    ];
  });
}

function number(value: number, digits: number): string {
  if (Number.isNaN(value)) return '–';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

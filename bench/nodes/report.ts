/** Shared by the parts of this benchmark: how much they do, and what they report. */
import { isClean, type Verdict } from '../../tools/history.ts';
import type { SteadyPairs } from '../../tools/steady-pairs.ts';

export interface Effort {
  readonly slices: number;
  /** Messages per slice, in total. */
  readonly messages: number;
  /** Clients in a storm. */
  readonly clients: number;
  readonly storms: number;
  readonly drops: number;
  readonly kills: number;
  /** The nodes' resume grace. Problems are looked for after it, since a node that has just started tolerates more. */
  readonly graceMs: number;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly digits: number;
}

/** The verdict on one trial's histories. */
export interface Trial extends Verdict {
  readonly name: string;
  /** The reasons why pairings ended, with the number of clients that were told each. */
  readonly endings: Readonly<Record<string, number>>;
  /** Other problems that must not occur. */
  readonly problems: readonly string[];
}

export type Progress = (text: string) => void;

export function trialOf(name: string, { verdict, endings, problems }: SteadyPairs): Trial {
  return { name, ...verdict, endings, problems };
}

export const wentWell = (trials: readonly Trial[]) =>
  trials.every((trial) => isClean(trial) && trial.problems.length === 0);

const number = (value: number, digits = 0) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

export function tables(figures: readonly Figure[], trials: readonly Trial[]): string {
  const rows = figures.map(
    ({ name, value, unit, digits }) => `| ${name} (${unit}) | ${number(value, digits)} |`,
  );
  const judged = trials.map(
    ({ name, pairs, sent, lost, doubled, outOfOrder, endedPairings }) =>
      `| ${[name, ...[pairs, sent, lost, doubled, outOfOrder, endedPairings].map((one) => number(one))].join(' | ')} |`,
  );
  return [
    ...(rows.length > 0 ? ['| | |', '| --- | ---: |', ...rows, ''] : []),
    ...(judged.length > 0
      ? [
          '| | pairs | messages | lost | doubled | out of order | pairings ended |',
          '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
          ...judged,
        ]
      : []),
    ...trials.flatMap(({ name, endings, problems }) => [
      ...Object.entries(endings).map(([why, clients]) => `\n${name}: ${clients} clients were told ${why}`),
      ...problems.map((problem) => `\n${name}: ${problem}`),
    ]),
  ].join('\n');
}

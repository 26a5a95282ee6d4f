/** What the parts of this benchmark have in common: how much they do, and what they hand over. */
import { isClean, type Verdict } from '../support/history.ts';

export interface Effort {
  readonly slices: number;
  /** A slice, in all. */
  readonly messages: number;
  /** Clients of a storm. */
  readonly clients: number;
  readonly storms: number;
  readonly drops: number;
  readonly kills: number;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly digits: number;
}

/** One line of what the histories tell. */
export interface Trial extends Verdict {
  readonly name: string;
}

export type Progress = (text: string) => void;

export const wentWell = (trials: readonly Trial[]) => trials.every(isClean);

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
  ].join('\n');
}

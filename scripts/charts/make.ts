/**
 * The SVGs of each chart in the table, full and brief: drawn here, written by scripts/make-charts.ts, and compared with
 * the files by a test.
 */
import { chartNames, chartTable } from '../../src/inspector/charts/chart-table.ts';
import { layOut } from '../../src/inspector/charts/draw/layout.ts';
import { drawSvg } from '../../src/inspector/charts/draw/svg.ts';
import { chartOf } from '../../src/machines/index.ts';

export function makeCharts(): ReadonlyMap<string, string> {
  const charts = new Map<string, string>();
  for (const name of chartNames) {
    const chart = chartOf(chartTable[name]);
    charts.set(name, drawSvg(layOut(chart)));
    charts.set(`${name}.brief`, drawSvg(layOut(chart, 'brief')));
  }
  return charts;
}

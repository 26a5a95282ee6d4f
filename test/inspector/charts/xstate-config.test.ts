/** What `chart --format xstate` prints is a machine of the same chart, by XState's own createMachine. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { chartNames, chartTable } from '../../../src/inspector/charts/chart-table.ts';
import { xstateOf } from '../../../src/inspector/charts/xstate-config.ts';
import { chartOf } from '../../../src/machines/index.ts';

// Within the tree, so that it finds XState.
const folder = mkdtempSync(resolve('.cache/xstate-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a chart as XState’s code', () => {
  it.each(chartNames)('is the machine that it is of: %s', async (name) => {
    const file = join(folder, `${name}.mjs`);
    const chart = chartOf(chartTable[name]);
    writeFileSync(file, xstateOf(chart));
    const { machine } = (await import(pathToFileURL(file).href)) as { machine: never };
    expect(chartOf(machine)).toEqual(chart);
  });
});

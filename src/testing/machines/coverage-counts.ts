/** Counts how often tests covered each item, and which tests did: counted in one process, saved, and added up. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../common/named-file.ts';
import { htmlReport } from './coverage-html.ts';

interface Count {
  times: number;
  readonly tests: Set<string>;
}

/** The saved form: by group and name, how often, and by which tests. */
type Saved = Readonly<Record<string, Readonly<Record<string, readonly [times: number, ...tests: string[]]>>>>;

/** How many tests a report names per item. */
const MAX_TESTS = 10;

export class CoverageCounts {
  readonly #groups = new Map<string, Map<string, Count>>();

  /** Registers an item, once per name. */
  know(group: string, name: string): void {
    this.#countOf(group, name);
  }

  /** @param test its name, if known */
  count(group: string, name: string, times: number, ...tests: readonly string[]): void {
    const count = this.#countOf(group, name);
    count.times += times;
    for (const test of tests) if (count.tests.size < MAX_TESTS) count.tests.add(test);
  }

  #countOf(group: string, name: string): Count {
    const names = this.#groups.get(group) ?? new Map<string, Count>();
    this.#groups.set(group, names);
    const count = names.get(name) ?? { times: 0, tests: new Set<string>() };
    names.set(name, count);
    return count;
  }

  /** The names of items that were never covered. */
  get missing(): string[] {
    return [...this.#groups.values()].flatMap((names) =>
      [...names].flatMap(([name, { times }]) => (times === 0 ? [name] : [])),
    );
  }

  /** By group: how many items there are, and how many were covered. */
  get shares(): { readonly group: string; readonly taken: number; readonly all: number }[] {
    return [...this.#groups].map(([group, names]) => ({
      group,
      taken: [...names.values()].filter(({ times }) => times > 0).length,
      all: names.size,
    }));
  }

  /**
   * Saves what this process has counted, and the items it knows.
   * @param folder created if missing
   */
  save(folder: string): void {
    makeFolder(folder);
    const saved = Object.fromEntries(
      [...this.#groups].map(([group, names]) => [
        group,
        Object.fromEntries([...names].map(([name, { times, tests }]) => [name, [times, ...tests]])),
      ]),
    );
    writeFileSync(join(folder, `${process.pid}-${process.hrtime.bigint()}.json`), JSON.stringify(saved));
  }

  /** Adds what other processes have saved. */
  add(folder: string): void {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      const saved = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Saved;
      for (const [group, names] of Object.entries(saved))
        for (const [name, [times, ...tests]] of Object.entries(names))
          this.count(group, name, times, ...tests);
    }
  }

  /** Each group's share, and what is missing. */
  toString(): string {
    const lines = [...this.#groups].flatMap(([group, names]) => {
      const missing = [...names].filter(([, { times }]) => times === 0);
      return [
        `${group}: ${names.size - missing.length} of ${names.size} taken`,
        ...missing.map(([name]) => `  never taken: ${name}`),
      ];
    });
    return lines.join('\n');
  }

  /**
   * An HTML report.
   * @param chartOf returns the chart of a group's machine, as `pairlane chart` prints it, if there is one
   */
  toHtml(chartOf: (group: string) => string | undefined = () => undefined): string {
    return htmlReport(
      [...this.#groups].map(([group, names]) => ({
        group,
        chart: chartOf(group),
        taken: [...names].map(([name, { times, tests }]) => [name, times, [...tests]] as const),
      })),
    );
  }
}

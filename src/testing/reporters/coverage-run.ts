/** Shared by the reporters of all test runners: a folder into which tests save, and its content at the end. */
import { rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../common/named-file.ts';
import { CoverageCounts } from '../machines/coverage-counts.ts';

export interface CoverageReporterOptions {
  /** The folder that tests save to: `coverage.save(folder)`. It is emptied when a run begins. */
  readonly folder: string;
  /** Where to write an HTML report; left out: none is written. */
  readonly html?: string;
}

export class CoverageRun {
  readonly #options: CoverageReporterOptions;

  /** @throws without a folder */
  constructor(options: CoverageReporterOptions) {
    if (typeof options?.folder !== 'string' || options.folder === '')
      throw new Error('The coverage reporter needs { folder }: the one that tests give coverage.save()');
    this.#options = options;
  }

  /** Removes what an earlier run saved. */
  begin(): void {
    rmSync(this.#options.folder, { recursive: true, force: true });
    makeFolder(this.#options.folder);
  }

  /**
   * @returns each machine's share, and what was never covered
   * @throws if the report cannot be written
   */
  end(): { readonly text: string; readonly missing: readonly string[] } {
    const { folder, html } = this.#options;
    const counts = new CoverageCounts();
    counts.add(folder);
    if (html !== undefined) {
      makeFolder(dirname(html));
      writeFileSync(html, counts.toHtml());
    }
    const nothing = counts.shares.length === 0;
    return {
      text: nothing ? `No test saved its coverage in ${folder}` : String(counts),
      missing: nothing ? [`anything: no test saved its coverage in ${folder}`] : counts.missing,
    };
  }
}

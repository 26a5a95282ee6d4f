/** The accessibility check of axe-core, on the page as it is now. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @returns the violations: the rule, and the first elements that break it */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(source);
  return page.evaluate(`
    axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ help, nodes }) => help + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(', ')),
    )
  `);
}

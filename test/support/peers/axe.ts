/** The accessibility check of axe-core, on the page as it is now. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * @returns the violations: the rule, and the first elements that break it; also text in the colour of its background, of which
 * axe is not sure that it is meant to be read
 */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(source);
  return page.evaluate(`
    axe.run(document, { resultTypes: ['violations', 'incomplete'] }).then(({ violations, incomplete }) => {
      const isUnseen = ({ any }) => any.some(({ data }) => data?.messageKey === 'equalRatio');
      const unseen = incomplete.map((one) => ({ ...one, nodes: one.nodes.filter(isUnseen) }));
      return [...violations, ...unseen]
        .filter(({ nodes }) => nodes.length > 0)
        .map(({ help, nodes }) => help + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(', '));
    })
  `);
}

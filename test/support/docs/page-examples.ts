/** The code in README and docs below `<!-- example: NAME -->`, to be run by a test. */
import { readFileSync } from 'node:fs';
import { documentationPages } from '../../../scripts/docs/generate.ts';

const EXAMPLE = /<!-- example: ([\w-]+) -->\n```(\w*)\n(.*?)\n```/gs;

/** The code of each example, by name. */
export function pageExamples(): ReadonlyMap<string, string> {
  const examples = new Map<string, string>();
  for (const path of documentationPages()) {
    for (const [, name = '', , code = ''] of readFileSync(path, 'utf8').matchAll(EXAMPLE)) {
      if (examples.has(name)) throw new Error(`${path}: there are two examples with the name ${name}`);
      examples.set(name, code);
    }
  }
  return examples;
}

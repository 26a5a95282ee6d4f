/** Fills the generated parts of a page: the text between `<!-- generated: NAME -->` and `<!-- /generated -->`. */
import { readdirSync } from 'node:fs';
import { generatedParts } from './generated-parts.ts';

const PART = /(<!-- generated: ([\w-]+) -->\n).*?(<!-- \/generated -->)/gs;

/** README and docs, as paths from the root of the repository. */
export function documentationPages(): string[] {
  const docs = readdirSync('docs').filter((file) => file.endsWith('.md'));
  return [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...docs.sort().map((file) => `docs/${file}`),
  ];
}

/** @returns the page with all of its generated parts renewed */
export function fillGeneratedParts(page: string, path: string): string {
  return page.replace(PART, (_, start: string, name: string, end: string) => {
    const part = generatedParts[name];
    if (!part)
      throw new Error(`${path}: there is no generated part "${name}"; see scripts/docs/generated-parts.ts`);
    return `${start}\n${part()}\n\n${end}`;
  });
}

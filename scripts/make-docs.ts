/** `npm run docs`: renews the generated parts of README and docs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { documentationPages, fillGeneratedParts } from './docs/generate.ts';

for (const path of documentationPages()) {
  const before = readFileSync(path, 'utf8');
  const after = fillGeneratedParts(before, path);
  if (after === before) continue;
  writeFileSync(path, after);
  console.log(`${path}: made anew`);
}

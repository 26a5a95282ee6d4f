/** The part of the build that writes the contract: dist/schemas, which the server serves to anyone. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { documentNames, documentOf } from '../src/contract/documents.ts';

const folder = new URL('../dist/schemas/', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

mkdirSync(folder, { recursive: true });
for (const name of documentNames)
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(documentOf(name, version), null, 2)}\n`);

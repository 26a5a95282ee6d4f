/** `npm run charts`: redraws all charts into src/inspector/charts/svg/. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { makeCharts } from './charts/make.ts';

const directory = new URL('../src/inspector/charts/svg/', import.meta.url);
mkdirSync(directory, { recursive: true });
for (const file of readdirSync(directory)) rmSync(new URL(file, directory));
for (const [name, svg] of makeCharts()) {
  writeFileSync(new URL(`${name}.svg`, directory), svg);
  console.log(`src/inspector/charts/svg/${name}.svg: ${svg.length} bytes`);
}

/**
 * The part of the build that tsc does not do: copies the charts next to the command that prints them, and bundles the
 * page.
 */
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

rmSync(at('dist/inspector/charts/svg'), { recursive: true, force: true });
cpSync(at('src/inspector/charts/svg'), at('dist/inspector/charts/svg'), { recursive: true });

// Classic scripts, not modules, so that a page also works when opened as a file, where browsers do not load modules.
const pages = { page: 'main.ts', programs: 'programs/main.ts' };
await build({
  entryPoints: Object.entries(pages).map(([out, file]) => ({ out, in: at(`src/inspector/page/${file}`) })),
  outdir: at('dist/inspector/page'),
  bundle: true,
  format: 'iife',
  minify: true,
  target: 'es2022',
  loader: { '.svg': 'text', '.jsonl': 'text' },
  logLevel: 'warning',
});
for (const file of ['index.html', 'page.css', 'programs.html', 'programs.css'])
  cpSync(at(`src/inspector/page/${file}`), at(`dist/inspector/page/${file}`));

/** The browser part of the build: the client as one ES module, and the page at `/` that uses it. */
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const options: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  logLevel: 'warning',
};

/**
 * The page imports the same module that it offers: one download, and nobody gets a client that the page has not run.
 */
const servedClient: Plugin = {
  name: 'served-client',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/client\/browser\/index\.ts$/ }, () => ({ path: './pairlane.js', external: true })),
};

await build({
  ...options,
  entryPoints: [at('src/client/browser/index.ts')],
  outfile: at('dist/browser/pairlane.js'),
  banner: {
    js: '/*! Pairlane, MIT. In it: XState (MIT, Stately) and eventemitter3 (MIT, Arnout Kazemier). */',
  },
});

await build({
  ...options,
  entryPoints: [at('src/client/browser/webrtc-manager.ts')],
  outfile: at('dist/browser/webrtc-manager.js'),
  banner: { js: '/*! Pairlane, MIT. In it: XState (MIT, Stately). */' },
});

await build({
  ...options,
  entryPoints: [at('src/client/browser/watch/index.ts')],
  outfile: at('dist/browser/pairlane-watch.js'),
  banner: { js: '/*! Pairlane, MIT */' },
});

await build({
  ...options,
  entryPoints: [at('src/site/main.ts')],
  outfile: at('dist/site/site.js'),
  plugins: [servedClient],
  banner: { js: '/*! Pairlane, MIT. In it: qr (MIT or Apache-2.0, Paul Miller). */' },
});

for (const file of ['index.html', 'site.css']) cpSync(at(`src/site/${file}`), at(`dist/site/${file}`));

cpSync(at('examples/pong'), at('dist/examples/pong'), { recursive: true });

/** A page with the exports of a script of test/support/pages under a global name. */
import { execFileSync } from 'node:child_process';
import type { Page } from 'playwright-core';
import { httpUrl, openPage } from './browser.ts';

const scripts = new Map<string, string>();

/** @param name of the file in test/support/pages, without `-page.ts` */
function scriptOf(name: string): string {
  const known = scripts.get(name);
  if (known !== undefined) return known;
  const args = ['--bundle', '--format=iife', '--platform=browser', '--define:global=globalThis'];
  const script = execFileSync(
    'node_modules/.bin/esbuild',
    [`test/support/pages/${name}-page.ts`, '--global-name=loaded', '--log-level=error', ...args],
    { maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' },
  );
  scripts.set(name, script);
  return script;
}

/** An empty page of the server, with the script's exports as `globalThis.loaded`. */
export async function openScriptPage(server: { url: string }, name: string): Promise<Page> {
  const page = await openPage(`${httpUrl(server)}healthz`);
  await page.evaluate(`${scriptOf(name)}; globalThis.loaded = loaded;`);
  return page;
}

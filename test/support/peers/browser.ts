/**
 * A real Chromium (Debian's package), one per test file, and its pages. After each test its pages are closed; errors in
 * a page, and any request to another host, fail the test.
 */
import { afterAll, afterEach, expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from '../../../tools/launch-chromium.ts';
import { PATIENCE_MS } from '../wait-timeouts.ts';

let browser: Promise<Browser> | undefined;
const problems: string[] = [];

/** Opens a page with its own context, as another person's browser would. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  browser ??= launchChromium();
  const context = await (await browser).newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('pageerror', (error) => problems.push(`${error.name}: ${error.message}`));
  const own = new URL(url);
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'data:' && host !== own.host) problems.push(`asked ${host} for something`);
  });
  // A test may let the page try a port of this machine where nobody listens.
  page.on('websocket', (socket) => {
    const { hostname, host } = new URL(socket.url());
    if (hostname !== own.hostname) problems.push(`opened a WebSocket to ${host}`);
  });
  await page.goto(url);
  return page;
}

/** A Pairlane server's URL for browsers. */
export function httpUrl({ url }: { url: string }): string {
  return url.replace(/^ws/, 'http');
}

afterEach(async () => {
  const contexts = (await browser)?.contexts() ?? [];
  await Promise.all(contexts.map((context) => context.close()));
  expect(problems.splice(0)).toEqual([]);
});

afterAll(async () => (await browser)?.close());

/** Debian's chromium, one for a test file, and pages that note every request that they make. */
import { afterAll, afterEach } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from './launch-chromium.ts';

let browser: Promise<Browser> | undefined;
const contexts: BrowserContext[] = [];

export interface OpenPage {
  readonly page: Page;
  /** The URL of everything that the page asked for, WebSockets too. */
  readonly requests: string[];
  /** What went wrong in the page's script. */
  readonly errors: string[];
}

export async function openPage(url: string, colorScheme: 'light' | 'dark' = 'light'): Promise<OpenPage> {
  browser ??= launchChromium();
  const context = await (await browser).newContext({ colorScheme, viewport: { width: 1440, height: 900 } });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(8_000);
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('websocket', (socket) => requests.push(socket.url()));
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(url);
  return { page, requests, errors };
}

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
});

afterAll(async () => {
  await (await browser)?.close();
});

/** How long the server's page takes until it shows a key to invite others with, in a browser that has nothing of it. */
import type { Browser } from 'playwright-core';
import { type SignalingServer, startServer } from '../src/server/index.ts';
import { launchChromium } from '../tools/launch-chromium.ts';

/** Run in the page before its own scripts: notes when the key is shown, and can be seen. */
const NOTE_KEY = `
  globalThis.keyShown = new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      if (!/^\\w{4}-\\w{4}-\\w{4}$/.test(document.getElementById('key')?.textContent ?? '')) return;
      observer.disconnect();
      requestAnimationFrame(() => resolve(performance.now()));
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });`;

export class FirstKeys {
  readonly #server: SignalingServer;
  readonly #browser: Browser;

  private constructor(server: SignalingServer, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  static async start(): Promise<FirstKeys> {
    return new FirstKeys(
      await startServer({ port: 0, logLevel: 'silent', maxUpgradesPerSecond: 0 }),
      await launchChromium(),
    );
  }

  /** @returns the time from the start of the navigation until the key is drawn, in milliseconds */
  async measure(): Promise<number> {
    // A context of its own: an empty cache, and no connection that is already open.
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(NOTE_KEY);
    await page.goto(this.#server.url.replace(/^ws/, 'http'));
    const ms = await page.evaluate<number>('keyShown');
    await context.close();
    return ms;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
  }
}

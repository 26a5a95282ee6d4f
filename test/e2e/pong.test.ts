/** The example game: two pages of it play with each other, and show what their link is worth. */
import { describe, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { httpUrl, openPage } from '../support/peers/browser.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const open = (server: { url: string }, game: string) =>
  openPage(`${httpUrl(server)}examples/pong/?game=${game}`);
const status = (page: Page, text: RegExp) => page.locator('#status', { hasText: text }).waitFor();

describe('the example game', () => {
  it('brings two pages together, shows round trip and loss live, and asks no other host', async () => {
    const { server } = await startTestServer({ rooms: true });
    const left = await open(server, 'g');
    await status(left, /Waiting for the second player/);
    const right = await open(server, 'g');
    await Promise.all([status(left, /You are player 1: left/), status(right, /You are player 2: right/)]);
    for (const page of [left, right]) {
      await page.locator('#round-trip', { hasText: /^\d+\.\d ms$/ }).waitFor();
      await page.locator('#loss', { hasText: /^\d+\.\d %$/ }).waitFor();
      await page.locator('#rate', { hasText: /^\d+$/ }).waitFor();
    }
    if (process.env.SCREENSHOTS) {
      await right.mouse.move(400, 200);
      await left.screenshot({ path: `${process.env.SCREENSHOTS}/pong-left.png` });
      await right.screenshot({ path: `${process.env.SCREENSHOTS}/pong-right.png` });
    }
    const third = await open(server, 'g');
    await status(third, /Two are playing already/);
  });

  it('goes on when the other player has reloaded its page', async () => {
    const { server } = await startTestServer({ rooms: true });
    const left = await open(server, 'g');
    await status(left, /Waiting/);
    const right = await open(server, 'g');
    await status(right, /You are player 2/);
    await right.reload();
    await Promise.all([status(left, /You are player 1/), status(right, /You are player 2/)]);
    await right.locator('#round-trip', { hasText: /^\d+\.\d ms$/ }).waitFor();
  });
});

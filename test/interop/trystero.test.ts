/** Trystero's core, unmodified, in pages of a real Chromium, over the wire of its relay: a room of four. */
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { openScriptPage } from '../support/peers/page-script.ts';
import { startTestServer } from '../support/servers/test-server.ts';

declare const Loaded: typeof import('../support/pages/trystero-page.ts');

async function joinRoom(server: { url: string }, password?: string): Promise<Page> {
  const page = await openScriptPage(server, 'trystero');
  await page.evaluate(
    ({ url, password }) => {
      const { joinRoom } = (globalThis as never as { loaded: typeof Loaded }).loaded;
      const room = joinRoom(
        {
          appId: 'a test',
          relayConfig: { urls: [url] },
          rtcConfig: { iceServers: [] },
          ...(password !== undefined && { password }),
        },
        'a room',
      );
      const heard: unknown[] = [];
      const chat = room.makeAction('chat') as never as {
        send(data: string): unknown;
        onMessage: (data: string) => void;
      };
      chat.onMessage = (data) => heard.push(data);
      Object.assign(globalThis, { room, chat, heard });
    },
    { url: `${server.url}trystero`, password },
  );
  return page;
}

const meets = (page: Page, count: number) =>
  page.waitForFunction(`Object.keys(room.getPeers()).length === ${count}`, undefined, { timeout: 90_000 });

describe('Trystero', () => {
  it.each([undefined, 'open sesame'])('four in a room hear each other; password: %s', async (password) => {
    const { server } = await startTestServer({ topics: true });
    const pages: Page[] = [];
    for (let n = 0; n < 4; n += 1) pages.push(await joinRoom(server, password));
    for (const page of pages) await meets(page, 3);
    for (const [n, page] of pages.entries()) await page.evaluate(`void chat.send('from ${n}')`);
    for (const [n, page] of pages.entries()) {
      await page.waitForFunction('heard.length >= 3', undefined, { timeout: 60_000 });
      const others = [0, 1, 2, 3].filter((other) => other !== n).map((other) => `from ${other}`);
      expect((await page.evaluate<string[]>('heard')).sort()).toEqual(others);
    }
    await pages[0]?.evaluate('room.leave()');
    for (const page of pages.slice(1)) await meets(page, 2);
  });
});

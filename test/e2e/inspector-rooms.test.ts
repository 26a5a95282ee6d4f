/** Game rooms on the inspector's page, in a real browser: a pairing with its game, and players who mean harm. */
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { RoomClient } from '../support/clients/room-client.ts';
import { SECRETS, sdp } from '../support/clients/signal-fixtures.ts';
import { openPage } from '../support/peers/browser.ts';
import { startTestServer, type TestServer } from '../support/servers/test-server.ts';

const lit = (page: Page, title: string, state: string) =>
  page.locator(`[data-panel="${title}"][data-active~="${state}"]`).waitFor();

async function open(testServer: TestServer) {
  const page = await openPage(`http://127.0.0.1:${testServer.server.port}/inspect/`);
  await page.locator('.link[data-state="connected"]').waitFor();
  return page;
}

async function join(testServer: TestServer, game: string, ids: readonly unknown[]): Promise<RoomClient[]> {
  const clients: RoomClient[] = [];
  for (const id of ids) {
    const client = await RoomClient.connect(`http://127.0.0.1:${testServer.server.port}`);
    await client.join(game, id);
    clients.push(client);
  }
  return clients;
}

describe('a game on the page', () => {
  it('is in the row of its pairing, a click leaves its pairings alone, and the pairing is shown live', async () => {
    const testServer = await startTestServer({ rooms: true });
    const page = await open(testServer);
    const [one, two] = (await join(testServer, 'chess', [1, 2])) as [RoomClient, RoomClient];
    one.signal('chess', 2, 'offer', { sdp });
    const [three] = (await join(testServer, 'go', [3, 4])) as [RoomClient];
    three.signal('go', 4, 'offer', { sdp });
    await Promise.all([one.settled(), three.settled()]);
    testServer.clock.advance(1_000);
    await page.locator('.total', { hasText: '1–2 of 2' }).waitFor();
    await page.getByRole('button', { name: 'chess' }).click();
    await page.locator('.total', { hasText: '1–1 of 1' }).waitFor();
    await page.getByRole('link', { name: /^see / }).click();
    await lit(page, 'Session A', 'session.present.pairings.negotiating');
    await lit(page, 'Pairing', 'pairing.negotiating.offered');
    await page.locator('.who', { hasText: 'A 1 B 2 by socket-io in game chess' }).waitFor();
    two.signal('chess', 1, 'answer', { sdp });
    await lit(page, 'Pairing', 'pairing.negotiating.answered');
    await two.ask('leave_game');
    await lit(page, 'Session B', 'session.present.pairings.unpaired');
    await lit(page, 'Pairing', 'pairing.disconnected');
    await page.getByText('B left the game.').waitFor();
    const content = await page.content();
    for (const secret of Object.values(SECRETS)) expect(content).not.toContain(secret);
  });

  it('of players whose ids are HTML, emoji or written from right to left is shown as text, in its place', async () => {
    const testServer = await startTestServer({ rooms: true });
    const page = await open(testServer);
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const html = '<img src=x onerror=alert(1)><script>alert(2)</script>"\'';
    const long = '👩'.repeat(128);
    const game = 'שלום <b>game</b>';
    const [one] = (await join(testServer, game, [html, long])) as [RoomClient];
    one.signal(game, long, 'offer', { sdp });
    await one.settled();
    testServer.clock.advance(1_000);
    const cells = page.locator('.table tbody td');
    await cells.first().waitFor();
    expect((await cells.allTextContents()).slice(1, 4)).toEqual([
      `${html} (socket-io)`,
      `${long} (socket-io)`,
      game,
    ]);
    expect(await page.locator('main img, main script, main b').count()).toBe(0);
    const fits = 'document.documentElement.scrollWidth <= document.documentElement.clientWidth';
    expect(await page.evaluate(fits)).toBe(true);
    expect((await page.locator('.table tbody tr').boundingBox())?.height).toBeLessThan(50);
    await page.getByRole('link', { name: /^see / }).click();
    await lit(page, 'Pairing', 'pairing.negotiating.offered');
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.evaluate(fits)).toBe(true);
    expect(dialogs).toEqual([]);
  });

  it('is not asked for on a server without rooms', async () => {
    const testServer = await startTestServer();
    const page = await open(testServer);
    await testServer.connectPair();
    testServer.clock.advance(1_000);
    await page.locator('.total', { hasText: '1–1 of 1' }).waitFor();
    expect(await page.locator('.table th').allTextContents()).toEqual([
      'Outcome',
      'A',
      'B',
      'Candidates A / B',
      'Connected in',
      'Lasted',
      'State',
      'Started',
    ]);
    expect(await page.getByLabel('in game').isVisible()).toBe(false);
    expect(await page.locator('[data-panel]').count()).toBe(2);
  });
});

/** What the inspector's page leaves alone while somebody reads, types or clicks, in a real browser: news must not interfere. */
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { RawClient } from '../support/clients/raw-client.ts';
import { candidateMessage, hostCandidate, sdp } from '../support/clients/signal-fixtures.ts';
import { openPage } from '../support/peers/browser.ts';
import { readAloud } from '../support/peers/read-aloud.ts';
import { newestEpoch, startTestServer, type TestServer } from '../support/servers/test-server.ts';
import { SECRET, signWithSecret } from '../support/servers/token-issuer.ts';

async function open({ server }: TestServer, hash = ''): Promise<Page> {
  const page = await openPage(`http://127.0.0.1:${server.port}/inspect/${hash}`);
  await page.locator('.link[data-state="connected"]').waitFor();
  return page;
}

/** Goes to a place, and on to the rooms before the server can have answered. */
const passBy = (page: Page, hash: string) =>
  page.evaluate(`new Promise((resolve) => {
    addEventListener('hashchange', () => { location.hash = '#/rooms'; resolve(); }, { once: true });
    location.hash = ${JSON.stringify(hash)};
  })`);

describe('the page', () => {
  it.each([
    ['a pairing', (epoch: number) => `#/pairing/${epoch}`],
    ['a pairing that is over', () => '#/pairing/1'],
    ['a session', (_: number, id: string) => `#/session/${id}`],
    ['a session that is over', () => '#/session/nobody'],
  ])('stays where one has gone: the answer about %s that one left comes too late', async (_what, hashOf) => {
    const testServer = await startTestServer();
    const [{ id }] = await testServer.connectPair();
    const page = await open(testServer);
    await passBy(page, hashOf(newestEpoch(testServer), id));
    await page.locator('.total', { hasText: '0 rooms' }).waitFor();
    // The page has read all answers by the time that it shows this one.
    await page.getByRole('link', { name: 'Rooms' }).click();
    expect([
      await page.getByRole('heading', { level: 1 }).allTextContents(),
      await page.locator('.problem').textContent(),
    ]).toEqual([['Rooms'], '']);
  });

  it('stays where one has gone while the words of a search waited', async () => {
    const testServer = await startTestServer();
    await testServer.connectPair();
    const page = await open(testServer, '#/rooms');
    await page.clock.install();
    await page.locator('#room-query').fill('den');
    const hash = `#/pairing/${newestEpoch(testServer)}`;
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.locator('[data-panel="Pairing"][data-active~="pairing.paired"]').waitFor();
    await page.clock.runFor(1_000);
    expect(new URL(page.url()).hash).toBe(hash);
  });

  it('stays where one has gone while a record played', async () => {
    const page = await open(await startTestServer(), '#/sample/good');
    await page.clock.install();
    await page.getByRole('button', { name: 'Play' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await page.getByRole('link', { name: 'Rooms' }).click();
    await page.locator('.total', { hasText: '0 rooms' }).waitFor();
    await page.clock.runFor(5_000);
    expect(new URL(page.url()).hash).toBe('#/rooms');
  });

  it('shows a session whose id is long once it is in the address', async () => {
    const testServer = await startTestServer({ jwtSecret: SECRET });
    const sub = '長'.repeat(90);
    const token = await signWithSecret({ sub });
    await RawClient.connect(testServer.server.url, { token });
    const page = await open(testServer, `#/session/${encodeURIComponent(`/${sub}`)}`);
    await page.locator('.who', { hasText: sub }).waitFor();
  });

  it('says of a room that is gone that it is, also in the title', async () => {
    const testServer = await startTestServer();
    const member = await testServer.connect();
    member.send({ type: 'join_room', room: 'den', create: {} });
    await member.settled();
    const page = await open(testServer, '#/room//den');
    await page.waitForFunction("document.title.startsWith('Room den')");
    member.send({ type: 'leave_room', room: 'den' });
    await member.settled();
    testServer.clock.advance(60_000);
    await page.getByText('There is no such room, or no longer.').waitFor();
    expect(await page.title()).toBe('Room · Pairlane inspector');
  });

  it('has nothing read aloud that has not changed: the number of rows, the state of a chart', async () => {
    const testServer = await startTestServer();
    const [a, b] = await testServer.connectPair();
    const page = await open(testServer);
    const second = async (sessions: number) => {
      await testServer.connect();
      testServer.clock.advance(1_000);
      await page.locator('[data-panel="Sessions"] .status', { hasText: `${sessions} in all` }).waitFor();
    };
    await second(3);
    await page.locator('.total', { hasText: '1–1 of 1' }).waitFor();
    const read = await readAloud(page);
    // The list is asked for each second, and by the third time there was an answer.
    for (const sessions of [4, 5, 6]) await second(sessions);
    expect(await read()).toEqual([]);

    await page.getByRole('link', { name: /^see / }).click();
    const status = page.locator('.living .status');
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    for (let n = 0; n < 2; n += 1) a.send(candidateMessage(hostCandidate));
    await status.filter({ hasText: 'by candidate received' }).waitFor();
    const rows = page.locator('.rows li', { hasText: 'candidate · host' });
    const before = await rows.count();
    await read();
    a.send(candidateMessage(hostCandidate));
    await rows.nth(before).waitFor();
    expect(await read()).toEqual([]);
  });

  it('leaves the focus on a refusal when the next one comes', async () => {
    const testServer = await startTestServer();
    const page = await open(testServer);
    const [a, b] = [await testServer.connect(), await testServer.connect()];
    for (const client of [a, b]) {
      client.send({ type: 'pair_request', target_id: 'nobody' });
      await client.next('error');
      testServer.clock.advance(1_000);
      const told = page.locator('.refusals .statuses a', { hasText: client.id });
      await told.waitFor();
      if (client === a) await told.focus();
    }
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/#/session/${a.id}`);
  });

  it('leaves a part of the timeline that is being marked alone when a line is added', async () => {
    const testServer = await startTestServer();
    const [a, b] = await testServer.connectPair();
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    const page = await open(testServer, `#/pairing/${newestEpoch(testServer)}`);
    await page.locator('[data-panel="Pairing"][data-active~="pairing.negotiating.offered"]').waitFor();
    const { x, y } = (await page.locator('.timeline').boundingBox()) as { x: number; y: number };
    await page.mouse.move(x + 200, y + 20);
    await page.mouse.down();
    await page.mouse.move(x + 400, y + 20);
    const marked = () => page.locator('.timeline .band').getAttribute('width');
    const before = await marked();
    a.send(candidateMessage(hostCandidate));
    await page.locator('.rows li', { hasText: 'candidate · host' }).waitFor();
    expect([before, await marked()]).toEqual(['200', '200']);
    await page.mouse.up();
    expect(await page.getByRole('button', { name: 'Show the whole time' }).isDisabled()).toBe(false);
  });
});

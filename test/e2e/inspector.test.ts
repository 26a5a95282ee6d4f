/** The inspector's page in a real browser, against a real server with real peers. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { startServer } from '../../src/server/index.ts';
import { freePort } from '../../tools/free-port.ts';
import type { RawClient } from '../support/clients/raw-client.ts';
import { candidateMessage, hostCandidate, SECRETS, sdp } from '../support/clients/signal-fixtures.ts';
import { violationsOf } from '../support/peers/axe.ts';
import { httpUrl, openPage } from '../support/peers/browser.ts';
import { testPeer } from '../support/peers/werift-peers.ts';
import { newestEpoch, startTestServer, type TestServer } from '../support/servers/test-server.ts';
import { until } from '../support/until.ts';

const inspectUrl = ({ server }: TestServer, rest = '') => `http://127.0.0.1:${server.port}/inspect/${rest}`;
const panel = (page: Page, title: string) => page.locator(`[data-panel="${title}"]`);
const lit = (page: Page, title: string, state: string) =>
  page.locator(`[data-panel="${title}"][data-active~="${state}"]`).waitFor();
const connected = (page: Page) => page.locator('.link[data-state="connected"]').waitFor();
const row = (page: Page, text: string) => page.locator('.rows li', { hasText: text }).first();

/** Waits until what the server says of its population is shown. */
async function shownPopulation({ clock }: TestServer, page: Page, text: string): Promise<void> {
  clock.advance(1_000);
  await panel(page, 'Sessions').locator('.status', { hasText: text }).waitFor();
}

/** Two clients that negotiate by hand; one candidate is of another epoch. */
async function negotiate({ connectPair }: TestServer): Promise<[RawClient, RawClient]> {
  const [a, b] = await connectPair();
  a.send({ type: 'offer', sdp });
  await b.next('offer');
  a.send({ ...candidateMessage(hostCandidate), epoch: 99 });
  await a.settled();
  return [a, b];
}

describe('the inspector', () => {
  it('shows two bots pair, connect and leave, with their own machines, and asks nobody but its server', async () => {
    const testServer = await startTestServer();
    const { server } = testServer;
    const page = await openPage(inspectUrl(testServer));
    await connected(page);
    const first = await testPeer(server.url, { inspect: true });
    const second = await testPeer(server.url, { inspect: true });
    await first.pair({ id: second.id as string });
    await Promise.all([first.opened(), second.opened()]);
    await first.send('hello');
    await page.goto(inspectUrl(testServer, `#/pairing/${newestEpoch(testServer)}`));

    await lit(page, 'Pairing', 'pairing.connected');
    await lit(page, 'Session A', 'session.present.pairings.connected');
    await lit(page, 'Session B', 'session.present.pairings.connected');
    await lit(page, 'Client A itself', 'negotiation.open.connection.paired.connected');
    await lit(page, 'Client B itself', 'negotiation.open.connection.paired.connected');
    await page.locator('.findings', { hasText: 'Both clients reported that they are connected' }).waitFor();
    for (const text of [
      'pair_request',
      'paired',
      'offer · 1 m-line',
      'answer · 1 m-line',
      'candidate · host',
      'report · connected',
    ])
      await row(page, text).waitFor();

    await first.close();
    await lit(page, 'Pairing', 'pairing.disconnected');
    await row(page, 'peer_disconnected').waitFor();
  });

  it('shows how many are in each state, and how often each transition is taken', async () => {
    const testServer = await startTestServer();
    const page = await openPage(inspectUrl(testServer));
    await connected(page);
    for (let i = 0; i < 3; i += 1) await testServer.connect();
    await testServer.connectPair();
    await shownPopulation(testServer, page, '5 in all');
    const count = (state: string) => page.locator(`[data-state="${state}"] > .count`).textContent();
    expect(await count('session.present.pairings.unpaired')).toBe('3');
    expect(await count('session.present.pairings.paired')).toBe('2');
    expect(await count('pairing.paired')).toBe('1');
    const label = page.locator('text[data-edge^="session.present.pairings --PAIRED#1"]');
    expect(await label.textContent()).toBe('Paired2/s');
  });

  it('travels in time: every chart shows its state of the chosen moment', async () => {
    const testServer = await startTestServer();
    const page = await openPage(inspectUrl(testServer));
    await connected(page);
    await negotiate(testServer);
    await page.goto(inspectUrl(testServer, `#/pairing/${newestEpoch(testServer)}`));
    await lit(page, 'Pairing', 'pairing.negotiating.offered');
    await row(page, 'session B: pairings.unpaired → pairings.paired').click();
    await lit(page, 'Pairing', 'pairing.paired');
    await lit(page, 'Session A', 'session.present.pairings.paired');
    await lit(page, 'Session B', 'session.present.pairings.paired');
    await page.locator('#time').press('Home');
    await lit(page, 'Session A', 'session.present.pairings.unpaired');
    expect(await panel(page, 'Pairing').getAttribute('data-active')).toBe('');
    await page.locator('#time').press('End');
    await lit(page, 'Pairing', 'pairing.negotiating.offered');
    await page.getByRole('button', { name: 'Now' }).click();
    await lit(page, 'Pairing', 'pairing.negotiating.offered');
  });

  it('shows an ignored event with the guard that said no and what it was asked about, and nothing secret', async () => {
    const testServer = await startTestServer();
    const page = await openPage(inspectUrl(testServer));
    await connected(page);
    await negotiate(testServer);
    await page.goto(inspectUrl(testServer, `#/pairing/${newestEpoch(testServer)}`));
    const why = 'ignored CANDIDATE_RECEIVED: isCurrentEpoch said no (epoch 99)';
    const ignored = page.locator('.rows li.ignored', { hasText: why });
    await ignored.click();
    expect(await page.locator('.living .why').textContent()).toBe(why);
    await page.getByText("A's candidate was dropped: isCurrentEpoch said no (epoch 99).").waitFor();
    await page.getByText('B has not sent an answer.').waitFor();
    const content = await page.content();
    for (const secret of Object.values(SECRETS)) expect(content).not.toContain(secret);
  });

  it('finds one among 50,000 sessions by id and by state, without being sent all', async () => {
    const testServer = await startTestServer();
    const { server } = testServer;
    const [a] = await testServer.connectPair();
    // Sockets of their own would be a test of the machine, not of the page.
    const { NativeClient } = await import('../../src/server/dialects/native/native-client.ts');
    const fakes = Array.from({ length: 50_000 }, (_, i) => {
      const id = `fake-${i}`;
      return server.parts.signaling.sessions.open(
        id,
        new NativeClient(id, '', {} as never, {} as never, {
          resume: undefined,
          generation: 0,
          peers: undefined,
        }),
      );
    });
    const page = await openPage(inspectUrl(testServer));
    await connected(page);
    let received = 0;
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        received += payload.length;
      }),
    );
    await page.reload();
    await connected(page);
    await shownPopulation(testServer, page, '50,002 in all');
    await page.selectOption('#of', 'session');
    await page.locator('.total', { hasText: 'of 50,002' }).waitFor();
    await page.fill('#query', 'fake-49321');
    await page.locator('.total', { hasText: '1–1 of 1' }).waitFor();
    expect(await page.locator('.table tbody tr').count()).toBe(1);
    await page.fill('#query', '');
    await page.selectOption('#state', 'session.present.pairings.paired');
    await page.locator('tbody td', { hasText: a.id }).first().waitFor();
    expect(await page.locator('.total').textContent()).toContain('of 2');
    expect(received).toBeLessThan(200_000);
    for (const { id } of fakes) server.parts.sessions.delete(id);
  });

  it('says when it is not connected, and comes back by itself when the server does', async () => {
    // A port that the system chose for uWebSockets.js itself cannot be taken again at once.
    const port = await freePort();
    const options = { logLevel: 'silent', port } as const;
    const server = await startServer(options);
    const page = await openPage(`http://127.0.0.1:${port}/inspect/`);
    await connected(page);
    await server.stop();
    await page.getByText('Not connected').waitFor();
    const again = await startServer(options);
    await connected(page);
    await again.stop();
  });

  it('opens a recorded file without a server, from the disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pairlane-records-'));
    try {
      const testServer = await startTestServer({ record: folder });
      const [a, b] = await negotiate(testServer);
      await Promise.all([a.close(), b.close()]);
      await testServer.server.stop();
      const page = await openPage(pathToFileURL('dist/inspector/page/index.html').href);
      await page.getByText('No server: open a record or a sample.').waitFor();
      await page.setInputFiles('#file', join(folder, readdirSync(folder)[0] as string));
      await lit(page, 'Pairing', 'pairing.disconnected');
      await page.getByText('B never sent an answer.').waitFor();
      await page.setInputFiles('#file', {
        name: 'x.jsonl',
        mimeType: 'text/plain',
        buffer: Buffer.from('{}'),
      });
      await page.getByText('x.jsonl: it is no record of a pairing').waitFor();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('with --inspect-token shows nothing before the token, and does not keep it in the URL', async () => {
    const testServer = await startTestServer({ inspectToken: 'open sesame' });
    await testServer.connect();
    const page = await openPage(inspectUrl(testServer, '?token=wrong'));
    await page.getByText('That token is wrong.').waitFor();
    expect(page.url()).toBe(inspectUrl(testServer));
    expect(await panel(page, 'Sessions').locator('.status').textContent()).toBe('');
    await page.fill('#token', 'open sesame');
    await page.locator('.token button').click();
    await connected(page);
    await shownPopulation(testServer, page, '1 in all');
    await page.goto(inspectUrl(testServer, '?token=open+sesame'));
    await connected(page);
    expect(page.url()).toBe(inspectUrl(testServer));
  });

  it('draws the words of every chart within the room that the layout gave them', async () => {
    const testServer = await startTestServer();
    const page = await openPage(inspectUrl(testServer));
    await connected(page);
    for (const isFull of [false, true]) {
      await page.locator('#details').setChecked(isFull);
      const outside = await page.evaluate(`
        [...document.querySelectorAll('.state.leaf')].flatMap((state) => {
          const box = state.querySelector('.box').getBBox();
          return [...state.querySelectorAll('text')]
            .map((text) => ({ text: text.textContent, at: text.getBBox() }))
            .filter(({ at }) => at.width > 0 && (at.x < box.x || at.x + at.width > box.x + box.width || at.y + at.height > box.y + box.height + 1))
            .map(({ text }) => text);
        })
      `);
      expect(outside).toEqual([]);
    }
    expect(await page.locator('.state.leaf').count()).toBeGreaterThan(8);
  });

  it('opens its samples from the disk: what failed says why and what to set, and nothing follows its end', async () => {
    const page = await openPage(
      `${pathToFileURL('dist/inspector/page/index.html').href}#/sample/blocked-udp`,
    );
    await page.locator('.badge', { hasText: 'Failed' }).waitFor();
    expect(await page.locator('.findings .bad').textContent()).toMatch(
      /^No candidate pair worked.*--turn-url/,
    );
    expect(await page.locator('.living .next').first().textContent()).toBe('Nothing can follow.');
    expect(await page.title()).toMatch(/^Failed · Pairing \d+/);
    await page.locator('.findings button').first().click();
    await page.waitForURL(/[?&]line=\d+/);
    expect(await page.locator('.rows .evidence').count()).toBe(1);
    await page.goto(page.url().replace('blocked-udp', 'glare').replace(/\?.*$/, ''));
    await page.locator('.findings .note', { hasText: 'which is normal' }).waitFor();
    expect(await page.locator('.badge').textContent()).toBe('Connected');
    expect(await page.locator('.rows li.refused').count()).toBe(1);
  });

  it('fits a whole record into the window, and its smallest text has 11 pixels', async () => {
    const page = await openPage(`${pathToFileURL('dist/inspector/page/index.html').href}#/sample/good`);
    for (const [width, height] of [
      [1440, 900],
      [1024, 768],
      [390, 844],
    ] as const) {
      await page.setViewportSize({ width, height });
      await page.locator('.record-view').waitFor();
      const layout = () =>
        page.evaluate<{ overflow: number; smallest: number }>(`({
        overflow: Math.max(
          document.documentElement.scrollHeight - innerHeight,
          document.documentElement.scrollWidth - innerWidth,
        ),
        smallest: Math.min(...[...document.querySelectorAll('.living svg text tspan')].map((text) => {
          const svg = text.ownerSVGElement;
          const scale = svg.clientWidth / svg.viewBox.baseVal.width || 1;
          return parseFloat(getComputedStyle(text).fontSize) * scale;
        })),
      })`);
      // Some frames after the window has changed, the page lays itself out for it.
      let seen = await layout();
      const fits = async () => {
        seen = await layout();
        return seen.overflow <= 0;
      };
      await until(fits).catch(() => {});
      expect(seen.overflow).toBeLessThanOrEqual(0);
      expect(seen.smallest).toBeGreaterThanOrEqual(11);
      if (width < 700) await page.locator('.tabs').getByRole('button', { name: 'Chart' }).click();
      await page.getByRole('button', { name: /^Connection/ }).click();
      await page.locator('.flows .spark').first().waitFor();
      const hidden = await page
        .locator('.evidence-view')
        .evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
      expect([width, hidden]).toEqual([width, 0]);
      await page.getByRole('button', { name: /^Pairing/ }).click();
    }
  });

  it('is reached with the keyboard alone', async () => {
    const testServer = await startTestServer();
    const page = await openPage(inspectUrl(testServer));
    await connected(page);
    await negotiate(testServer);
    testServer.clock.advance(1_000);
    await page.getByRole('link', { name: /^see / }).focus();
    await page.keyboard.press('Enter');
    await lit(page, 'Pairing', 'pairing.negotiating.offered');
    await row(page, 'session B: pairings.unpaired → pairings.paired').getByRole('button').focus();
    await page.keyboard.press('Enter');
    await lit(page, 'Pairing', 'pairing.paired');
    const whole = page.getByRole('button', { name: 'Show the whole time' });
    await page.locator('.timeline').press('+');
    expect(await whole.isDisabled()).toBe(false);
    await page.locator('.timeline').press('0');
    expect(await whole.isDisabled()).toBe(true);
  });

  it('disturbs signals, where the server was started for it: with the keyboard, and a banner until that is over', async () => {
    const testServer = await startTestServer({ chaosButtons: true });
    const { server } = testServer;
    const page = await openPage(inspectUrl(testServer));
    const banner = page.locator('.chaos');
    await page.getByRole('button', { name: 'Chaos' }).press('Enter');
    await page.getByLabel('Lose').fill('0');
    await page.getByLabel('Delay by').fill('25e1');
    await page.getByRole('checkbox', { name: 'answer' }).press('Space');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('Delay by').press('Enter');
    await banner.getByText('delay=250ms, drop=answer, until').waitFor();
    expect(server.parts.chaos?.rules).toEqual({ loss: 0, delayMs: 250, drop: new Set(['answer']) });
    expect(await violationsOf(page)).toEqual([]);
    // Another page, and this one when it comes back, show it as well.
    await page.reload();
    await banner.getByRole('button', { name: 'End now' }).press('Enter');
    await banner.waitFor({ state: 'hidden' });
    expect(server.parts.chaos?.rules).toBeUndefined();
  });

  it('leaves the focus where one goes on when the banner goes that had it', async () => {
    const testServer = await startTestServer({ chaosButtons: true });
    const page = await openPage(inspectUrl(testServer));
    const banner = page.locator('.chaos');
    const end = banner.getByRole('button', { name: 'End now' });
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    const delay = async () => {
      await page.getByRole('button', { name: 'Chaos' }).press('Enter');
      await page.getByLabel('Delay by').press('Enter');
      await end.focus();
    };
    const endNow = async () => {
      await end.press('Enter');
      await banner.waitFor({ state: 'hidden' });
    };
    await delay();
    await endNow();
    expect(await focused()).toBe('Chaos');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('button', { name: 'Menu' }).press('Enter');
    await delay();
    await endNow();
    expect(await focused()).toBe('Menu');
    await page.setViewportSize({ width: 1440, height: 900 });
    await delay();
    await testServer.server.stop();
    await banner.waitFor({ state: 'hidden' });
    expect(await focused()).toBe('Pairlane inspector');
  });

  it('has a doctor, which says of a TURN server that does not answer that it is that, and breaks no rule of axe', async () => {
    const testServer = await startTestServer({
      turnUrl: ['turn:127.0.0.1:9?transport=tcp'],
      turnSecret: 'x'.repeat(20),
    });
    const page = await openPage(inspectUrl(testServer));
    expect(await page.getByRole('button', { name: 'Chaos' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Doctor' }).click();
    await page.getByText('Connections will fail from here').waitFor();
    const found = await page.evaluate<string[][]>(
      `[...document.querySelectorAll('.checks li')].map((line) => [line.querySelector('strong').textContent, line.dataset.status])`,
    );
    expect(found).toEqual([
      ['websocket', 'ok'],
      ['tls', 'skipped'],
      ['clock', expect.stringMatching(/^(ok|skipped)$/)],
      ['stun', 'skipped'],
      ['turn', 'bad'],
    ]);
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Close' }).click();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('has a map of a chart that is larger than its place, which goes where one clicks; and none of one that fits', async () => {
    const page = await openPage(`${pathToFileURL('dist/inspector/page/index.html').href}#/sample/good`, {
      viewport: { width: 1440, height: 700 },
    });
    const scrolled = () => page.evaluate<number>(`document.querySelector('.living .drawing').scrollTop`);
    const map = page.locator('.living .minimap');
    await map.waitFor();
    const before = await scrolled();
    const box = await map.boundingBox();
    const goesUp = before > 0;
    await map.locator('svg').click({ position: { x: 10, y: goesUp ? 2 : (box?.height ?? 0) - 12 } });
    const after = await scrolled();
    expect(goesUp ? after < before : after > before).toBe(true);
    await page.setViewportSize({ width: 1440, height: 2_400 });
    await map.waitFor({ state: 'hidden' });
  });

  it('on a narrow screen has a header of one line, whose menu opens and closes with the keyboard', async () => {
    const page = await openPage(`${pathToFileURL('dist/inspector/page/index.html').href}#/sample/good`, {
      viewport: { width: 390, height: 844 },
    });
    const { height } = (await page.locator('header').boundingBox()) ?? { height: Number.NaN };
    expect(height).toBeLessThan(50);
    await page.getByRole('button', { name: 'Menu' }).press('Enter');
    await page.locator('.samples summary').press('Enter');
    await page.getByRole('link', { name: 'UDP is blocked' }).press('Enter');
    await page.locator('.badge', { hasText: 'Failed' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#tools').waitFor({ state: 'hidden' });
  });

  it('axe objects to nothing, light and dark, wide and narrow; nor on the page at /', async () => {
    const testServer = await startTestServer();
    await testServer.connectPair();
    const page = await openPage(inspectUrl(testServer), { colorScheme: 'dark' });
    await connected(page);
    testServer.clock.advance(1_000);
    await page.getByRole('link', { name: /^see / }).waitFor();
    const judged = async (place: string) => expect([place, await violationsOf(page)]).toEqual([place, []]);
    await judged('list');
    await page.goto(inspectUrl(testServer, '#/sample/blocked-udp'));
    await page.locator('.badge', { hasText: 'Failed' }).waitFor();
    await page.locator('.exports summary').click();
    await judged('failed record');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(inspectUrl(testServer, '#/sample/good?chart=connection'));
    await page.locator('.evidence-view td').first().waitFor();
    await judged('connection');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const tab of ['Timeline', 'Sequence', 'Chart', 'Findings']) {
      await page.locator('.tabs').getByRole('button', { name: tab }).click();
      await judged(`${tab} on a narrow screen`);
    }
    await page.getByRole('button', { name: 'Menu' }).click();
    await judged('menu');
    await page.goto(httpUrl(testServer.server));
    await page.locator('#invitation[data-is-ready="true"]').waitFor();
    await judged('page at /');
  });
});

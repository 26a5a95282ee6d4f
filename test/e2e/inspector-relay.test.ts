/** The page of a relay server in a real browser: the tree as the server knows it, and its links. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { LOST_SHOWN_MS } from '../../src/server/relay/relay-history.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { violationsOf } from '../support/peers/axe.ts';
import { openPage } from '../support/peers/browser.ts';
import { readAloud } from '../support/peers/read-aloud.ts';
import { ELEVEN, RelayNetwork, untilTrue } from '../support/relay/relay-network.ts';
import { serveRelay } from '../support/relay/relay-page.ts';
import { raw } from '../support/relay/relay-raw-host.ts';

let network: RelayNetwork;
let clock: ManualClock;
beforeEach(() => {
  network = new RelayNetwork();
  clock = new ManualClock();
});
afterEach(() => network.end());

async function open(id: number, scheme: 'light' | 'dark' = 'light'): Promise<Page> {
  const { port } = await serveRelay(network.server(id));
  const page = await openPage(`http://127.0.0.1:${port}/inspect/`, { colorScheme: scheme });
  await page.locator('.link[data-state="connected"]').waitFor();
  return page;
}

const node = (page: Page, id: number) => page.locator(`.node[data-key="${id}"]`);
const lit = (page: Page, state: string) =>
  page.locator(`[data-panel="Link"][data-active~="relay-link.${state}"]`).waitFor();
/** Who has the focus, by the host's id. */
const focused = (page: Page) => page.evaluate("document.activeElement.getAttribute('data-key')");
/** As the page may not use it, the test hands its code in as text. */
const FITS = 'document.documentElement.scrollWidth <= document.documentElement.clientWidth';

describe('the tree', () => {
  it.each(['light', 'dark'] as const)(
    'of 11 servers and 8 clients is drawn whole, in %s, by our script alone',
    async (scheme) => {
      await network.addTree(ELEVEN);
      const places = [1, 1, 2, 5, 8, 10, 11, 6];
      for (const [i, place] of places.entries()) await network.join(place, 100 + i, `client ${i}`);
      await untilTrue('server 2 knows all', () => network.known(2).length === 18);
      const page = await open(2, scheme);
      await node(page, 107).waitFor();
      expect(await page.locator('.node').count()).toBe(19);
      // To three links, to what is behind each, and to the server's own client.
      expect(await page.locator('.way').count()).toBe(7);
      expect(await page.locator('.frame').count()).toBe(4);
      await page.getByText('It knows of 10 other servers and 8 clients.').waitFor();
      expect(await node(page, 1).textContent()).toContain('parent 1');
      const seen = `[...document.querySelectorAll('.node')].every((node) => {
        const room = document.querySelector('.tree').getBoundingClientRect();
        const box = node.getBoundingClientRect();
        return box.top >= room.top && box.bottom <= room.bottom && box.left >= room.left && box.right <= room.right;
      })`;
      expect(await page.evaluate(seen)).toBe(true);
      expect(await page.evaluate(FITS)).toBe(true);
      expect(await violationsOf(page)).toEqual([]);
    },
  );

  it('grows and shrinks as hosts come and go, while one looks, and takes the focus from nothing', async () => {
    await network.add(1, undefined, { clock });
    const page = await open(1);
    await node(page, 1).waitFor();
    expect(await page.locator('.node').count()).toBe(1);
    await node(page, 1).focus();
    await network.add(2, 1);
    const ada = await network.join(2, 100, 'Ada');
    await untilTrue('server 1 knows Ada', () => network.known(1).includes(100));
    clock.advance(1_000);
    await node(page, 100).waitFor();
    expect(await node(page, 2).textContent()).toContain('server 2');
    ada.send(raw.clientQuit(100, 'bye'));
    await untilTrue('Ada is gone', () => !network.known(1).includes(100));
    clock.advance(1_000);
    await node(page, 100).waitFor({ state: 'detached' });
    expect(await page.locator('.node').count()).toBe(2);
    expect(await focused(page)).toBe('1');
  });

  it('shows lost hosts in red with the reason, and what happened with its time, until they have faded', async () => {
    await network.add(1, undefined, { clock });
    await network.add(2, 1);
    await network.join(2, 100, 'Ada');
    await untilTrue('server 1 knows Ada', () => network.known(1).includes(100));
    const page = await open(1);
    await node(page, 2).click();
    await page.locator('.chosen', { hasText: 'It is linked to this server' }).waitFor();
    await network.kill(2);
    await untilTrue('server 2 is gone', () => network.known(1).length === 0);
    clock.advance(1_000);
    const lost = page.locator('.node.lost[data-key="2"]');
    await lost.waitFor();
    expect(await lost.textContent()).toContain('lost: the other');
    expect(await lost.getAttribute('aria-label')).toBe('server 2 lost: the other end close…');
    expect(await page.locator('.way.lost').count()).toBe(1);
    await page.locator('.chosen', { hasText: 'It was lost: the other end closed it.' }).waitFor();
    await page.getByText('It knows of 0 other servers and 0 clients.').waitFor();
    const style = (of: string) =>
      page.evaluate(`getComputedStyle(document.querySelector('.node.lost')).${of}`);
    expect(await style('animationName')).toBe('fade');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect([await style('animationName'), await style('opacity')]).toEqual(['none', '1']);
    const told = await page.locator('.events li').allTextContents();
    expect(told.map((text) => text.replace(/^.*\d\d:\d\d:\d\d/, ''))).toEqual([
      ' server 2 server 2 and 1 more were lost: the other end closed it',
      ' server 2 server 2 and 1 more joined',
    ]);
    expect(await page.locator('.events time').first().textContent()).toMatch(/\d\d:\d\d:\d\d$/);
    expect(await violationsOf(page)).toEqual([]);
    clock.advance(LOST_SHOWN_MS);
    await lost.waitFor({ state: 'detached' });
    expect(await page.locator('.node').count()).toBe(1);
  });

  it('shows on each line what goes over the link in a second, and of a chosen host which way', async () => {
    await network.add(1, undefined, { clock });
    await network.add(2, 1);
    const ada = await network.join(1, 100, 'Ada');
    const bob = await network.join(2, 101, 'Bob');
    await untilTrue('server 1 knows Bob', () => network.known(1).includes(101));
    const page = await open(1);
    clock.advance(1_000);
    await node(page, 100).click();
    const chat = raw.chat(100, 101, 'x'.repeat(900));
    ada.send(chat, chat, chat);
    await bob.has(3, 'chat');
    clock.advance(1_000);
    await page.locator('.traffic').first().waitFor();
    const kilobytes = ((3 * chat.length) / 1_000).toFixed(1);
    expect(await page.locator('.traffic').allTextContents()).toEqual([
      '3 msg/s',
      `${kilobytes} kB/s`,
      '3 msg/s',
      `${kilobytes} kB/s`,
    ]);
    await page
      .locator('.chosen', { hasText: `3 messages (${kilobytes} kB) came from it and 0 (0 B) went to it` })
      .waitFor();
    const read = await readAloud(page);
    ada.send(chat);
    await bob.has(4, 'chat');
    clock.advance(1_000);
    await page.locator('.chosen', { hasText: '1 message (' }).waitFor();
    expect(await read()).toEqual([]);
    clock.advance(1_000);
    await page.locator('.traffic').first().waitFor({ state: 'detached' });
  });

  it('shows the way to the host that one chooses, by mouse or keyboard, and what it says of itself', async () => {
    await network.addTree([[1], [2, 1], [3, 2]]);
    await network.join(3, 100, 'Ada', 'likes chess');
    await untilTrue('server 1 knows Ada', () => network.known(1).includes(100));
    const page = await open(1);
    await node(page, 100).click();
    await page.locator('.chosen', { hasText: 'Client 100 Ada' }).waitFor();
    expect(await page.locator('.chosen').textContent()).toContain('likes chess');
    expect(await page.locator('.chosen').textContent()).toContain('server 2 server 2');
    expect(await page.locator('.node.lit').count()).toBe(3);
    expect(await page.locator('.way.lit').count()).toBe(2);
    expect(await page.locator('.frame.lit').count()).toBe(1);
    expect(await page.locator('.node[aria-pressed=true]').getAttribute('data-key')).toBe('100');
    await node(page, 2).focus();
    await page.keyboard.press('Enter');
    await page.locator('.chosen', { hasText: 'It is linked to this server' }).waitFor();
    await page.setViewportSize({ width: 1_024, height: 768 });
    await page.waitForFunction("document.querySelector('.tree').clientWidth < 1024");
    expect(await focused(page)).toBe('2');
    await page
      .locator('.chosen')
      .getByRole('link', { name: /see link/ })
      .click();
    await lit(page, 'adjacentServer');
  });

  it('shows hosts that call themselves HTML, 255 bytes or turned text as text, within their places', async () => {
    await network.add(1);
    const html = '<img src=x onerror=alert(1)>';
    await network.join(1, 100, html, `<script>alert(2)</script>${'x'.repeat(9_000)}`);
    await network.join(1, 101, '👩'.repeat(63));
    await network.join(1, 102, '\u202eabc');
    const page = await open(1);
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await node(page, 102).waitFor();
    expect(await node(page, 100).textContent()).toContain('<img src=x oner');
    await node(page, 100).click();
    await page.locator('.chosen', { hasText: html }).waitFor();
    expect((await page.locator('.chosen').textContent())?.length).toBeLessThan(400);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.evaluate(FITS)).toBe(true);
    expect(dialogs).toEqual([]);
  });

  it('of 50 servers and 200 clients is legible at full size, and seen whole when asked for', async () => {
    const server = await network.add(1);
    for (let id = 2; id <= 250; id += 1) {
      const firstHop = id <= 5 ? id : 2 + (id % 4);
      const kind = id <= 50 ? 'server' : 'client';
      server.node.table.add({ id, kind, name: `${kind} ${id}`, info: 'in a rack', firstHop });
    }
    const page = await open(1);
    await node(page, 250).waitFor();
    expect(await page.locator('.node').count()).toBe(250);
    const scrolls = (side: string) =>
      page.evaluate(
        `(({ scroll${side}, client${side} }) => scroll${side} > client${side})(document.querySelector('.tree'))`,
      );
    expect([await scrolls('Width'), await scrolls('Height')]).toEqual([false, true]);
    expect((await node(page, 250).boundingBox())?.width).toBeGreaterThan(150);
    await page.locator('.network').getByRole('button', { name: 'show all' }).click();
    expect([await scrolls('Width'), await scrolls('Height')]).toEqual([false, false]);
    expect((await node(page, 250).boundingBox())?.width).toBeGreaterThan(60);
    await page.locator('.network').getByRole('button', { name: 'full size' }).click();
    expect((await node(page, 250).boundingBox())?.width).toBeGreaterThan(150);
    await page.locator('.network').getByRole('button', { name: 'Larger' }).click();
    expect((await node(page, 250).boundingBox())?.width).toBeGreaterThan(200);
  });
});

describe("a relay server's links", () => {
  it('are shown live, each with its chart and its messages, and without their words', async () => {
    await network.add(1, undefined, { clock });
    const page = await open(1);
    const ada = await network.join(1, 100, 'Ada');
    const bob = await network.join(1, 101, 'Bob');
    clock.advance(1_000);
    await page.locator('[data-panel="Links"] .status', { hasText: '2 in all' }).waitFor();
    await page.locator('tbody tr', { hasText: 'Ada' }).getByRole('link', { name: /^see / }).click();
    await lit(page, 'adjacentClient');
    await page.getByText('Client 100 registered.').waitFor();
    ada.send(raw.chat(100, 101, 'our secret'));
    await bob.next('chat');
    await page.locator('.rows li', { hasText: 'client_chat · 100 → 101 · 10 B' }).waitFor();
    ada.send(raw.clientQuit(100, 'our secret'));
    await lit(page, 'closed');
    await page.getByText('The link was closed: it quit.').waitFor();
    const content = await page.content();
    for (const secret of ['our secret', '127.0.0.1']) expect(content).not.toContain(secret);
    await page.getByRole('link', { name: 'Pairlane inspector' }).click();
    await node(page, 101).waitFor();
  });
});

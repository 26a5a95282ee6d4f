/** The page of `pairlane inspect` in a real browser, with a real XState program: the command as its user starts it. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AnyActorRef, assign, createActor, setup } from 'xstate';
import { pairlaneInspect } from '../../src/inspector/index.ts';
import { violationsOf } from '../support/peers/axe.ts';
import { openPage } from '../support/peers/browser.ts';
import { pairlane } from '../support/servers/cli-process.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const door = setup({
  types: {
    context: {} as { rung: number },
    events: {} as { type: 'RING' } | { type: 'OPEN' } | { type: 'SHUT' },
  },
  guards: { isExpected: ({ context }) => context.rung > 0 },
  actions: { count: assign({ rung: ({ context }) => context.rung + 1 }) },
}).createMachine({
  // Names are whatever a program likes.
  id: '<b>door</b> & "lock"',
  context: { rung: 0 },
  initial: 'shut',
  on: { RING: { actions: 'count' } },
  states: {
    shut: {
      description: '<img src=x onerror=alert(1)>',
      on: { OPEN: { guard: 'isExpected', target: 'ajar' } },
    },
    ajar: { on: { SHUT: 'shut' } },
  },
});

async function shown(): Promise<{ page: Page; actor: AnyActorRef; start: () => AnyActorRef }> {
  const run = pairlane(['inspect', '--port', '0']);
  const [, url] = await run.printed(/Open (http:\S+)/);
  const inspect = pairlaneInspect({ url: (url as string).replace('http', 'ws') });
  ends.push(inspect.stop);
  const start = () => createActor(door, { inspect }).start();
  const actor = start();
  const page = await openPage(url as string);
  await active(page, 'shut');
  return { page, actor, start };
}

const panel = (page: Page) => page.locator('.living');
const active = (page: Page, state: string) =>
  page.locator(`.living[data-active$=".${state}"]`).waitFor({ timeout: PATIENCE_MS });

describe('the page of pairlane inspect', () => {
  it(
    'follows a program on its chart, goes back in time while the program goes on, and shows what was known then',
    async () => {
      const { page, actor } = await shown();
      actor.send({ type: 'OPEN' });
      actor.send({ type: 'RING' });
      actor.send({ type: 'OPEN' });
      await active(page, 'ajar');
      expect(await panel(page).getAttribute('data-taken')).toContain('--OPEN#0-->');
      expect(await panel(page).locator('path.taken').count()).toBe(1);
      expect(await page.locator('.steps li').allInnerTexts()).toEqual([
        expect.stringContaining('xstate.init'),
        expect.stringMatching(/OPEN\s+nothing/),
        expect.stringContaining('RING'),
        expect.stringContaining('OPEN'),
      ]);
      await page.keyboard.press('ArrowLeft');
      await active(page, 'shut');
      await page.keyboard.press('ArrowLeft');
      await page.locator('.context', { hasText: '"rung": 0' }).waitFor();
      actor.send({ type: 'SHUT' });
      await page.locator('.steps li', { hasText: 'SHUT' }).waitFor();
      expect(await page.locator('.context').textContent()).toContain('"rung": 0');
      await page.locator('button', { hasText: 'Now' }).click();
      await page.locator('.context', { hasText: '"rung": 1' }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'keeps the focus and a click in the list of actors that began before they took a step',
    async () => {
      const { page, start } = await shown();
      const other = start();
      const row = page.locator('.actors button').nth(1);
      await row.hover();
      await page.mouse.down();
      other.send({ type: 'RING' });
      other.send({ type: 'OPEN' });
      await row.locator('.state', { hasText: 'ajar' }).waitFor();
      await page.mouse.up();
      await active(page, 'ajar');
      other.send({ type: 'SHUT' });
      await row.locator('.state', { hasText: 'shut' }).waitFor();
      expect(await page.evaluate('document.activeElement.textContent')).toContain('shut');
    },
    PATIENCE_MS,
  );

  it(
    'shows names as text, whatever is in them, and says who has gone',
    async () => {
      const { page } = await shown();
      await page.locator('label', { hasText: 'Full charts' }).click();
      await panel(page).locator('svg', { hasText: '<img src=x onerror=alert(1)>' }).waitFor();
      expect(await page.locator('img, b').count()).toBe(0);
      const gone = page.locator('.actors', { hasText: 'gone' }).waitFor();
      for (const end of ends.splice(0)) end();
      await gone;
    },
    PATIENCE_MS,
  );
});

/** What a page has a screen reader read aloud: all that changes in a place that is read when it changes. */
import type { Page } from 'playwright-core';

const LISTEN = `
  globalThis.aloud = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const place = (target instanceof Element ? target : target.parentElement)?.closest('[role=status]');
      if (place) aloud.push(place.textContent);
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
`;

/** @returns a function that tells what has been read since then, or since it was last called */
export async function readAloud(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(LISTEN);
  return () => page.evaluate('aloud.splice(0)');
}

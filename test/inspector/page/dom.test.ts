/** What the page's views keep of what they draw anew, in a real browser. */
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import fc from '../../support/fast-check.ts';
import { openPage } from '../../support/peers/browser.ts';

/** Runs in the page. A tree is a text, or a tag with attributes and children. */
const DRAWING = `
  const make = (tree) => typeof tree === 'string' ? tree : dom.h(tree.tag, tree.props, ...tree.children.map(make));
  const draw = (trees) => dom.keepChildren(document.body, trees.map(make));
  const clicked = [];
  /** Buttons that tell which drawing their listener is of. */
  const drawButtons = (keys, drawing) => dom.keepChildren(document.body, keys.map((key) =>
    dom.h('button', { 'data-key': key, click: () => clicked.push(key + drawing) }, key + drawing)));
`;

async function drawingPage(): Promise<Page> {
  const { outputFiles } = await build({
    entryPoints: ['src/inspector/page/dom.ts'],
    bundle: true,
    format: 'iife',
    globalName: 'dom',
    write: false,
  });
  const page = await openPage('about:blank');
  await page.addScriptTag({ content: `${outputFiles[0]?.text}${DRAWING}` });
  return page;
}

interface Tree {
  readonly tag: string;
  readonly props: Readonly<Record<string, string>>;
  readonly children: readonly (Tree | string)[];
}

const { node } = fc.letrec<{ node: Tree | string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('one', 'two'),
    fc.record({
      tag: fc.constantFrom('p', 'a', 'button'),
      props: fc.dictionary(fc.constantFrom('data-key', 'class', 'title'), fc.constantFrom('x', 'y', 'z'), {
        noNullPrototype: true,
      }),
      children: fc.array(tie('node'), { maxLength: 4 }),
    }),
  ),
}));
const trees = fc.array(node, { maxLength: 5 });

describe('children that are drawn anew', () => {
  it('look as if nothing had been there before', async () => {
    const page = await drawingPage();
    const drawings = fc.sample(trees, 400);
    const differing = await page.evaluate(`${JSON.stringify(drawings)}.flatMap((trees) => {
      draw(trees);
      const fresh = document.createElement('body');
      fresh.append(...trees.map(make));
      return document.body.isEqualNode(fresh) ? [] : [document.body.outerHTML + ', not ' + fresh.outerHTML];
    })`);
    expect(differing).toEqual([]);
  });

  it('keep the focus, wherever they move', async () => {
    const page = await drawingPage();
    await page.evaluate("drawButtons(['a', 'b', 'c', 'd'], 1)");
    await page.evaluate("document.querySelector('[data-key=b]').focus()");
    for (const order of ['cbad', 'adcb', 'bacd', 'eb', 'fgbh']) {
      await page.evaluate(`drawButtons([...'${order}'], 2)`);
      expect(await page.locator('button').allTextContents()).toEqual([...order].map((key) => `${key}2`));
      expect(await page.evaluate('document.activeElement.textContent')).toBe('b2');
    }
  });

  it('keep a click that has begun, which is then the newest drawing’s', async () => {
    const page = await drawingPage();
    await page.evaluate("drawButtons(['a', 'b'], 1)");
    await page.evaluate("document.querySelector('[data-key=a]').focus()");
    await page.locator('[data-key=b]').hover();
    await page.mouse.down();
    await page.evaluate("drawButtons(['b', 'a'], 2)");
    await page.locator('[data-key=b]').hover();
    await page.mouse.up();
    expect(await page.evaluate('clicked')).toEqual(['b2']);
    expect(await page.locator('button').allTextContents()).toEqual(['b2', 'a2']);
  });

  it('lose a listener that the new ones do not have', async () => {
    const page = await drawingPage();
    await page.evaluate("drawButtons(['a'], 1)");
    await page.evaluate("draw([{ tag: 'button', props: { 'data-key': 'a' }, children: ['without'] }])");
    await page.getByText('without').click();
    expect(await page.evaluate('clicked')).toEqual([]);
  });
});

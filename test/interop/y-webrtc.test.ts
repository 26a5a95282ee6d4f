/** Editors with y-webrtc, unmodified, in pages of a real Chromium: one Yjs document, brought together by our topics. */

import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { freePort } from '../../tools/free-port.ts';
import { openScriptPage } from '../support/peers/page-script.ts';
import { startTestServer } from '../support/servers/test-server.ts';

type Server = { readonly url: string };

/** Opens an editor whose document is `globalThis.text`. */
async function openEditor(server: Server, password?: string): Promise<Page> {
  const page = await openScriptPage(server, 'y-webrtc');
  await page.evaluate(
    ({ url, password }) => {
      const { Doc, WebrtcProvider } = (globalThis as never as { loaded: typeof Loaded }).loaded;
      const doc = new Doc();
      const provider = new WebrtcProvider('a room', doc, {
        signaling: [url],
        password: password as string,
        maxConns: 20,
        peerOpts: { config: { iceServers: [] } },
      });
      Object.assign(globalThis, { text: doc.getText('text'), provider });
    },
    { url: `${server.url}y-webrtc`, password },
  );
  return page;
}

declare const Loaded: typeof import('../support/pages/y-webrtc-page.ts');

const type = (page: Page, words: string) =>
  page.evaluate(`text.insert(text.length, ${JSON.stringify(words)})`);
const hasAll = (page: Page, ...words: string[]) =>
  page.waitForFunction(
    `${JSON.stringify(words)}.every((words) => text.toString().includes(words))`,
    undefined,
    { timeout: 60_000 },
  );
const textOf = (page: Page) => page.evaluate<string>('text.toString()');

describe('y-webrtc, unmodified', () => {
  it.each([
    ['without a password', undefined],
    ['with a password', 'open sesame'],
  ])('three editors on one document, one of whom joins late: %s', async (_how, password) => {
    const { server } = await startTestServer({ topics: true });
    const [a, b] = [await openEditor(server, password), await openEditor(server, password)];
    await type(a, 'from a;');
    await hasAll(b, 'from a;');
    await type(b, 'from b;');
    await hasAll(a, 'from b;');
    const late = await openEditor(server, password);
    await hasAll(late, 'from a;', 'from b;');
    await type(late, 'from the late one;');
    for (const page of [a, b]) await hasAll(page, 'from the late one;');
    expect(new Set([await textOf(a), await textOf(b), await textOf(late)]).size).toBe(1);
  });

  it('the document lives on while the server is restarted, and one who joins then has it', async () => {
    const port = await freePort();
    const { server } = await startTestServer({ topics: true, port });
    const [a, b] = [await openEditor(server), await openEditor(server)];
    await type(a, 'before;');
    await hasAll(b, 'before;');
    await server.stop();
    await type(b, 'meanwhile;');
    await hasAll(a, 'meanwhile;');
    const after = await startTestServer({ topics: true, port });
    for (const page of [a, b])
      await page.waitForFunction('provider.signalingConns[0].connected', undefined, { timeout: 60_000 });
    const late = await openEditor(after.server);
    await hasAll(late, 'before;', 'meanwhile;');
    expect(await textOf(late)).toBe(await textOf(a));
  });
});

/**
 * `npm run pictures`: takes the pictures for README and docs, with the built server, real peers and Chromium. They are
 * as wide as GitHub shows them, so that their text is not scaled.
 */
import { mkdirSync } from 'node:fs';
import { createPeer } from '../src/client/index.ts';
import { startServer } from '../src/server/index.ts';
import { launchChromium } from '../tools/launch-chromium.ts';

const FOLDER = 'docs/pictures';
/** The width at which GitHub shows a README: 830 CSS pixels. */
const VIEWPORT = { width: 830, height: 900 };

const ends: (() => Promise<unknown>)[] = [];
try {
  mkdirSync(FOLDER, { recursive: true });
  const server = await startServer({ port: 0, logLevel: 'silent' });
  ends.unshift(() => server.stop());
  const browser = await launchChromium();
  ends.unshift(() => browser.close());
  const page = await browser.newPage({ viewport: VIEWPORT, deviceScaleFactor: 2, colorScheme: 'light' });
  const inspector = `http://127.0.0.1:${server.port}/inspect/`;
  await page.goto(inspector);
  await page.locator('.link[data-state="connected"]').waitFor();

  // Both may use only TURN, and there is no TURN server: they cannot connect.
  let epoch: unknown;
  const join = async () => {
    const peer = await createPeer({
      url: server.url,
      iceServers: [],
      iceTransportPolicy: 'relay',
      inspect: true,
      timeouts: { checkingMs: 2_000 },
      observer: ({ event }) => {
        epoch ??= (event as { epoch?: unknown }).epoch;
      },
    });
    ends.unshift(() => peer.close());
    return peer;
  };
  const [asker, asked] = [await join(), await join()];
  // The peer that gives up first also ends the pairing for the other, which is only told that its peer left.
  const failed = new Promise((resolve) => {
    for (const peer of [asker, asked]) peer.on('error', resolve);
  });
  await asker.pair({ id: asked.id as string });
  await failed;

  await page.goto(`${inspector}#/pairing/${epoch}`);
  await page.locator('[data-panel="Pairing"][data-active~="pairing.disconnected"]').waitFor();
  await page.evaluate('document.fonts.ready');
  await page.screenshot({ path: `${FOLDER}/inspector.png` });
  console.log(`${FOLDER}/inspector.png`);

  // A mesh of four, of which the last may use only TURN: it connects with nobody. Its edges show why.
  for (const iceTransportPolicy of ['all', 'all', 'all', 'relay'] as const) {
    const peer = await createPeer({
      url: server.url,
      iceServers: [],
      iceTransportPolicy,
      peers: 8,
      timeouts: { checkingMs: 2_000 },
    });
    ends.unshift(() => peer.close());
    peer.on('error', () => {});
    await peer.join('den', { topology: 'mesh' });
  }
  await page.goto(`${inspector}#/room//den`);
  await page.locator('tbody tr', { hasText: 'No candidate pair worked' }).first().waitFor();
  // A straight line has no area, and so counts as hidden.
  await page.locator('.edge.good').nth(2).waitFor({ state: 'attached' });
  await page.locator('.network').screenshot({ path: `${FOLDER}/room.png` });
  console.log(`${FOLDER}/room.png`);
} finally {
  for (const end of ends) await end();
}

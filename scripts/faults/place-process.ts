/** The peers at a home: this process runs in the home's network, and takes its commands as lines of JSON. */
import { createInterface } from 'node:readline';
import type { Browser, JSHandle, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { createPeer, type Peer, type PeerOptions } from '../../src/client/index.ts';

/** A command; the answer has the same `seq`, and `result` or `error`. */
export type PlaceRequest = { readonly seq: number } & (
  | { readonly do: 'create'; readonly options: PeerOptions }
  | { readonly do: 'browse'; readonly url: string; readonly options: PeerOptions }
  | { readonly do: 'pair'; readonly peer: string; readonly target: string }
  | { readonly do: 'opened' | 'reset'; readonly peer: string }
  | { readonly do: 'send'; readonly peer: string; readonly text: string }
  | { readonly do: 'closeAll' }
);

/** A peer in this process or in a page. */
interface Actor {
  pair(target: string): Promise<unknown>;
  opened(): Promise<unknown>;
  send(text: string): Promise<unknown>;
  close(): Promise<unknown>;
}

const actors = new Map<string, Actor>();
let browser: Browser | undefined;

async function obey(request: PlaceRequest): Promise<unknown> {
  switch (request.do) {
    case 'create': {
      const peer = await createPeer(request.options);
      peer.on('error', () => {});
      actors.set(String(peer.id), {
        pair: (id) => peer.pair({ id }),
        opened: () => peer.opened(),
        send: (text) => peer.send(text),
        close: () => peer.close({ atOnce: true }),
      });
      return peer.id;
    }
    case 'browse':
      return browse(request.url, request.options);
    case 'pair':
      return actors.get(request.peer)?.pair(request.target);
    case 'opened':
      return actors.get(request.peer)?.opened();
    case 'send':
      return actors.get(request.peer)?.send(request.text);
    case 'closeAll': {
      const all = [...actors.values()];
      actors.clear();
      await Promise.all(all.map((actor) => actor.close()));
      await browser?.close();
      browser = undefined;
    }
  }
}

/** Uses a browser with its default privacy: it hides its addresses behind mDNS names. */
async function browse(url: string, options: PeerOptions): Promise<string> {
  browser ??= await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      `--unsafely-treat-insecure-origin-as-secure=${new URL(url).origin}`,
    ],
  });
  const page: Page = await (await browser.newContext()).newPage();
  await page.goto(new URL('healthz', url).href);
  const handle = (await page.evaluateHandle(async (options) => {
    const module = '/pairlane.js';
    const client = (await import(module)) as { createPeer: typeof createPeer };
    const peer = await client.createPeer(options);
    peer.on('error', () => {});
    return peer;
  }, options as never)) as JSHandle<Peer>;
  const id = String(await handle.evaluate((peer) => peer.id));
  actors.set(id, {
    pair: (target) => handle.evaluate((peer, id) => peer.pair({ id }), target),
    opened: () => handle.evaluate((peer) => peer.opened()),
    send: (text) => handle.evaluate((peer, text) => peer.send(text), text),
    close: () => page.close(),
  });
  return id;
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const request: PlaceRequest = JSON.parse(line);
    const tell = (answer: object) => console.log(JSON.stringify({ seq: request.seq, ...answer }));
    obey(request).then(
      (result) => tell({ result: typeof result === 'string' ? result : null }),
      (error) => tell({ error: String(error) }),
    );
  })
  .on('close', () => process.exit(0));

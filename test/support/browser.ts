/**
 * A real Chromium (Debian's package), one for each test file, and peers in its pages. After each test its pages are
 * closed; what went wrong in a page, and whatever it asked of another host, fails the test.
 */
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, JSHandle, Page } from 'playwright-core';
import type { createPeer, Peer, PeerOptions } from '../../src/client/index.ts';
import { launchChromium } from './launch-chromium.ts';
import { PATIENCE_MS } from './patience.ts';

let browser: Browser | undefined;
const problems: string[] = [];

/** Call it at the top of a test file. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterEach(async () => {
    await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
    expect(problems.splice(0)).toEqual([]);
  });

  afterAll(() => browser?.close());
}

/** Opens a page of its own, as another person's browser would. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  if (!browser) throw new Error('the test file does not useBrowser()');
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('pageerror', (error) => problems.push(`${error.name}: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'data:' && host !== new URL(url).host) problems.push(`asked ${host} for something`);
  });
  await page.goto(url);
  return page;
}

/** A Pairlane server's URL for browsers. */
export function httpUrl({ url }: { url: string }): string {
  return url.replace(/^ws/, 'http');
}

interface InPage {
  readonly peer: Peer;
  readonly messages: (string | Uint8Array)[];
}

/** A peer in a page. */
export class BrowserPeer {
  readonly id: string;
  readonly page: Page;
  readonly #handle: JSHandle<InPage>;

  /**
   * Creates a peer with the module that the server serves, in an empty page of the server.
   * @param server its URL for WebSockets is the page's own, which is what a peer takes unless told otherwise
   */
  static async create(server: { url: string }, options: PeerOptions = {}): Promise<BrowserPeer> {
    const page = await openPage(`${httpUrl(server)}healthz`);
    const handle = await page.evaluateHandle(
      async ({ module, options }) => {
        const client = (await import(module)) as { createPeer: typeof createPeer };
        const peer = await client.createPeer(options);
        const messages: InPage['messages'] = [];
        peer.on('message', (data) => messages.push(data));
        return { peer, messages };
      },
      { module: '/pairlane.js', options: { iceServers: [], ...options } },
    );
    return new BrowserPeer(page, handle, (await handle.evaluate(({ peer }) => peer.id)) as string);
  }

  /** Use {@link BrowserPeer.create}. */
  private constructor(page: Page, handle: JSHandle<InPage>, id: string) {
    this.page = page;
    this.#handle = handle;
    this.id = id;
  }

  pair(id: string): Promise<unknown> {
    return this.#handle.evaluate(({ peer }, id) => peer.pair({ id }), id);
  }

  opened(): Promise<void> {
    return this.#handle.evaluate(({ peer }) => peer.opened());
  }

  send(data: string): Promise<void> {
    return this.#handle.evaluate(({ peer }, data) => peer.send(data), data);
  }

  /** The oldest messages that were not taken yet, binary ones as their bytes; waits until there are so many. */
  async messages(count: number): Promise<(string | number[])[]> {
    return this.#handle.evaluate(async ({ peer, messages }, count) => {
      while (messages.length < count) await new Promise((resolve) => peer.once('message', resolve));
      return messages.splice(0, count).map((data) => (typeof data === 'string' ? data : [...data]));
    }, count);
  }

  async message(): Promise<string | number[]> {
    const [message] = await this.messages(1);
    return message as string | number[];
  }

  /** Waits until the peer is in the state. */
  async inState(state: Peer['state']): Promise<void> {
    await this.#handle.evaluate(async ({ peer }, state) => {
      while (peer.state !== state) await new Promise((resolve) => peer.once('state', resolve));
    }, state);
  }

  /** Runs a function in the page, with the peer. */
  evaluate<Result, Argument>(
    work: (peer: Peer, argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
  evaluate<Result>(work: (peer: Peer) => Result | Promise<Result>): Promise<Result>;
  async evaluate(work: (peer: Peer, argument: never) => unknown, argument?: unknown): Promise<unknown> {
    const peer = await this.#handle.evaluateHandle(({ peer }) => peer);
    return peer.evaluate(work as never, argument as never);
  }
}

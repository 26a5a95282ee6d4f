/** Peers in the pages of a real browser, with the module that the server serves. */
import type { JSHandle, Page } from 'playwright-core';
import type { createPeer, Peer, PeerOptions } from '../../../src/client/index.ts';
import { httpUrl, openPage } from './browser.ts';

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
   * @param server its WebSocket URL is that of the page, which is a peer's default
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

  /** Takes the oldest messages, binary ones as their bytes; waits until there are this many. */
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

  /** The same, but leaves the function's result in the page. */
  async evaluateHandle<Result extends object>(work: (peer: Peer) => Result): Promise<JSHandle<Result>> {
    const peer = await this.#handle.evaluateHandle(({ peer }) => peer);
    return peer.evaluateHandle(work as never) as Promise<JSHandle<Result>>;
  }
}

/**
 * Peers in a real Firefox (Debian's package), one per test file. Its only page does what the test tells it over a
 * WebSocket, since the drivers at hand know no Firefox of this age. It comes from another origin than the Pairlane
 * server, which has to allow that: see {@link firefoxOrigin}.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import type { createPeer, Peer, PeerOptions } from '../../../src/client/index.ts';
import { httpUrl } from './browser.ts';

/** Runs each text that it gets as a function, and says what came of it. */
const PAGE = `<!doctype html><title>Firefox of a test</title><script>
  const socket = new WebSocket(location.href.replace(/^http/, 'ws'));
  const kept = new Map();
  socket.onmessage = async ({ data }) => {
    const { number, work, argument } = JSON.parse(data);
    const answer = await (async () => ({ result: await (0, eval)('(' + work + ')')(kept, argument) }))()
      .catch((error) => ({ error: String(error) }));
    socket.send(JSON.stringify({ number, ...answer }));
  };
</script>`;

interface Kept {
  readonly peer: Peer;
  readonly messages: (string | Uint8Array)[];
}
interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

class Firefox {
  readonly #web: Server;
  readonly #profile = mkdtempSync(join(tmpdir(), 'pairlane-firefox-'));
  #process: ChildProcess | undefined;
  #page: WebSocket | undefined;
  #said = '';
  #calls = 0;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  private constructor(web: Server) {
    this.#web = web;
  }

  static async start(): Promise<Firefox> {
    const web = createServer((_, response) => response.setHeader('content-type', 'text/html').end(PAGE));
    const sockets = new WebSocketServer({ server: web });
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const firefox = new Firefox(web);
    const connected = once(sockets, 'connection');
    const ended = firefox.#open();
    const [page] = (await Promise.race([connected, ended])) as [WebSocket];
    firefox.#page = page;
    page.on('message', (data) => {
      const answer = JSON.parse(String(data)) as Answer;
      firefox.#waiting.get(answer.number)?.(answer);
      firefox.#waiting.delete(answer.number);
    });
    return firefox;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#web.address() as AddressInfo).port}`;
  }

  /** @returns rejects when it ends */
  async #open(): Promise<never> {
    const args = ['--headless', '--no-remote', '--profile', this.#profile, `${this.origin}/`];
    const process_ = spawn('firefox-esr', args, { env: { ...process.env, HOME: this.#profile } });
    this.#process = process_;
    for (const stream of [process_.stdout, process_.stderr])
      stream.on('data', (text) => {
        this.#said = `${this.#said}${text}`.slice(-2_000);
      });
    await once(process_, 'exit');
    throw new Error(`Firefox ended: ${this.#said}`);
  }

  /** @param work the text of a function of all that the page keeps, by number, and of the argument */
  async evaluate(work: string, argument: unknown): Promise<unknown> {
    this.#calls += 1;
    const number = this.#calls;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(number, resolve));
    this.#page?.send(JSON.stringify({ number, work, argument }));
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(error);
    return result;
  }

  async close(): Promise<void> {
    const process_ = this.#process;
    this.#page?.terminate();
    this.#web.close();
    if (process_ && process_.exitCode === null) {
      process_.kill('SIGKILL');
      await once(process_, 'exit');
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

let firefox: Promise<Firefox> | undefined;
const theFirefox = () => {
  firefox ??= Firefox.start();
  return firefox;
};

/** The origin of its page, for a server's `allowOrigin`. */
export async function firefoxOrigin(): Promise<string> {
  return (await theFirefox()).origin;
}

afterAll(async () => (await firefox)?.close());

/** Runs in the page. */
async function make(
  kept: Map<number, Kept>,
  { module, options }: { readonly module: string; readonly options: PeerOptions },
): Promise<{ number: number; id: string }> {
  const client = (await import(module)) as { createPeer: typeof createPeer };
  const peer = await client.createPeer(options);
  const messages: Kept['messages'] = [];
  peer.on('message', (data) => messages.push(data));
  kept.set(kept.size, { peer, messages });
  return { number: kept.size - 1, id: peer.id as string };
}

/** A peer in Firefox. */
export class FirefoxPeer {
  readonly id: string;
  readonly #firefox: Firefox;
  readonly #number: number;

  /** Creates a peer with the module that the server serves. */
  static async create(server: { url: string }, options: PeerOptions = {}): Promise<FirefoxPeer> {
    const firefox = await theFirefox();
    const made = await firefox.evaluate(String(make), {
      module: `${httpUrl(server)}pairlane.js`,
      options: { url: server.url, ...options },
    });
    const { number, id } = made as Awaited<ReturnType<typeof make>>;
    return new FirefoxPeer(firefox, number, id);
  }

  /** Use {@link FirefoxPeer.create}. */
  private constructor(firefox: Firefox, number: number, id: string) {
    this.#firefox = firefox;
    this.#number = number;
    this.id = id;
  }

  async pair(id: string): Promise<void> {
    await this.#in(async ({ peer }, id) => {
      await peer.pair({ id });
    }, id);
  }

  opened(): Promise<void> {
    return this.#in(({ peer }) => peer.opened(), undefined);
  }

  send(data: string): Promise<void> {
    return this.#in(({ peer }, data) => peer.send(data), data);
  }

  /** Takes the oldest message, a binary one as its bytes. */
  message(): Promise<string | number[]> {
    return this.#in(async ({ peer, messages }) => {
      while (messages.length === 0) await new Promise((resolve) => peer.once('message', resolve));
      const message = messages.shift() as string | Uint8Array;
      return typeof message === 'string' ? message : [...message];
    }, undefined);
  }

  /** Restarts ICE, as when the network changes. @returns the states until it is connected again */
  newNetwork(): Promise<string[]> {
    return this.#in(async ({ peer }) => {
      const seen: string[] = [];
      peer.on('state', (state) => seen.push(state));
      (globalThis as unknown as EventTarget).dispatchEvent(new Event('online'));
      while (!seen.includes('connected')) await new Promise((resolve) => peer.once('state', resolve));
      return seen;
    }, undefined);
  }

  close(): Promise<void> {
    return this.#in(({ peer }) => peer.close(), undefined);
  }

  #in<Argument, Result>(
    work: (kept: Kept, argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result> {
    const text = `(kept, argument) => (${work})(kept.get(${this.#number}), argument)`;
    return this.#firefox.evaluate(text, argument) as Promise<Result>;
  }
}

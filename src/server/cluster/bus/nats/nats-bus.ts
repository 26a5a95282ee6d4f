/**
 * The bus over NATS: each node subscribes to `PREFIX.node.ID` and `PREFIX.all`. The broker returns a message at once if
 * its node is not there. A lost connection is reopened forever, with a growing random delay.
 */
import { randomBytes } from 'node:crypto';
import { fullJitter } from '../../../../machines/backoff.ts';
import type { NodeId } from '../../../node-id.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import type { Bus, BusHandlers } from '../bus.ts';
import { BusError } from '../bus-errors.ts';
import { FragmentCutter, FragmentJoiner } from '../fragments.ts';
import { checkNatsPrefix, DEFAULT_NATS_PREFIX, type NatsAddress, parseNatsUrl } from './nats-address.ts';
import { NatsLink, reasonOf } from './nats-connection.ts';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

export interface NatsBusOptions {
  readonly url: string;
  readonly node: NodeId;
  /** Lets several clusters share a broker; letters, digits, `-` and `_`, separated by dots. */
  readonly prefix?: string;
  readonly log: Logger;
  /** @returns a number from 0 up to, but not including, 1 */
  readonly random?: () => number;
}

export class NatsBus implements Bus {
  readonly hasBroker = true;
  readonly #options: NatsBusOptions;
  readonly #random: () => number;
  readonly #token = randomBytes(8).toString('hex');
  readonly #cutter = new FragmentCutter(this.#token);
  readonly #joiner = new FragmentJoiner(() => performance.now());
  readonly #atEndOfTurn: (() => void)[] = [];
  #handlers: BusHandlers | undefined;
  #link: NatsLink | undefined;
  #failures = 0;
  #problem: string | undefined;
  readonly #stopped = new AbortController();
  #retry: NodeJS.Timeout | undefined;

  constructor(options: NatsBusOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  async start(handlers: BusHandlers): Promise<void> {
    const address = parseNatsUrl(this.#options.url);
    const prefix = this.#options.prefix ?? DEFAULT_NATS_PREFIX;
    checkNatsPrefix(prefix);
    this.#handlers = handlers;
    try {
      await this.#open(address, prefix);
    } catch (error) {
      if (error instanceof BusError) {
        this.#handlers = undefined;
        throw error;
      }
      this.#handlers?.down(reasonOf(error));
      this.#openLater(address, prefix);
    }
  }

  send(to: NodeId, text: string): void {
    this.#link?.send(to, this.#cutter.cut(text, this.#link.maxBytes));
  }

  /** What all links send in one turn goes to the broker in one write. */
  endOfTurn(send: () => void): void {
    if (this.#atEndOfTurn.push(send) > 1) return;
    setImmediate(() => {
      for (const each of this.#atEndOfTurn.splice(0)) each();
    });
  }

  broadcast(text: string): void {
    this.#link?.broadcast(this.#cutter.cut(text, this.#link.maxBytes));
  }

  async stop(): Promise<void> {
    this.#handlers = undefined;
    this.#stopped.abort();
    clearTimeout(this.#retry);
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }

  async #open(address: NatsAddress, prefix: string): Promise<void> {
    const { node, log } = this.#options;
    await NatsLink.open({
      address,
      node,
      prefix,
      log,
      token: this.#token,
      signal: this.#stopped.signal,
      ready: (link) => {
        if (!this.#handlers) return void link.close();
        this.#failures = 0;
        this.#problem = undefined;
        this.#link = link;
        this.#handlers.up();
      },
      received: (fragment) => {
        const text = this.#joiner.join('nats', fragment);
        if (text !== undefined) this.#handlers?.received(text);
      },
      unreachable: (other) => this.#handlers?.unreachable(other),
      lost: (reason) => {
        this.#link = undefined;
        this.#joiner.clear();
        this.#handlers?.down(reason);
        this.#openLater(address, prefix);
      },
    });
  }

  /**
   * `down` has reported that the bus is unavailable, but a refusal has to be fixed by somebody. Logged once, however
   * often the connection is tried.
   */
  #noteProblem(error: Error): void {
    const isRefusal = error instanceof BusError;
    const problem = isRefusal ? error.message : `the bus is still away: ${reasonOf(error)}`;
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.log[isRefusal ? 'error' : 'debug']({ event: 'bus_problem' }, problem);
  }

  #openLater(address: NatsAddress, prefix: string): void {
    if (!this.#handlers) return;
    const bounds = { baseMs: FIRST_DELAY_MS, capMs: MAX_DELAY_MS };
    const delayMs = fullJitter(bounds, this.#failures, this.#random());
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#open(address, prefix).catch((error: Error) => {
        if (!this.#handlers) return;
        this.#noteProblem(error);
        this.#openLater(address, prefix);
      });
    }, delayMs);
  }
}

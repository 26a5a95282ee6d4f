/**
 * Keeps a relay server connected to its parent: dials, and after a loss dials again with full-jitter backoff, so that
 * the children of a restarted server do not all connect at once.
 *
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
import { connect, type Socket } from 'node:net';
import { type Address, parseAddress } from '../../common/address.ts';
import { fullJitter } from '../../machines/backoff.ts';
import { NO_TIMER, type StepQueue, type TimerOwner } from '../../machines/index.ts';
import type { Logger } from '../telemetry/logger.ts';

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 30_000;
/** A parent that refuses will do so again until somebody acts, or until it notices that our last link is dead. */
const MIN_DELAY_AFTER_REFUSAL_MS = 10_000;
/** A link that lasted this long was a good one; one that breaks sooner, again and again, is dialed ever more slowly. */
const STABLE_MS = 10_000;
const DIAL_TIMEOUT_MS = 10_000;

export interface ParentDialerOptions {
  readonly address: Address;
  readonly queue: StepQueue;
  readonly log: Logger;
  /** @returns a number from 0 up to, but not including, 1 */
  readonly random: () => number;
  readonly onConnected: (socket: Socket) => void;
  /** Nobody accepted the connection; it will be dialed again. */
  readonly onFailed?: () => void;
}

export class ParentDialer implements TimerOwner {
  timer = NO_TIMER;
  readonly #options: ParentDialerOptions;
  /** The configured address, and that of a replacement that a parent named when it quit. */
  #addresses: Address[];
  #next = 0;
  #failures = 0;
  #connectedAt = Number.POSITIVE_INFINITY;
  #socket: Socket | undefined;
  #isStopped = false;

  constructor(options: ParentDialerOptions) {
    this.#options = options;
    this.#addresses = [options.address];
  }

  /** The address that was dialed last. */
  get address(): Address {
    return this.#addresses[this.#next] as Address;
  }

  dial(): void {
    if (this.#isStopped || this.#socket) return;
    const socket = connect({ ...this.address, timeout: DIAL_TIMEOUT_MS });
    this.#socket = socket;
    const fail = () => {
      socket.destroy();
      this.#options.log.warn({ event: 'relay_parent_away' }, 'the parent cannot be reached');
      this.retry();
      this.#options.onFailed?.();
    };
    socket.once('error', fail);
    socket.once('timeout', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.off('timeout', fail);
      socket.setTimeout(0);
      this.#options.onConnected(socket);
    });
  }

  /** The parent accepted us. */
  succeeded(): void {
    this.#connectedAt = this.#options.queue.now;
  }

  /** The parent quit and named this address to attach to instead; an invalid text changes nothing. */
  attachTo(text: string): void {
    const replacement = parseAddress(text);
    if (!replacement) return;
    this.#addresses = [this.#options.address, replacement];
    // A retry moves on to the next address, which is then the replacement's.
    this.#next = 0;
  }

  /** Dials again after a delay; if there are two addresses, the next one. */
  retry({ wasRefused = false } = {}): void {
    this.#socket = undefined;
    if (this.#isStopped) return;
    const { random, queue, log } = this.#options;
    if (queue.now - this.#connectedAt >= STABLE_MS) this.#failures = 0;
    this.#connectedAt = Number.POSITIVE_INFINITY;
    const backoffMs = fullJitter({ baseMs: FIRST_DELAY_MS, capMs: MAX_DELAY_MS }, this.#failures, random());
    this.#failures += 1;
    this.#next = (this.#next + 1) % this.#addresses.length;
    const delayMs = backoffMs + (wasRefused ? MIN_DELAY_AFTER_REFUSAL_MS : 0);
    log.info(
      { event: 'relay_parent_retry', attempt: this.#failures, delayMs: Math.round(delayMs) },
      'connects to the parent again',
    );
    queue.arm(this, 'redial', delayMs, () => this.dial());
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.queue.timers.disarmAll(this);
    this.#socket?.destroy();
  }
}

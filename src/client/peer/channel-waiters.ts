/**
 * Callers that wait for data channels to open: without limit while there is no peer, up to a deadline once it is
 * connected.
 */
import { NO_TIMER, type StepQueue, type TimerOwner } from '../../machines/without-xstate.ts';
import { abortable } from './abortable.ts';
import { PairlaneError } from './errors.ts';

interface Waiter extends TimerOwner {
  readonly channel: string;
  readonly resolve: () => void;
  readonly reject: (error: PairlaneError) => void;
}

export class ChannelWaiters {
  readonly #queue: StepQueue;
  readonly #timeoutMs: number;
  #waiting: Waiter[] = [];
  #isConnected = false;

  /** @param timeoutMs for a channel to open once the peer is connected; 0: no deadline */
  constructor(queue: StepQueue, timeoutMs: number) {
    this.#queue = queue;
    this.#timeoutMs = timeoutMs || Number.POSITIVE_INFINITY;
  }

  wait(channel: string, signal?: AbortSignal): Promise<void> {
    const waiter: Waiter = { channel, resolve: () => {}, reject: () => {}, timer: NO_TIMER };
    return abortable(
      signal,
      () =>
        new Promise((resolve, reject) => {
          Object.assign(waiter, { resolve, reject });
          this.#waiting.push(waiter);
          if (this.#isConnected) this.#arm(waiter);
        }),
      (error) => {
        for (const { reject } of this.#take((other) => other === waiter)) reject(error);
      },
    );
  }

  /** Before that, and while the connection is being restored, the machine has its own deadlines. */
  set isConnected(isConnected: boolean) {
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    for (const waiter of this.#waiting) {
      if (isConnected) this.#arm(waiter);
      else this.#queue.timers.disarm(waiter, 'channel');
    }
  }

  opened(channel: string): void {
    for (const { resolve } of this.#take((waiter) => waiter.channel === channel)) resolve();
  }

  /** @param channel fails only those that wait for this channel */
  fail(error: PairlaneError, channel?: string): void {
    const isMeant = (waiter: Waiter) => channel === undefined || waiter.channel === channel;
    for (const { reject } of this.#take(isMeant)) reject(error);
  }

  #arm(waiter: Waiter): void {
    this.#queue.arm(waiter, 'channel', this.#timeoutMs, () => {
      for (const { channel, reject } of this.#take((other) => other === waiter)) {
        reject(new PairlaneError('channel_timeout', channel));
      }
    });
  }

  #take(isTaken: (waiter: Waiter) => boolean): Waiter[] {
    const taken = this.#waiting.filter(isTaken);
    this.#waiting = this.#waiting.filter((waiter) => !isTaken(waiter));
    for (const waiter of taken) this.#queue.timers.disarm(waiter, 'channel');
    return taken;
  }
}

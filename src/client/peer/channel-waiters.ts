/** Who waits for data channels to open. */
import type { PairlaneError } from './errors.ts';

interface Opener {
  readonly channel: string;
  readonly resolve: () => void;
  readonly reject: (error: PairlaneError) => void;
}

export class ChannelWaiters {
  #waiting: Opener[] = [];

  wait(channel: string): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ channel, resolve, reject }));
  }

  opened(channel: string): void {
    for (const { resolve } of this.#take(channel)) resolve();
  }

  /** @param channel only those who wait for this one */
  fail(error: PairlaneError, channel?: string): void {
    for (const { reject } of this.#take(channel)) reject(error);
  }

  #take(channel: string | undefined): Opener[] {
    const isTaken = (opener: Opener) => channel === undefined || opener.channel === channel;
    const taken = this.#waiting.filter(isTaken);
    this.#waiting = this.#waiting.filter((opener) => !isTaken(opener));
    return taken;
  }
}

/** One end of a data channel without a network: reliable and ordered, and silent while there is no path. */
import type { DataChannel, DataChannelInit } from '../../client/rtc/types.ts';
import type { Schedule } from './schedule.ts';

interface Path {
  readonly schedule: Schedule;
  readonly travelMs: () => number;
  /** Whether the two ends can reach each other now. */
  readonly isOpen: () => boolean;
}

const encoder = new TextEncoder();

export class SimulatedChannel implements DataChannel {
  readonly label: string;
  readonly init: DataChannelInit;
  readyState: DataChannel['readyState'] = 'connecting';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  binaryType = 'arraybuffer';
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  readonly #path: Path;
  #other: SimulatedChannel | undefined;
  /** What was sent before there was a path, or while there was none. */
  readonly #waiting: (() => void)[] = [];
  #lastAt = 0;

  constructor(label: string, init: DataChannelInit, path: Path) {
    this.label = label;
    this.init = init;
    this.#path = path;
  }

  get isPaired(): boolean {
    return this.#other !== undefined;
  }

  pairWith(other: SimulatedChannel): void {
    this.#other = other;
    other.#other = this;
  }

  open(): void {
    if (this.readyState !== 'connecting') return;
    this.readyState = 'open';
    this.onopen?.();
  }

  /** @throws if it is not open */
  send(data: string | Uint8Array): void {
    if (this.readyState !== 'open') throw new Error('The channel is not open');
    const bytes = typeof data === 'string' ? encoder.encode(data).length : data.length;
    const copy = typeof data === 'string' ? data : data.slice().buffer;
    this.bufferedAmount += bytes;
    this.#travel(() => {
      this.#sent(bytes);
      if (this.#other?.readyState === 'open') this.#other.onmessage?.({ data: copy });
    });
  }

  /** Takes effect after what was sent before. */
  close(): void {
    if (this.readyState === 'closing' || this.readyState === 'closed') return;
    this.readyState = 'closing';
    if (!this.#other) this.lose();
    else
      this.#travel(() => {
        this.#other?.lose();
        this.lose();
      });
  }

  /** Ends it at once, whatever is still in flight. */
  lose(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.onclose?.();
  }

  /** There is a path again. */
  resume(): void {
    for (const travel of this.#waiting.splice(0)) this.#travel(travel);
  }

  #travel(arrive: () => void): void {
    if (!this.#path.isOpen()) {
      this.#waiting.push(arrive);
      return;
    }
    this.#lastAt = Math.max(this.#lastAt, this.#path.schedule.clock.now() + this.#path.travelMs());
    this.#path.schedule.add(this.#lastAt, () => {
      if (this.#path.isOpen()) arrive();
      else this.#waiting.push(arrive);
    });
  }

  #sent(bytes: number): void {
    const before = this.bufferedAmount;
    this.bufferedAmount -= bytes;
    const low = this.bufferedAmountLowThreshold;
    if (before > low && this.bufferedAmount <= low) this.onbufferedamountlow?.();
  }
}

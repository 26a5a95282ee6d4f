/** How long connecting may take: after a while people are told what may be wrong, and later it is given up. */
import type { PeerState } from '../client/browser/index.ts';

export const SLOW_AFTER_MS = 8_000;
/** One deadline for all attempts; the peer's own deadlines are for each attempt. */
export const GIVE_UP_AFTER_MS = 30_000;

const onTheWay: ReadonlySet<PeerState> = new Set([
  'paired',
  'offering',
  'answering',
  'checking',
  'restarting',
]);

export interface PaceHandlers {
  /** @param isSlow whether it takes longer than people expect */
  readonly slow: (isSlow: boolean) => void;
  readonly gaveUp: () => void;
}

export class Pace {
  readonly #handlers: PaceHandlers;
  #timers: ReturnType<typeof setTimeout>[] = [];

  constructor(handlers: PaceHandlers) {
    this.#handlers = handlers;
  }

  /** Whether the two are connecting. */
  get isOnTheWay(): boolean {
    return this.#timers.length > 0;
  }

  /** Must be called with each new state of the peer. */
  follow(state: PeerState): void {
    if (onTheWay.has(state) === this.isOnTheWay) return;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.#handlers.slow(false);
    if (!onTheWay.has(state)) return;
    this.#timers = [
      setTimeout(() => this.#handlers.slow(true), SLOW_AFTER_MS),
      setTimeout(() => this.#handlers.gaveUp(), GIVE_UP_AFTER_MS),
    ];
  }
}

/** How long people wait for a way to each other: after a while they are told what may be wrong, then it is given up. */
import type { PeerState } from '../client/browser/index.ts';

export const SLOW_AFTER_MS = 8_000;
/** One deadline over all tries: the peer's own are each for one of them. */
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

  /** Whether the two are on the way to each other. */
  get isOnTheWay(): boolean {
    return this.#timers.length > 0;
  }

  /** To be called with each state that the peer comes to. */
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

/**
 * Pairings that others asked for and our user has yet to accept. Signals that arrive meanwhile are held, up to a limit;
 * a request that is not answered in time is rejected.
 */
import { NO_TIMER, type TimerOwner } from '../../machines/without-xstate.ts';
import type { OwnSignal, PairedEvent, PeerSignal } from '../negotiation/signaling.ts';
import type { Environment } from './environment.ts';
import { PairlaneError } from './errors.ts';
import type { Accept } from './peer-options.ts';

/** What becomes of a requested pairing. */
export interface AcceptanceHandlers {
  readonly accepted: (paired: PairedEvent, held: readonly (PeerSignal | OwnSignal)[]) => void;
  readonly rejected: (paired: PairedEvent, reason: string | undefined) => void;
  readonly problem: (error: PairlaneError, peerId: string) => void;
}

interface Waiting extends TimerOwner {
  readonly paired: PairedEvent;
  readonly held: (PeerSignal | OwnSignal)[];
}

/** An offer and its candidates are about twenty signals. */
const MAX_HELD = 128;

export class Acceptance {
  readonly #accept: Accept;
  readonly #environment: Environment;
  readonly #handlers: AcceptanceHandlers;
  readonly #waiting: Waiting[] = [];

  constructor(accept: Accept, environment: Environment, handlers: AcceptanceHandlers) {
    this.#accept = accept;
    this.#environment = environment;
    this.#handlers = handlers;
  }

  /** The pairings that wait. */
  get paired(): readonly PairedEvent[] {
    return this.#waiting.map(({ paired }) => paired);
  }

  /** @param most how many may wait; further ones are rejected without asking */
  ask(paired: PairedEvent, most: number): void {
    if (this.#waiting.length >= most) {
      this.#handlers.rejected(paired, 'too many others wait');
      return;
    }
    const { queue, options } = this.#environment;
    const { problem } = this.#handlers;
    const { peerId, metadata } = paired;
    const waiting: Waiting = { paired, held: [], timer: NO_TIMER };
    this.#waiting.push(waiting);
    queue.arm(waiting, 'accept', options.acceptTimeoutMs || Number.POSITIVE_INFINITY, () => {
      this.#answer(waiting, 'no answer in time');
      problem(new PairlaneError('accept_timeout'), peerId);
    });
    // Called in a function of its own, so that an exception thrown at once counts as a rejection, too.
    const asked = async () => this.#accept({ peerId, metadata });
    asked().then(
      (answer) => this.#answer(waiting, answer),
      (cause) => {
        this.#answer(waiting, false);
        problem(new PairlaneError('accept_failed', '', { cause }), peerId);
      },
    );
  }

  /** @returns whether the signal belongs to a waiting pairing, and is held */
  hold(signal: PeerSignal | OwnSignal): boolean {
    const waiting = this.#waiting.find(({ paired }) => paired.epoch === signal.epoch);
    if (!waiting) return false;
    if (waiting.held.length < MAX_HELD) waiting.held.push(signal);
    else this.#answer(waiting, 'too many signals');
    return true;
  }

  /**
   * The pairing has ended before it was accepted.
   * @param epoch undefined: all of them
   */
  forget(epoch?: number): void {
    for (const waiting of [...this.#waiting]) {
      if (epoch === undefined || waiting.paired.epoch === epoch) this.#take(waiting);
    }
  }

  #answer(waiting: Waiting, answer: boolean | string): void {
    if (!this.#take(waiting)) return;
    if (answer === true) this.#handlers.accepted(waiting.paired, waiting.held);
    else this.#handlers.rejected(waiting.paired, typeof answer === 'string' ? answer : undefined);
  }

  /** @returns whether it was still waiting */
  #take(waiting: Waiting): boolean {
    const at = this.#waiting.indexOf(waiting);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    this.#environment.queue.timers.disarm(waiting, 'accept');
    return true;
  }
}

/**
 * Pairings that others asked for, and that our user has yet to accept. What the other one signals meanwhile is held,
 * up to a bound; who is not answered in time is rejected.
 */
import { NO_TIMER, type StepQueue, type TimerOwner } from '../../machines/index.ts';
import type { PairedEvent, PeerSignal } from '../negotiation/signaling.ts';
import { PairlaneError } from './errors.ts';
import type { Accept } from './peer-options.ts';

export interface AcceptanceDeps {
  readonly accept: Accept;
  readonly queue: StepQueue;
  /** 0: no deadline. */
  readonly timeoutMs: number;
  readonly accepted: (paired: PairedEvent, held: readonly PeerSignal[]) => void;
  readonly rejected: (paired: PairedEvent, reason: string | undefined) => void;
  readonly problem: (error: PairlaneError, peerId: string) => void;
}

interface Waiting extends TimerOwner {
  readonly paired: PairedEvent;
  readonly held: PeerSignal[];
}

/** An offer and its candidates are about twenty. */
const MAX_HELD = 128;

export class Acceptance {
  readonly #deps: AcceptanceDeps;
  readonly #waiting: Waiting[] = [];

  constructor(deps: AcceptanceDeps) {
    this.#deps = deps;
  }

  /** The pairings that wait. */
  get paired(): readonly PairedEvent[] {
    return this.#waiting.map(({ paired }) => paired);
  }

  ask(paired: PairedEvent): void {
    const { queue, timeoutMs, accept, problem } = this.#deps;
    const { peerId, metadata } = paired;
    const waiting: Waiting = { paired, held: [], timer: NO_TIMER };
    this.#waiting.push(waiting);
    queue.arm(waiting, 'accept', timeoutMs || Number.POSITIVE_INFINITY, () => {
      this.#answer(waiting, 'no answer in time');
      problem(new PairlaneError('accept_timeout'), peerId);
    });
    // Asked in a function of its own: what is thrown at once is a rejection, too.
    const asked = async () => accept({ peerId, metadata });
    asked().then(
      (answer) => this.#answer(waiting, answer),
      (cause) => {
        this.#answer(waiting, false);
        problem(new PairlaneError('accept_failed', '', { cause }), peerId);
      },
    );
  }

  /** @returns whether the signal was for one that waits: it is held */
  hold(signal: PeerSignal): boolean {
    const waiting = this.#waiting.find(({ paired }) => paired.epoch === signal.epoch);
    if (!waiting) return false;
    if (waiting.held.length < MAX_HELD) waiting.held.push(signal);
    else this.#answer(waiting, 'too many signals');
    return true;
  }

  /** The pairing is over before it was accepted. @param epoch undefined: all of them */
  forget(epoch?: number): void {
    for (const waiting of [...this.#waiting]) {
      if (epoch === undefined || waiting.paired.epoch === epoch) this.#take(waiting);
    }
  }

  #answer(waiting: Waiting, answer: boolean | string): void {
    if (!this.#take(waiting)) return;
    if (answer === true) this.#deps.accepted(waiting.paired, waiting.held);
    else this.#deps.rejected(waiting.paired, typeof answer === 'string' ? answer : undefined);
  }

  /** @returns whether it still waited */
  #take(waiting: Waiting): boolean {
    const at = this.#waiting.indexOf(waiting);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    this.#deps.queue.timers.disarm(waiting, 'accept');
    return true;
  }
}

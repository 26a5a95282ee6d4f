/** The numbers of pairings: each is above all of this server's before, over restarts too, and no other node has it. */
import type { Clock } from '../../common/clock.ts';
import type { NodeId } from '../node-id.ts';

/** Milliseconds times this stay exact in a double until the year 2248. */
const EPOCH_STEP = 1_024;

export class PairingEpochs {
  #last: number;

  constructor(clock: Clock, node: NodeId) {
    // Above every epoch of an earlier run: a server makes fewer than a thousand pairings a second in the long run.
    // And another one than those of other nodes: a client may be paired by one and then by another.
    this.#last = Math.floor(clock.wallTime()) * EPOCH_STEP + (node % EPOCH_STEP);
  }

  next(): number {
    this.#last += EPOCH_STEP;
    return this.#last;
  }
}

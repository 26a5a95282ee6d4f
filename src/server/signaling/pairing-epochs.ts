/**
 * Numbers for pairings: each is greater than all earlier ones of this server, across restarts, and unique in the
 * cluster.
 */
import type { Clock } from '../../common/clock.ts';
import type { NodeId } from '../node-id.ts';

/** Milliseconds times this factor stay exact in a double until the year 2248. */
const EPOCH_STEP = 1_024;

export class PairingEpochs {
  #last: number;

  constructor(clock: Clock, node: NodeId) {
    // Greater than every epoch of an earlier run, since a server makes fewer than a thousand pairings a second over
    // time. Different from the epochs of other nodes, since a client may be paired by one node and then by another.
    this.#last = Math.floor(clock.wallTime()) * EPOCH_STEP + (node % EPOCH_STEP);
  }

  next(): number {
    this.#last += EPOCH_STEP;
    return this.#last;
  }
}

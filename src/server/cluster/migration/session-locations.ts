/**
 * Where sessions went: a node notes it of those that began there for as long as they are elsewhere, and of others that
 * it gave away for as long as the node where they began may not have heard of it.
 */

import { nodeOfSessionId } from '../../node-id.ts';
import type { NodeId } from '../bus/bus.ts';

export interface SessionLocation {
  readonly node: NodeId;
  /** How often its client has come back, counting this time. */
  readonly generation: number;
  /** Whether that node said so itself; what was given to it may not have arrived. */
  readonly isConfirmed: boolean;
}

/** Longer than any message between nodes is under way, and than a client of a lost node takes to come back. */
const KEPT_MS = 60_000;

export class SessionLocations {
  readonly #here: NodeId;
  readonly #now: () => number;
  readonly #sessionLocations = new Map<string, SessionLocation & { expiresAt: number }>();
  #nextSweep = 0;

  /** @param now milliseconds of any clock */
  constructor(here: NodeId, now: () => number) {
    this.#here = here;
    this.#now = now;
  }

  get(id: string): SessionLocation | undefined {
    const note = this.#sessionLocations.get(id);
    return note && { node: note.node, generation: note.generation, isConfirmed: note.isConfirmed };
  }

  set(id: string, note: SessionLocation): void {
    const now = this.#now();
    this.#sweep(now);
    const isOurs = nodeOfSessionId(id) === this.#here;
    this.#sessionLocations.set(id, { ...note, expiresAt: isOurs ? Number.POSITIVE_INFINITY : now + KEPT_MS });
  }

  delete(id: string): void {
    this.#sessionLocations.delete(id);
  }

  /** That node is lost: whoever comes back from it does so soon. */
  lost(node: NodeId): void {
    const expiresAt = this.#now() + KEPT_MS;
    for (const note of this.#sessionLocations.values()) if (note.node === node) note.expiresAt = expiresAt;
  }

  #sweep(now: number): void {
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + KEPT_MS;
    for (const [id, { expiresAt }] of this.#sessionLocations)
      if (expiresAt <= now) this.#sessionLocations.delete(id);
  }
}

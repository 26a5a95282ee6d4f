/**
 * Where sessions are that are not here. A node remembers this for sessions that began there, for as long as they are
 * elsewhere; and for other sessions that it handed over, for as long as the node where they began may not have heard of
 * it.
 */
import type { StepQueue } from '../../../machines/index.ts';
import { type NodeId, nodeOfSessionId } from '../../node-id.ts';

export interface SessionLocation {
  readonly node: NodeId;
  /** How often its client has come back, including this time. */
  readonly generation: number;
  /** Whether that node said so itself; a session handed over to it may not have arrived. */
  readonly isConfirmed: boolean;
}

/** Longer than any message between nodes is on its way, and longer than a client of a lost node takes to come back. */
const KEPT_MS = 60_000;

export class SessionLocations {
  /** Sessions that should be on their way here, according to their clients. */
  readonly expected = new Set<string>();
  /** This node. */
  readonly here: NodeId;
  readonly #queue: Pick<StepQueue, 'now'>;
  readonly #locations = new Map<string, SessionLocation & { expiresAt: number }>();
  #sweptAt = Number.NEGATIVE_INFINITY;

  /**
   * @param here this node's number
   * @param queue provides the time, in milliseconds
   */
  constructor(here: NodeId, queue: Pick<StepQueue, 'now'>) {
    this.here = here;
    this.#queue = queue;
  }

  get(id: string): SessionLocation | undefined {
    const location = this.#locations.get(id);
    return (
      location && {
        node: location.node,
        generation: location.generation,
        isConfirmed: location.isConfirmed,
      }
    );
  }

  /** The other node that has a session, as far as its id and the locations kept here tell; undefined if none does. */
  nodeOf(id: string): NodeId | undefined {
    const node = this.#locations.get(id)?.node ?? nodeOfSessionId(id);
    return node === this.here ? undefined : node;
  }

  set(id: string, location: SessionLocation): void {
    const { now } = this.#queue;
    this.#sweep(now);
    const isOurs = nodeOfSessionId(id) === this.here;
    this.#locations.set(id, { ...location, expiresAt: isOurs ? Number.POSITIVE_INFINITY : now + KEPT_MS });
  }

  /** The node of each session that is remembered. */
  *nodes(): Generator<NodeId> {
    for (const { node } of this.#locations.values()) yield node;
  }

  delete(id: string): void {
    this.#locations.delete(id);
  }

  /** That node is lost: clients that come back from it do so soon. */
  lost(node: NodeId): void {
    const expiresAt = this.#queue.now + KEPT_MS;
    for (const location of this.#locations.values())
      if (location.node === node) location.expiresAt = expiresAt;
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < KEPT_MS) return;
    this.#sweptAt = now;
    for (const [id, { expiresAt }] of this.#locations) if (expiresAt <= now) this.#locations.delete(id);
  }
}

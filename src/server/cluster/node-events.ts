/** What happened between this node and others, for the inspector: the newest events only. */
import type { StepQueue } from '../../machines/index.ts';
import type { NodeEventKind } from '../../protocol/index.ts';
import type { NodeId } from '../node-id.ts';

export interface NodeEvent {
  /** Milliseconds of the server's clock. */
  readonly at: number;
  readonly kind: NodeEventKind;
  /** The other node. */
  readonly node: NodeId;
  /** The session. */
  readonly id: string | undefined;
}

export const MAX_NODE_EVENTS = 50;

export class NodeEvents {
  readonly newest: NodeEvent[] = [];
  readonly #queue: Pick<StepQueue, 'now'>;

  /** @param queue provides the time */
  constructor(queue: Pick<StepQueue, 'now'>) {
    this.#queue = queue;
  }

  note(kind: NodeEventKind, node: NodeId, id?: string): void {
    this.newest.push({ at: this.#queue.now, kind, node, id });
    if (this.newest.length > MAX_NODE_EVENTS) this.newest.shift();
  }
}

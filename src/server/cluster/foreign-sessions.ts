/**
 * Of the sessions here, those that another node is told of when it comes: those that began there, and those whose ids are
 * given by tokens. They are kept apart, so that a node that comes costs nothing for all the others.
 */
import { type NodeId, nodeOfSessionId } from '../node-id.ts';
import type { Directory } from '../signaling/directory.ts';
import type { ServerSession } from '../signaling/session.ts';

export class ForeignSessions {
  /** Whose id a token gave. */
  readonly holders = new Set<ServerSession>();
  readonly #here: NodeId;
  readonly #guests = new Map<NodeId, Set<ServerSession>>();

  constructor(here: NodeId, directory: Directory) {
    this.#here = here;
    directory.watchSessions({
      opened: (session) => this.#opened(session),
      ended: (session) => this.#gone(session),
      moved: (session) => this.#gone(session),
    });
  }

  /** Those that began at that node. */
  guestsOf(node: NodeId): Iterable<ServerSession> {
    return this.#guests.get(node) ?? [];
  }

  /** Since when it is the holder of its id is known now. */
  held(session: ServerSession): void {
    if (session.since > 0) this.holders.add(session);
  }

  #opened(session: ServerSession): void {
    const node = nodeOfSessionId(session.id);
    if (node === undefined || node === this.#here) return;
    const guests = this.#guests.get(node) ?? new Set();
    this.#guests.set(node, guests.add(session));
  }

  #gone(session: ServerSession): void {
    this.holders.delete(session);
    const node = nodeOfSessionId(session.id);
    const guests = node === undefined ? undefined : this.#guests.get(node);
    guests?.delete(session);
    if (guests?.size === 0) this.#guests.delete(node as NodeId);
  }
}

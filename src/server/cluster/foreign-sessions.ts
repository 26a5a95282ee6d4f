/**
 * The sessions here that another node must be told about when its link opens: those that began there, and those whose
 * ids were given by tokens. They are indexed, so that opening a link does not cost a walk over all sessions.
 */
import { type NodeId, nodeOfSessionId } from '../node-id.ts';
import type { Directory } from '../signaling/directory.ts';
import type { ServerSession } from '../signaling/session.ts';

export class ForeignSessions {
  /** Sessions whose ids were given by tokens. */
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

  /** The sessions here that began at that node. */
  guestsOf(node: NodeId): Iterable<ServerSession> {
    return this.#guests.get(node) ?? [];
  }

  /** The session has claimed its id, so its time is known now. */
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

/** The connections that a room wants of us: those that its topology names, each as far as the server says it is. */
import type { Topology } from '../../protocol/index.ts';
import type { RoomEdge } from './room-events.ts';

/** Our side left the pairing, which is what the server sees when our own connection failed. */
const LEFT_BY_US = 'unpaired';

export class RoomEdges {
  readonly byMember = new Map<string, RoomEdge>();
  /** The error codes with which our own connections ended, until they are connected again. */
  readonly #failures = new Map<string, string>();

  get isWhole(): boolean {
    return [...this.byMember.values()].every(({ state }) => state === 'connected');
  }

  /** Members or the leader changed. @param wanted the members that the room pairs us with */
  sync(wanted: readonly string[]): void {
    for (const id of this.byMember.keys()) if (!wanted.includes(id)) this.#forget(id);
    for (const id of wanted) {
      if (!this.byMember.has(id)) this.byMember.set(id, { id, state: 'connecting', reason: undefined });
    }
  }

  /** We are a new member: what was known of them is of another membership. */
  reset(): void {
    this.byMember.clear();
    this.#failures.clear();
  }

  /** @returns the edge as it is now; undefined when it is none of the room's, or as it was */
  said(id: string, state: RoomEdge['state'], said: string | undefined): RoomEdge | undefined {
    const before = this.byMember.get(id);
    if (!before) return undefined;
    if (state === 'connected') this.#failures.delete(id);
    const own = this.#failures.get(id);
    const reason = state !== 'missing' ? undefined : said === LEFT_BY_US && own ? own : said;
    if (before.state === state && before.reason === reason) return undefined;
    const edge = { id, state, reason };
    this.byMember.set(id, edge);
    return edge;
  }

  /** Our own connection with that one failed: the server is told that we left it, and tells us so. */
  failed(id: string, code: string): void {
    if (this.byMember.has(id)) this.#failures.set(id, code);
  }

  #forget(id: string): void {
    this.byMember.delete(id);
    this.#failures.delete(id);
  }
}

/** With whom a room pairs us. */
export function wantedOf(
  topology: Topology,
  leader: string | null,
  ownId: string | undefined,
  others: readonly string[],
): readonly string[] {
  if (topology === 'mesh') return others;
  if (topology === 'none' || leader === null) return [];
  return leader === ownId ? others : others.filter((id) => id === leader);
}

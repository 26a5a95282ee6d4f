/**
 * The connections that a room wants us to have: those that its topology names, with the state that the server reports.
 * One counts as connected only once our channel is open, too, so that a broadcast reaches that member.
 */
import type { Topology } from '../../protocol/index.ts';
import type { RoomEdge } from './room-events.ts';

/** Our side left the pairing, which is what the server sees when our own connection failed. */
const LEFT_BY_US = 'unpaired';

interface Said {
  readonly state: RoomEdge['state'];
  readonly reason: string | undefined;
}

export class RoomEdges {
  readonly byMember = new Map<string, RoomEdge>();
  readonly #isOpen: (id: string) => boolean;
  /** What the server last said about each edge. */
  readonly #said = new Map<string, Said>();
  /** The error codes with which our own connections ended, until they are connected again. */
  readonly #failures = new Map<string, string>();

  /** @param isOpen whether messages can be sent to that member now */
  constructor(isOpen: (id: string) => boolean) {
    this.#isOpen = isOpen;
  }

  get isWhole(): boolean {
    return [...this.byMember.values()].every(({ state }) => state === 'connected');
  }

  /**
   * The members or the leader changed.
   * @param wanted the members that the room pairs us with
   */
  sync(wanted: readonly string[]): void {
    const all = new Set(wanted);
    for (const id of this.byMember.keys()) if (!all.has(id)) this.forget(id);
    for (const id of all) this.want(id);
  }

  /** The room pairs us with that member. */
  want(id: string): void {
    if (!this.byMember.has(id)) this.byMember.set(id, { id, state: 'connecting', reason: undefined });
  }

  /** The room no longer pairs us with that member. */
  forget(id: string): void {
    this.byMember.delete(id);
    this.#said.delete(id);
    this.#failures.delete(id);
  }

  /** We are a new member: what was known belongs to an earlier membership. */
  reset(): void {
    this.byMember.clear();
    this.#said.clear();
    this.#failures.clear();
  }

  /** @returns the edge as it is now; undefined if it is not an edge of the room, or has not changed */
  said(id: string, state: RoomEdge['state'], reason: string | undefined): RoomEdge | undefined {
    if (!this.byMember.has(id)) return undefined;
    if (state === 'connected') this.#failures.delete(id);
    this.#said.set(id, { state, reason });
    return this.#changed(id);
  }

  /**
   * Our channel to that member opened.
   * @returns as `said` does
   */
  opened(id: string): RoomEdge | undefined {
    return this.#changed(id);
  }

  /** Our own connection to that member failed: we tell the server that we left it, and the server tells us so. */
  failed(id: string, code: string): void {
    if (this.byMember.has(id)) this.#failures.set(id, code);
  }

  #changed(id: string): RoomEdge | undefined {
    const before = this.byMember.get(id);
    const said = this.#said.get(id);
    if (!before || !said) return undefined;
    // Both sides report to the server that they are connected before their channels are open.
    const state = said.state === 'connected' && !this.#isOpen(id) ? 'connecting' : said.state;
    const own = this.#failures.get(id);
    const reason = state !== 'missing' ? undefined : said.reason === LEFT_BY_US && own ? own : said.reason;
    if (before.state === state && before.reason === reason) return undefined;
    const edge = { id, state, reason };
    this.byMember.set(id, edge);
    return edge;
  }
}

/** Whether a room pairs us with another member. */
export function isWanted(
  other: string,
  topology: Topology,
  leader: string | null,
  ownId: string | undefined,
): boolean {
  if (topology !== 'star') return topology === 'mesh';
  return leader !== null && (leader === ownId || leader === other);
}

/**
 * Ids that clients chose, across nodes: each node tells the others which ids it has, so every node knows at once
 * whether an id is free. Of two holders that are the same client, the one with the higher version came later. If two
 * clients, or one at two nodes, took the same id at the same time, the node with the lower number keeps it.
 */
import type { NodeMessageOf } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';
import { type IdHolder, NAMED_BY_TOKEN, type OtherIds, type OwnIds } from '../signaling/chosen-ids.ts';
import type { Party } from '../signaling/pairing.ts';
import type { Seat } from '../signaling/seat.ts';
import type { Links } from './links.ts';
import type { ChosenIdPairings } from './pairing/chosen-id-pairings.ts';

/** How many ids go into one message. */
const IDS_PER_MESSAGE = 100;

interface RemoteHolder extends IdHolder {
  readonly node: NodeId;
  readonly version: number;
}

export class RemoteIds implements OtherIds {
  readonly #holders = new Map<string, RemoteHolder>();
  /** Of the holders at this node. */
  readonly #versions = new Map<string, number>();
  readonly #here: NodeId;
  readonly #links: Links;
  readonly #pairings: ChosenIdPairings;
  #own: OwnIds | undefined;

  constructor(here: NodeId, links: Links, pairings: ChosenIdPairings) {
    this.#here = here;
    this.#links = links;
    this.#pairings = pairings;
  }

  /** This node serves clients with chosen ids; without them, it ignores what other nodes say about theirs. */
  serve(own: OwnIds): void {
    this.#own = own;
  }

  find(id: string): IdHolder | undefined {
    return this.#holders.get(id);
  }

  get online(): Iterable<string> {
    return [...this.#holders.values()].filter(({ isOnline }) => isOnline).map(({ id }) => id);
  }

  taken(holder: IdHolder): void {
    const { id } = holder;
    this.#versions.set(id, Math.max(this.#holders.get(id)?.version ?? 0, this.#versions.get(id) ?? 0) + 1);
    this.#holders.delete(id);
    this.#tell([holder]);
  }

  away(holder: IdHolder): void {
    this.#tell([holder]);
  }

  left(id: string): void {
    this.#versions.delete(id);
    for (const node of this.#links.open) this.#links.send(node, { type: 'ids_left', ids: [id] });
  }

  say(to: string, from: string, frame: Buffer, seat?: Seat): void {
    const holder = this.#holders.get(to);
    if (!holder) return;
    const pairing = seat && { epoch: seat.epoch, from: seat.id, to: holder.session, is_new: false };
    const said = { type: 'said', to, from, text: frame.toString(), ...(pairing && { pairing }) } as const;
    this.#links.send(holder.node, said);
  }

  partyFor(to: string, { id: ours }: IdHolder, knownAs: string): Party | undefined {
    const holder = this.#holders.get(to);
    return holder && this.#pairings.partyFor(holder.session, holder.node, { theirs: to, ours, knownAs });
  }

  /** The link to a node is open, and that node knows none of our ids. */
  opened(node: NodeId): void {
    const holders = [...(this.#own?.holders ?? [])];
    for (let next = 0; next < holders.length; next += IDS_PER_MESSAGE)
      this.#tell(holders.slice(next, next + IDS_PER_MESSAGE), [node]);
  }

  lost(node: NodeId): void {
    for (const [id, holder] of this.#holders) if (holder.node === node) this.#holders.delete(id);
  }

  onTaken(node: NodeId, { holders }: NodeMessageOf<'ids_taken'>): void {
    const own = this.#own;
    if (!own) return;
    for (const { online: isOnline, ...holder } of holders) {
      const { id } = holder;
      const ours = own.find(id);
      const theirs = { ...holder, isOnline, node };
      if (ours && this.#keeps(ours, theirs)) {
        // Other nodes may have heard of theirs last.
        if (ours.isOnline) this.#tell([ours]);
        continue;
      }
      this.#holders.set(id, theirs);
      if (ours) own.takenElsewhere(id);
      if (isOnline) own.arrivedElsewhere(id);
    }
  }

  onLeft(node: NodeId, { ids }: NodeMessageOf<'ids_left'>): void {
    for (const id of ids) if (this.#holders.get(id)?.node === node) this.#holders.delete(id);
  }

  onSaid(node: NodeId, { to, from, text, pairing }: NodeMessageOf<'said'>): void {
    const isDelivered = this.#own?.deliver({
      to,
      from,
      frame: Buffer.from(text),
      session: pairing?.from,
      partyFor: (recipient, knownAs) =>
        pairing && this.#pairings.joined(node, recipient, pairing, { theirs: from, ours: to, knownAs }),
    });
    if (isDelivered) return;
    if (pairing) this.#pairings.refused(node, pairing);
    this.#links.send(node, { type: 'not_said', to, from });
  }

  onNotSaid({ to, from }: NodeMessageOf<'not_said'>): void {
    this.#own?.notDelivered(from, to);
  }

  /** Whether our client keeps an id that a client of another node has, too. */
  #keeps(ours: IdHolder, theirs: RemoteHolder): boolean {
    // A client that only chose the id gives way to one whose token names it, also while that one is away.
    if (ours.proof !== theirs.proof && [ours.proof, theirs.proof].includes(NAMED_BY_TOKEN))
      return ours.proof === NAMED_BY_TOKEN;
    if (!theirs.isOnline) return true;
    if (!ours.isOnline) return false;
    const version = this.#versions.get(ours.id) ?? 0;
    // The same client is where it came last.
    if (ours.proof === theirs.proof && version !== theirs.version) return version > theirs.version;
    return this.#here < theirs.node;
  }

  #tell(holders: readonly IdHolder[], nodes: readonly NodeId[] = this.#links.open): void {
    const told = holders.map(({ id, proof, isOnline, session }) => ({
      id,
      proof,
      session,
      online: isOnline,
      version: this.#versions.get(id) ?? 0,
    }));
    for (const node of nodes) this.#links.send(node, { type: 'ids_taken', holders: told });
  }
}

/**
 * Ids that clients chose, across nodes: each node tells the others which ids it has, so every node knows at once
 * whether an id is free. If two clients took the same id at the same time, the node with the lower number keeps it.
 */
import type { NodeMessageOf } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';
import { type IdHolder, NAMED_BY_TOKEN, type OtherIds, type OwnIds } from '../signaling/chosen-ids.ts';
import type { Links } from './links.ts';

/** How many ids go into one message. */
const IDS_PER_MESSAGE = 100;

interface RemoteHolder extends IdHolder {
  readonly node: NodeId;
}

export class RemoteIds implements OtherIds {
  readonly #holders = new Map<string, RemoteHolder>();
  readonly #here: NodeId;
  readonly #links: Links;
  #own: OwnIds | undefined;

  constructor(here: NodeId, links: Links) {
    this.#here = here;
    this.#links = links;
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
    this.#holders.delete(holder.id);
    this.#tell([holder], true);
  }

  away(holder: IdHolder): void {
    this.#tell([holder], false);
  }

  left(id: string): void {
    for (const node of this.#links.open) this.#links.send(node, { type: 'ids_left', ids: [id] });
  }

  say(to: string, from: string, frame: Buffer): void {
    const holder = this.#holders.get(to);
    if (holder) this.#links.send(holder.node, { type: 'said', to, from, text: frame.toString() });
  }

  /** The link to a node is open, and that node knows none of our ids. */
  opened(node: NodeId): void {
    const holders = [...(this.#own?.holders ?? [])];
    for (let next = 0; next < holders.length; next += IDS_PER_MESSAGE)
      this.#tell(holders.slice(next, next + IDS_PER_MESSAGE), false, [node]);
  }

  lost(node: NodeId): void {
    for (const [id, holder] of this.#holders) if (holder.node === node) this.#holders.delete(id);
  }

  onTaken(node: NodeId, { holders, is_new: isNew }: NodeMessageOf<'ids_taken'>): void {
    const own = this.#own;
    if (!own) return;
    for (const { id, proof, online: isOnline } of holders) {
      const ours = own.find(id);
      if (ours && this.#keeps(ours, { id, proof, isOnline }, node, isNew)) continue;
      this.#holders.set(id, { id, proof, isOnline, node });
      if (ours) own.takenElsewhere(id);
      if (isOnline) own.arrivedElsewhere(id);
    }
  }

  onLeft(node: NodeId, { ids }: NodeMessageOf<'ids_left'>): void {
    for (const id of ids) if (this.#holders.get(id)?.node === node) this.#holders.delete(id);
  }

  onSaid(node: NodeId, { to, from, text }: NodeMessageOf<'said'>): void {
    if (!this.#own?.deliver(to, from, Buffer.from(text)))
      this.#links.send(node, { type: 'not_said', to, from });
  }

  onNotSaid({ to, from }: NodeMessageOf<'not_said'>): void {
    this.#own?.notDelivered(from, to);
  }

  /** Whether our client keeps an id that a client of another node has, too. */
  #keeps(ours: IdHolder, theirs: IdHolder, node: NodeId, isNew: boolean): boolean {
    // A client that only chose the id gives way to one whose token names it, also while that one is away.
    if (ours.proof !== theirs.proof && [ours.proof, theirs.proof].includes(NAMED_BY_TOKEN))
      return ours.proof === NAMED_BY_TOKEN;
    if (!theirs.isOnline) return true;
    if (!ours.isOnline) return false;
    // The client came back to that node, and has left this one.
    if (isNew && ours.proof === theirs.proof) return false;
    return this.#here < node;
  }

  #tell(holders: readonly IdHolder[], isNew: boolean, nodes: readonly NodeId[] = this.#links.open): void {
    const told = holders.map(({ id, proof, isOnline }) => ({ id, proof, online: isOnline }));
    for (const node of nodes) this.#links.send(node, { type: 'ids_taken', holders: told, is_new: isNew });
  }
}

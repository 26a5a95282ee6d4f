/**
 * Ids that clients chose, across nodes: each node tells the others which ids it has, so every node knows at once
 * whether an id is free. Of two holders that are the same client, the one with the higher version came later. If two
 * clients, or one at two nodes, took the same id at the same time, the node with the lower number keeps it. What each
 * node said last is kept by node, because what two nodes say arrives in any order.
 */
import type { NodeMessageOf } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';
import { type IdHolder, NAMED_BY_TOKEN, type OtherIds, type OwnIds } from '../signaling/chosen-ids.ts';
import type { Party } from '../signaling/pairing.ts';
import type { Seat } from '../signaling/seat.ts';
import { inPieces } from './in-pieces.ts';
import type { Links } from './links.ts';
import type { ChosenIdPairings, Partner } from './pairing/chosen-id-pairings.ts';

/** How many ids go into one message. */
const IDS_PER_MESSAGE = 100;

interface RemoteHolder extends IdHolder {
  readonly node: NodeId;
  readonly version: number;
}

export class RemoteIds implements OtherIds {
  /** By id: what each node has, beginning with the holder. */
  readonly #holders = new Map<string, readonly [RemoteHolder, ...RemoteHolder[]]>();
  /** Those that were lost with their nodes while clients here are paired with them: each may come to another node. */
  readonly #lost = new Map<string, RemoteHolder>();
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

  find(id: string): RemoteHolder | undefined {
    return this.#holders.get(id)?.[0];
  }

  get online(): Iterable<string> {
    return [...this.#holders.values()].filter(([{ isOnline }]) => isOnline).map(([{ id }]) => id);
  }

  taken(holder: IdHolder): void {
    const { id, session } = holder;
    const others = this.#holders.get(id) ?? [];
    const before = others[0] ?? this.#lost.get(id);
    const versions = [this.#versionOf(id), ...others.map(({ version }) => version)];
    this.#versions.set(id, Math.max(...versions) + 1);
    this.#holders.delete(id);
    this.#lost.delete(id);
    for (const partner of partnersOf(this.#pairings, before, holder))
      if (this.#own?.recipient(id, partner.session.id)) this.#pairings.goOn(partner, { session });
    this.#tell([holder]);
  }

  away(holder: IdHolder): void {
    this.#tell([holder]);
  }

  left(id: string): void {
    this.#versions.delete(id);
    for (const node of this.#links.inUse) this.#links.send(node, { type: 'ids_left', ids: [id] });
  }

  say(to: string, from: string, frame: Buffer, seat?: Seat): void {
    const holder = this.find(to);
    if (!holder) return;
    const pairing = seat && { epoch: seat.epoch, from: seat.id, to: holder.session, is_new: false };
    const said = { type: 'said', to, from, text: frame.toString(), ...(pairing && { pairing }) } as const;
    this.#links.send(holder.node, said);
  }

  partyFor(to: string, { id: ours }: IdHolder, knownAs: string): Party | undefined {
    const holder = this.find(to);
    return holder && this.#pairings.partyFor(holder.session, holder.node, { theirs: to, ours, knownAs });
  }

  /** The link to a node is open, and that node knows none of our ids. */
  opened(node: NodeId): void {
    const holders = [...(this.#own?.holders ?? [])];
    for (const some of inPieces(holders, IDS_PER_MESSAGE)) this.#tell(some, [node]);
  }

  lost(node: NodeId): void {
    for (const [id, [holder]] of [...this.#holders]) {
      if (holder.node === node) this.#lost.set(id, holder);
      this.#forget(id, node);
    }
    for (const [id, { session }] of this.#lost)
      if (this.#pairings.partnersOf(session, id).length === 0) this.#lost.delete(id);
  }

  onTaken(node: NodeId, { holders }: NodeMessageOf<'ids_taken'>): void {
    const own = this.#own;
    if (!own) return;
    for (const { online: isOnline, ...holder } of holders) {
      const { id } = holder;
      const ours = own.find(id);
      const theirs = { ...holder, isOnline, node };
      // Its node has been told of ours, and gives it up.
      if (ours && this.#keeps(ours, theirs)) continue;
      const before = ours ?? this.find(id) ?? this.#lost.get(id);
      const partners = partnersOf(this.#pairings, before, theirs);
      this.#lost.delete(id);
      this.#forget(id, node);
      const [first, ...others] = [theirs, ...(this.#holders.get(id) ?? [])].sort(byClaim);
      if (first) this.#holders.set(id, [first, ...others]);
      if (ours) own.takenElsewhere(id);
      if (first === theirs) for (const partner of partners) this.#goOn(partner, theirs);
      if (isOnline) own.arrivedElsewhere(id);
    }
  }

  onLeft(node: NodeId, { ids }: NodeMessageOf<'ids_left'>): void {
    for (const id of ids) this.#forget(id, node);
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

  onPairingKept(node: NodeId, { to, from, pairing }: NodeMessageOf<'pairing_kept'>): void {
    const recipient = this.#own?.recipient(to, pairing.from);
    if (!recipient) {
      this.#pairings.refused(node, pairing);
      return;
    }
    // Both are of one app, so their ids begin alike.
    const knownAs = from.slice(to.length - recipient.publicId.length);
    const chosen = { theirs: from, ours: to, knownAs };
    this.#pairings.joined(node, recipient, { ...pairing, is_new: true }, chosen);
  }

  onNotSaid({ to, from }: NodeMessageOf<'not_said'>): void {
    this.#own?.notDelivered(from, to);
  }

  /** Whether our client keeps an id that a client of another node has, too. */
  #keeps(ours: IdHolder, theirs: RemoteHolder): boolean {
    const own = { ...ours, version: this.#versionOf(ours.id), node: this.#here };
    return byClaim(own, theirs) < 0;
  }

  /** The pairing with a client that has come to that node goes on there. */
  #goOn(partner: Partner, { id: to, session, node }: RemoteHolder): void {
    const epoch = this.#pairings.goOn(partner, { session, node });
    if (epoch === undefined) return;
    const pairing = { epoch, from: partner.session.id, to: session };
    this.#links.send(node, { type: 'pairing_kept', to, from: partner.chosen.ours, pairing });
  }

  /** That node has no holder of the id any more. */
  #forget(id: string, node: NodeId): void {
    const [first, ...others] = this.#holders.get(id)?.filter((holder) => holder.node !== node) ?? [];
    if (first) this.#holders.set(id, [first, ...others]);
    else this.#holders.delete(id);
  }

  #versionOf(id: string): number {
    return this.#versions.get(id) ?? 0;
  }

  #tell(holders: readonly IdHolder[], nodes: readonly NodeId[] = this.#links.inUse): void {
    const told = holders.map(({ id, proof, isOnline, session }) => ({
      id,
      proof,
      session,
      online: isOnline,
      version: this.#versionOf(id),
    }));
    for (const node of nodes) this.#links.send(node, { type: 'ids_taken', holders: told });
  }
}

/** Orders the holders of one id at different nodes: the one that keeps it comes first. */
function byClaim(one: RemoteHolder, other: RemoteHolder): number {
  // A client that only chose the id gives way to one whose token names it, also while that one is away.
  const isNamed = ({ proof }: RemoteHolder) => proof === NAMED_BY_TOKEN;
  if (isNamed(one) !== isNamed(other)) return isNamed(one) ? -1 : 1;
  if (one.isOnline !== other.isOnline) return one.isOnline ? -1 : 1;
  // The same client is where it came last.
  if (one.proof === other.proof && one.version !== other.version) return other.version - one.version;
  return one.node - other.node;
}

/** The clients here that are paired with one that has come from one node to another. */
function partnersOf(pairings: ChosenIdPairings, before: IdHolder | undefined, now: IdHolder): Partner[] {
  const isSame = before?.proof === now.proof && before.session !== now.session;
  return isSame ? pairings.partnersOf(before.session, now.id) : [];
}

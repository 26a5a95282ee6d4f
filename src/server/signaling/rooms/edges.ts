/**
 * The edges of rooms, and the host that steps them: which pairings a room wants among its members, what state they are
 * in, and which are missing. An edge follows the pairing of its two members, whoever formed it.
 */
import {
  type EdgeEvent,
  type EdgeReason,
  edgeMachine,
  MachineHost,
  NO_TIMER,
  type StepQueue,
} from '../../../machines/index.ts';
import type { DisconnectReason } from '../../../protocol/index.ts';
import { FROM, type Logger } from '../../telemetry/logger.ts';
import { FairLine } from '../fair-line.ts';
import type { PairingWatcher, ServerPairing } from '../pairing.ts';
import { Edge, inAskingOrder, pairKey, wantedPeersOf } from './edge.ts';
import type { OtherRooms } from './other-rooms.ts';
import type { Membership, Room } from './room.ts';

/** Pairs members, and ends the pairings that a room formed. */
export interface EdgePairings {
  /**
   * Pairs two clients of this node.
   * @returns why they cannot be paired; undefined when they are paired
   */
  pair(edge: Edge, asker: Membership, other: Membership): EdgeReason | undefined;
  /** The pairing of two clients, whoever formed it. */
  between(one: string, other: string): ServerPairing | undefined;
  /** Ends a pairing: both clients are told, and their sessions go on. */
  end(pairing: ServerPairing): void;
}

export interface EdgesDeps {
  readonly queue: StepQueue;
  readonly log: Logger;
  readonly pairings: EdgePairings;
  /** Asks other nodes for a pairing with one of their clients. */
  readonly others: { readonly otherRooms: Pick<OtherRooms, 'pair'> };
  /** @returns a number from 0 to 1 */
  readonly random: () => number;
}

const UNWANTED = 'unwanted';
/** Longer than both clients need to come back and to rejoin the room that had paired them. */
const UNWANTED_MS = 60_000;

export type EdgeHost = MachineHost<typeof edgeMachine, Edge>;

export class Edges implements PairingWatcher {
  readonly host: EdgeHost;
  readonly all = new Set<Edge>();
  readonly #deps: EdgesDeps;
  /** The edges whose pairings are still to be requested: one join may want many, which must not keep others waiting. */
  readonly #asking: FairLine<Edge>;
  /** By the pair of members, who may be in several rooms together. */
  readonly #byPair = new Map<string, Set<Edge>>();
  /** By room and member. */
  readonly #ofMember = new Map<Room, Map<string, Set<Edge>>>();

  constructor(deps: EdgesDeps) {
    this.#deps = deps;
    const { queue } = deps;
    this.#asking = new FairLine({ queue, work: (edge) => this.#askSafely(edge) });
    this.host = new MachineHost(edgeMachine, {
      queue,
      executors: {
        askForPairing: (edge) => {
          edge.changedAt = queue.now;
          this.#asking.add(addressOf(edge), edge);
        },
        announceState: (edge) => this.#announce(edge),
        releasePairing: (edge) => this.#release(edge),
      },
      onError: (edge, error, effect) => this.#fail(edge, error, effect),
    });
  }

  of(room: Room, id: string): readonly Edge[] {
    return [...(this.#ofMember.get(room)?.get(id) ?? [])];
  }

  /** The edges of a room that this node knows. */
  *in(room: Room): Generator<Edge> {
    for (const [id, edges] of this.#ofMember.get(room) ?? [])
      for (const edge of edges) if (edge.askerId === id) yield edge;
  }

  /** A member joined, left, or became leader: adjusts its edges to what the room wants. */
  sync(room: Room, id: string): void {
    const wanted = new Set(wantedPeersOf(room, id));
    for (const edge of this.of(room, id)) {
      const other = edge.askerId === id ? edge.otherId : edge.askerId;
      if (!wanted.delete(other)) this.#drop(edge);
    }
    for (const other of wanted) this.#start(room, id, other);
  }

  /**
   * The member's client has moved from or to another node: another node asks for its pairings now, and existing
   * pairings go on.
   */
  rewire(room: Room, id: string): void {
    this.#deps.queue.batch(() => {
      for (const edge of this.of(room, id)) this.#drop(edge);
      this.sync(room, id);
    });
  }

  /** Tells a member again the states of its edges. */
  tellAll(room: Room, id: string): void {
    for (const edge of this.of(room, id)) this.#tell(edge, id);
  }

  /** Another node refused a pairing that was requested for the room. */
  refused(room: Room, asker: string, other: string, reason: EdgeReason): void {
    const edge = this.of(room, asker).find((one) => one.askerId === asker && one.otherId === other);
    if (edge) this.#dispatch(edge, { type: 'REFUSED', reason, random: this.#deps.random() });
  }

  paired(pairing: ServerPairing): void {
    const wanted = this.#between(pairing);
    for (const edge of wanted) this.#follow(edge, pairing);
    if (wanted.length === 0 && pairing.details.room !== undefined) this.#awaitRoom(pairing);
  }

  /** The pairing came here with a client that is not a member yet, and may never rejoin. */
  #awaitRoom(pairing: ServerPairing): void {
    this.#deps.queue.arm({ timer: NO_TIMER }, UNWANTED, UNWANTED_MS, () => {
      if (this.#between(pairing).length === 0 && !pairing.isDone) this.#deps.pairings.end(pairing);
    });
  }

  connected(pairing: ServerPairing): void {
    for (const edge of this.#between(pairing)) this.#dispatch(edge, { type: 'CONNECTED' });
  }

  /** The pairing is not connected yet, or no longer. */
  negotiating(pairing: ServerPairing): void {
    for (const edge of this.#between(pairing)) this.#dispatch(edge, { type: 'DISCONNECTED' });
  }

  ended(pairing: ServerPairing, reason: DisconnectReason): void {
    for (const edge of this.#between(pairing)) {
      if (edge.pairing !== pairing) continue;
      edge.pairing = undefined;
      this.#dispatch(edge, { type: 'UNPAIRED', reason, random: this.#deps.random() });
    }
  }

  #between({ initiator, responder }: ServerPairing): readonly Edge[] {
    return [...(this.#byPair.get(pairKey(initiator.id, responder.id)) ?? [])];
  }

  #dispatch(edge: Edge, event: EdgeEvent): void {
    this.host.dispatch(edge, event);
  }

  #start(room: Room, one: string, other: string): void {
    const [askerId, otherId] = inAskingOrder(room, one, other);
    const [asker, asked] = [room.memberships.get(askerId), room.memberships.get(otherId)];
    // Edges between clients of other nodes are kept by those nodes.
    if (!asker?.session && !asked?.session) return;
    const edge = new Edge(room, askerId, otherId, this.#deps.queue.now);
    this.all.add(edge);
    add(this.#byPair, edge.pairKey, edge);
    const members = this.#ofMember.get(room) ?? new Map<string, Set<Edge>>();
    this.#ofMember.set(room, members);
    add(members, askerId, edge);
    add(members, otherId, edge);
    this.host.start(edge, { isAsker: asker?.session !== undefined });
  }

  #drop(edge: Edge): void {
    this.all.delete(edge);
    this.#asking.remove(edge);
    remove(this.#byPair, edge.pairKey, edge);
    const members = this.#ofMember.get(edge.room);
    if (members) {
      remove(members, edge.askerId, edge);
      remove(members, edge.otherId, edge);
      if (members.size === 0) this.#ofMember.delete(edge.room);
    }
    this.#dispatch(edge, { type: 'DROPPED' });
  }

  #follow(edge: Edge, pairing: ServerPairing): void {
    edge.pairing = pairing;
    edge.epoch = pairing.epoch;
    this.#dispatch(edge, { type: pairing.value === 'connected' ? 'CONNECTED' : 'PAIRED' });
  }

  #askSafely(edge: Edge): void {
    try {
      this.#ask(edge);
    } catch (error) {
      this.#fail(edge, error, 'askForPairing');
    }
  }

  #ask(edge: Edge): void {
    const { room, askerId, otherId } = edge;
    // While the edge waited for its turn, the two were paired in another way.
    if (edge.pairing && !edge.pairing.isDone) return;
    const known = this.#deps.pairings.between(askerId, otherId);
    if (known) {
      this.#follow(edge, known);
      return;
    }
    const [asker, other] = [room.memberships.get(askerId), room.memberships.get(otherId)];
    // If the asking member is at another node, that node asks.
    if (!asker?.session || asker.session.isDone || !other) return;
    const { pairings, others, random } = this.#deps;
    const by = other.session ? pairings : others.otherRooms;
    const reason = by.pair(edge, asker, other);
    if (reason !== undefined) this.#dispatch(edge, { type: 'REFUSED', reason, random: random() });
  }

  #announce(edge: Edge): void {
    const { room, askerId, otherId } = edge;
    edge.changedAt = this.#deps.queue.now;
    if (edge.shownState === 'missing') {
      const { reason } = edge.context;
      const fields = {
        event: 'edge_missing',
        id: askerId,
        peerId: otherId,
        room: room.name,
        reason,
        [FROM]: room.memberships.get(askerId)?.session?.client.address ?? '',
      } as const;
      this.#deps.log.info(fields, `Room ${room.name} misses ${askerId} <-> ${otherId}: ${reason}`);
    }
    this.#tell(edge, askerId);
    this.#tell(edge, otherId);
  }

  #tell(edge: Edge, id: string): void {
    const { room, askerId, otherId, shownState } = edge;
    const membership = room.memberships.get(id);
    const otherOne = id === askerId ? otherId : askerId;
    // A member that has left meanwhile is not reported as missing.
    if (!membership?.session || !shownState || !room.memberships.has(otherOne)) return;
    const reason = shownState === 'missing' ? edge.context.reason : undefined;
    room.tellMember(membership as Membership & { session: NonNullable<Membership['session']> }, {
      type: 'edge',
      room: room.name,
      id: otherOne,
      state: shownState,
      reason,
    });
  }

  /** Ends a pairing that a room formed once no room wants it; a pairing that the clients requested themselves stays. */
  #release({ pairing, pairKey: key }: Edge): void {
    if (!pairing || pairing.isDone || pairing.details.room === undefined) return;
    if (!this.#byPair.has(key)) this.#deps.pairings.end(pairing);
  }

  /** An effect threw: logs which edge failed, and retries it. */
  #fail(edge: Edge, error: unknown, effect: string): void {
    const { room, askerId, otherId } = edge;
    const fields = {
      event: 'edge_failed',
      id: askerId,
      peerId: otherId,
      room: room.name,
      effect,
      err: error,
    } as const;
    this.#deps.log.error(
      fields,
      `The edge ${askerId} <-> ${otherId} of room ${room.name} failed in ${effect}`,
    );
    if (effect === 'askForPairing')
      this.#dispatch(edge, { type: 'REFUSED', reason: 'internal_error', random: this.#deps.random() });
  }
}

/** The address of the newcomer, which causes the work. */
function addressOf({ room, askerId }: Edge): string {
  return room.memberships.get(askerId)?.session?.client.address ?? '';
}

function add<Key>(sets: Map<Key, Set<Edge>>, key: Key, edge: Edge): void {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set.add(edge));
}

function remove<Key>(sets: Map<Key, Set<Edge>>, key: Key, edge: Edge): void {
  const set = sets.get(key);
  set?.delete(edge);
  if (set?.size === 0) sets.delete(key);
}

/**
 * The connections of a peer, by the other peer's id: a limited number, and one per other peer. What the server says
 * about pairings comes here, and goes to the connection concerned.
 */
import type { ClientMessage } from '../../protocol/index.ts';
import type { Loss, OwnSignal, PairedEvent, PeerSignal } from '../negotiation/signaling.ts';
import { type Circumstances, type Claims, claimsOf, type HeardEvent } from '../signaling/signaling-event.ts';
import { Acceptance } from './acceptance.ts';
import { Connection, type ConnectionOwner, type SharedLink } from './connection.ts';
import type { Environment } from './environment.ts';
import type { PairlaneError } from './errors.ts';
import type { Accept } from './peer-options.ts';

/** Also what a peer with several connections needs of its link. */
export interface ConnectionsLink extends SharedLink {
  send(message: ClientMessage): void;
}

export interface ConnectionsOwner extends ConnectionOwner {
  /**
   * A pairing that we asked for has arrived.
   * @param offered see {@link Circumstances}
   * @returns what was sent along; undefined if nobody wants it any more
   */
  readonly asked: (
    peerId: string,
    offered: Circumstances['offered'],
  ) => { readonly metadata: unknown } | undefined;
  readonly problem: (error: PairlaneError, peerId: string) => void;
}

export class Connections {
  readonly byPeer = new Map<string, Connection>();
  /** How many the server allows, up to the number we want; undefined: it supports only one. */
  #maxPeers: number | undefined;
  readonly #environment: Environment;
  readonly #link: ConnectionsLink;
  readonly #owner: ConnectionsOwner;
  /** The owner, except that it learns of a connection's end only after the connection is no longer listed. */
  readonly #connectionOwner: ConnectionOwner;
  readonly #acceptance: Acceptance | undefined;
  #isEnded = false;
  /** Connections that are over, until their sockets are released. */
  readonly #releasing = new Set<Promise<void>>();

  constructor(environment: Environment, link: ConnectionsLink, owner: ConnectionsOwner) {
    const { accept } = environment.options;
    this.#environment = environment;
    this.#link = link;
    this.#owner = owner;
    this.#acceptance = accept && this.#createAcceptance(accept);
    this.#connectionOwner = {
      ...owner,
      stepped: (connection) => {
        if (connection.state === 'disconnected') this.#remove(connection);
        owner.stepped(connection);
      },
    };
  }

  /** @param maxPeers how many the server says it allows */
  allowed(maxPeers: number | undefined): void {
    const { peers = 1 } = this.#environment.options;
    this.#maxPeers = maxPeers === undefined ? undefined : Math.min(maxPeers, peers);
  }

  get size(): number {
    return this.byPeer.size;
  }

  /** The only connection; undefined if there are none or several. */
  get only(): Connection | undefined {
    return this.size === 1 ? this.#all[0] : undefined;
  }

  *[Symbol.iterator](): Iterator<Connection> {
    yield* this.#all;
  }

  /** @param epoch undefined: the only one, as for a client with a single peer */
  of(epoch: number | undefined): Connection | undefined {
    return epoch === undefined ? this.only : this.#all.find((connection) => connection.epoch === epoch);
  }

  heard(event: HeardEvent): void {
    switch (event.type) {
      case 'WELCOMED':
        for (const connection of this) connection.heard(event);
        if (!event.isResumed) this.#acceptance?.forget();
        return;
      case 'PAIRED':
        this.#paired(event);
        return;
      case 'PEER_DISCONNECTED':
        this.#acceptance?.forget(event.epoch);
        this.of(event.epoch)?.heard(event);
        return;
      default:
        if (!this.#acceptance?.hold(event)) this.of(event.epoch)?.heard(event);
    }
  }

  /** @param isForGood whether the link will not be reopened */
  lost(loss: Loss, isForGood: boolean): void {
    for (const connection of this) connection.heard({ type: 'SOCKET_LOST', ...loss });
    if (isForGood) this.#acceptance?.forget();
  }

  /** Our pairings, as claimed to a server that has lost them. */
  get claims(): Claims {
    const known = this.#all.filter(({ isKnownToServer }) => isKnownToServer);
    const waiting = (this.#acceptance?.paired ?? []).map((paired) => ({ ...paired, initiator: false }));
    return claimsOf([...known, ...waiting], this.#environment.options.peers !== undefined);
  }

  /** The peer is closed: no more pairings are accepted, and all connections end. */
  end(isAtOnce: boolean): void {
    this.#isEnded = true;
    this.#acceptance?.forget();
    for (const connection of this) connection.end(isAtOnce);
  }

  /** Resolves when the sockets of all ended connections are released. */
  async released(): Promise<void> {
    await Promise.all(this.#releasing);
  }

  get #most(): number {
    return this.#maxPeers ?? 1;
  }

  get #all(): Connection[] {
    return [...this.byPeer.values()];
  }

  #paired(event: PairedEvent): void {
    if (this.#isEnded) return;
    // Joining a room includes accepting its members.
    if (event.room !== undefined) this.#begin(event);
    else if (event.isInitiator) {
      const asked = this.#owner.asked(event.peerId, event.offered);
      if (asked) this.#begin({ ...event, metadata: asked.metadata });
      else this.#leave(event);
    } else if (this.#acceptance) this.#acceptance.ask(event, this.#most);
    else this.#begin(event);
  }

  #begin(event: PairedEvent, held?: readonly (PeerSignal | OwnSignal)[]): void {
    this.#inTheWayOf(event.peerId)?.heard({ type: 'PEER_DISCONNECTED', reason: undefined });
    const connection = new Connection(this.#environment, this.#link, this.#connectionOwner, event);
    this.byPeer.set(event.peerId, connection);
    connection.begin(event, held);
  }

  /**
   * The connection that must end to make room for a new one with that peer: an earlier one with it or, if there are too
   * many, the oldest, preferably one that the server has lost. Only a server that has lost our pairings causes such
   * conflicts.
   */
  #inTheWayOf(peerId: string): Connection | undefined {
    const earlier = this.byPeer.get(peerId);
    if (earlier || this.size < this.#most) return earlier;
    return this.#all.find(({ isKnownToServer }) => !isKnownToServer) ?? this.#all[0];
  }

  #remove(connection: Connection): void {
    if (this.byPeer.get(connection.peerId) === connection) this.byPeer.delete(connection.peerId);
    const { released } = connection;
    this.#releasing.add(released);
    released.then(() => this.#releasing.delete(released));
  }

  #createAcceptance(accept: Accept): Acceptance {
    return new Acceptance(accept, this.#environment, {
      accepted: (paired, held) => this.#begin(paired, held),
      rejected: (paired, reason) => this.#reject(paired, reason),
      problem: this.#owner.problem,
    });
  }

  #reject(paired: PairedEvent, reason: string | undefined): void {
    const { epoch } = paired;
    // A server that supports only one peer has no message to reject a pairing.
    if (this.#maxPeers === undefined || epoch === undefined) this.#leave(paired);
    else this.#link.send({ type: 'reject', epoch, ...(reason !== undefined && { reason }) });
  }

  #leave({ epoch }: PairedEvent): void {
    this.#link.send({ type: 'unpair', ...(epoch !== undefined && { epoch }) });
  }
}

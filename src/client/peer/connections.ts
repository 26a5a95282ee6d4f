/**
 * The connections of a peer, by the other one's id: at most so many, and one with each other peer. What the server tells
 * of pairings comes here, and goes to the connection that it is of.
 */
import type { ClientMessage } from '../../protocol/index.ts';
import type { Loss, OwnSignal, PairedEvent, PeerSignal } from '../negotiation/signaling.ts';
import { type Claims, claimsOf, type HeardEvent } from '../signaling/signaling-event.ts';
import { Acceptance } from './acceptance.ts';
import { Connection, type ConnectionOwner, type SharedLink } from './connection.ts';
import type { Environment } from './environment.ts';
import type { PairlaneError } from './errors.ts';
import type { Accept } from './peer-options.ts';

/** Also what a peer that has several asks of its link. */
export interface ConnectionsLink extends SharedLink {
  send(message: ClientMessage): void;
}

export interface ConnectionsOwner extends ConnectionOwner {
  /**
   * Somebody is there because we asked for it.
   * @returns what we sent along; undefined when nobody wants it any more
   */
  readonly asked: () => { readonly metadata: unknown } | undefined;
  readonly problem: (error: PairlaneError, peerId: string) => void;
}

export class Connections {
  readonly byPeer = new Map<string, Connection>();
  /** How many the server lets us have, of those that we want; undefined: it knows of only one. */
  #maxPeers: number | undefined;
  readonly #environment: Environment;
  readonly #link: ConnectionsLink;
  readonly #owner: ConnectionsOwner;
  /** The owner, but that it learns of an end once the connection is listed no longer. */
  readonly #connectionOwner: ConnectionOwner;
  readonly #acceptance: Acceptance | undefined;
  #isEnded = false;
  /** Those that are over, until their sockets are released. */
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

  /** @param maxPeers how many the server says that it lets us have */
  allowed(maxPeers: number | undefined): void {
    const { peers = 1 } = this.#environment.options;
    this.#maxPeers = maxPeers === undefined ? undefined : Math.min(maxPeers, peers);
  }

  get size(): number {
    return this.byPeer.size;
  }

  /** The only one; undefined when there are none or several. */
  get only(): Connection | undefined {
    return this.size === 1 ? this.#all[0] : undefined;
  }

  *[Symbol.iterator](): Iterator<Connection> {
    yield* this.#all;
  }

  /** @param epoch undefined: the only one's, as a server says it to a client that has one */
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

  /** @param isForGood the link is not opened again */
  lost(loss: Loss, isForGood: boolean): void {
    for (const connection of this) connection.heard({ type: 'SOCKET_LOST', ...loss });
    if (isForGood) this.#acceptance?.forget();
  }

  /** What a server that has forgotten our pairings is told of them. */
  get claims(): Claims {
    const known = this.#all.filter(({ isKnownToServer }) => isKnownToServer);
    const waiting = (this.#acceptance?.paired ?? []).map((paired) => ({ ...paired, initiator: false }));
    return claimsOf([...known, ...waiting], this.#environment.options.peers !== undefined);
  }

  /** The peer is closed: nobody is accepted any more, and all end. */
  end(isAtOnce: boolean): void {
    this.#isEnded = true;
    this.#acceptance?.forget();
    for (const connection of this) connection.end(isAtOnce);
  }

  /** Fulfilled when the sockets of all that are over are released. */
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
    // Who joined a room has accepted its members.
    if (event.room !== undefined) this.#begin(event);
    else if (event.isInitiator) {
      const asked = this.#owner.asked();
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
   * Who has to go for that peer: an earlier connection with it, and where there are too many, the oldest, one that the
   * server has forgotten before all others. Only a server that has forgotten us brings anybody who is in the way.
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
    // A server that knows of only one peer has no word for it.
    if (this.#maxPeers === undefined || epoch === undefined) this.#leave(paired);
    else this.#link.send({ type: 'reject', epoch, ...(reason !== undefined && { reason }) });
  }

  #leave({ epoch }: PairedEvent): void {
    this.#link.send({ type: 'unpair', ...(epoch !== undefined && { epoch }) });
  }
}

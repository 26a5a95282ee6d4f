/** Ids that clients choose themselves, as PeerJS's do, over all nodes: who has which, and what is said to whom. */

export interface IdHolder {
  readonly id: string;
  /** By which its client is known again, at any node, and which says nothing of its token. */
  readonly proof: string;
  /** Without a connection, it keeps the id only until somebody wants it. */
  readonly isOnline: boolean;
}

/** The clients of other nodes. */
export interface OtherIds {
  find(id: string): IdHolder | undefined;
  /** Those that are connected. */
  readonly online: Iterable<string>;
  /** A client of this node has that id from now on, whoever had it elsewhere. */
  taken(holder: IdHolder): void;
  /** It lost its connection. */
  away(holder: IdHolder): void;
  left(id: string): void;
  /** @param frame as it goes over its wire */
  say(to: string, from: string, frame: Buffer): void;
}

/** The clients of this node, as other nodes reach them. */
export interface OwnIds {
  readonly holders: Iterable<IdHolder>;
  find(id: string): IdHolder | undefined;
  /** A client of another node has that id from now on. */
  takenElsewhere(id: string): void;
  /** Whoever has that id can be reached at another node now. */
  arrivedElsewhere(id: string): void;
  /** @returns false when nobody of that id is connected here, or it does not read */
  deliver(to: string, frame: Buffer): boolean;
  /** What a client of this node said to that one found nobody. */
  notDelivered(from: string, to: string): void;
}

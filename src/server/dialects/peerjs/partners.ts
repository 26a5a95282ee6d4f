/**
 * The clients that one client has to do with, kept only for a client whose token limits that: how many, or that it may
 * ask nobody. Pairings cannot tell, since clients of different nodes signal without one.
 */
import type { PeerJsRelayedType } from '../../../protocol/index.ts';

export class Partners {
  readonly #ids: Set<string>;
  readonly #max: number;
  readonly #isHere: (id: string) => boolean;

  /**
   * @param isHere whether a client has that id; one that is gone makes room for another
   * @param before those that the client had until now, by an older token
   */
  constructor(max: number, isHere: (id: string) => boolean, before?: Partners) {
    this.#ids = before ? before.#ids : new Set();
    this.#max = max;
    this.#isHere = isHere;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Whether that one is among them, or may be. */
  hasRoomFor(id: string): boolean {
    if (this.#ids.has(id)) return true;
    if (this.#ids.size >= this.#max)
      for (const known of this.#ids) if (!this.#isHere(known)) this.#ids.delete(known);
    return this.#ids.size < this.#max;
  }

  /** Whether the client may be told that by a client of another node; notes that the two have to do with each other. */
  mayHear(type: PeerJsRelayedType, from: string): boolean {
    if (type === 'LEAVE') this.delete(from);
    if (!negotiates(type)) return true;
    if (!this.hasRoomFor(from)) return false;
    this.add(from);
    return true;
  }

  add(id: string): void {
    this.#ids.add(id);
  }

  delete(id: string): void {
    this.#ids.delete(id);
  }
}

/** Whether a message is part of a connection between two, rather than of its end. */
export function negotiates(type: PeerJsRelayedType): boolean {
  return type !== 'LEAVE' && type !== 'EXPIRE';
}

/**
 * The clients that one client has to do with, kept only for a client whose token limits that: how many, or that it may
 * ask nobody. Pairings cannot tell, since clients of different nodes signal without one.
 */
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

  add(id: string): void {
    this.#ids.add(id);
  }

  delete(id: string): void {
    this.#ids.delete(id);
  }
}

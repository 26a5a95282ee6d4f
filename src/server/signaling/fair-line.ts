/**
 * Work that one message can cause a lot of, done in slices: a few pieces at once, and the rest a few per turn of the
 * event loop, so that what one client causes never keeps others waiting. Addresses take turns, so an address that
 * causes much only delays itself; and what is no longer needed when its turn comes is never done.
 */
import type { StepQueue } from '../../machines/index.ts';

/** How many pieces are done in a row: few enough that a slice takes about a millisecond. */
const PIECES_AT_ONCE = 8;

export interface FairLineDeps<Piece> {
  readonly queue: StepQueue;
  /** Must not throw. */
  readonly work: (piece: Piece) => void;
  /** Calls the function in a later turn of the event loop. */
  readonly later?: (next: () => void) => void;
}

export class FairLine<Piece> {
  readonly #queue: StepQueue;
  readonly #work: (piece: Piece) => void;
  readonly #later: (next: () => void) => void;
  /** By address; the address whose turn it is comes first. */
  readonly #waiting = new Map<string, Set<Piece>>();
  readonly #addresses = new Map<Piece, string>();
  /** How many pieces were done since this entry into the queue. */
  #entry = 0;
  #done = 0;
  #isDue = false;

  constructor({ queue, work, later = setImmediate }: FairLineDeps<Piece>) {
    this.#queue = queue;
    this.#work = work;
    this.#later = later;
  }

  /** How many pieces wait for their turn. */
  get size(): number {
    return this.#addresses.size;
  }

  /** Does the piece at once, unless as many were done in a row already or the address has others that wait. */
  add(address: string, piece: Piece): void {
    if (this.#mayGoOn() && !this.#waiting.has(address)) this.#work(piece);
    else if (!this.#addresses.has(piece)) this.#wait(address, piece);
  }

  /** The piece is no longer needed. */
  remove(piece: Piece): void {
    const address = this.#addresses.get(piece);
    if (address === undefined) return;
    this.#addresses.delete(piece);
    const pieces = this.#waiting.get(address);
    pieces?.delete(piece);
    if (pieces?.size === 0) this.#waiting.delete(address);
  }

  /** Counts a piece that follows from the current entry into the queue. */
  #mayGoOn(): boolean {
    const { entries } = this.#queue;
    if (entries !== this.#entry) {
      this.#entry = entries;
      this.#done = 0;
    }
    this.#done += 1;
    return this.#done <= PIECES_AT_ONCE;
  }

  #wait(address: string, piece: Piece): void {
    this.#continueLater();
    const pieces = this.#waiting.get(address) ?? new Set();
    this.#waiting.set(address, pieces.add(piece));
    this.#addresses.set(piece, address);
  }

  #continueLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#later(() => this.#queue.push(() => this.#slice()));
  }

  #slice(): void {
    this.#isDue = false;
    for (let left = PIECES_AT_ONCE; left > 0; left -= 1) this.#doNext();
    if (this.size > 0) this.#continueLater();
  }

  #doNext(): void {
    const [address, pieces] = this.#waiting.entries().next().value ?? [];
    const piece = pieces?.values().next().value;
    if (address === undefined || !pieces || piece === undefined) return;
    this.remove(piece);
    // To the end of the line.
    if (this.#waiting.delete(address)) this.#waiting.set(address, pieces);
    this.#work(piece);
  }
}

/** The peers that a session left a short time ago: they cannot ask for it again at once by its id alone. */
import { JUST_LEFT_PAUSE_S } from '../../protocol/index.ts';

/**
 * A client that keeps to the message rate cannot leave more peers than this in that time for long. If one does, the
 * oldest entry is dropped, and that peer may ask again earlier.
 */
const MOST = 256;

export class LeftPeers {
  /** When each peer was left, oldest first. */
  readonly #leftAt = new Map<string, number>();

  /** @param now milliseconds of the server's clock */
  add(peerId: string, now: number): void {
    for (const [id, leftAt] of this.#leftAt) {
      if (isOver(leftAt, now) || this.#leftAt.size >= MOST) this.#leftAt.delete(id);
      else break;
    }
    this.#leftAt.delete(peerId);
    this.#leftAt.set(peerId, now);
  }

  /** They are paired again. */
  delete(peerId: string): void {
    this.#leftAt.delete(peerId);
  }

  has(peerId: string, now: number): boolean {
    const leftAt = this.#leftAt.get(peerId);
    return leftAt !== undefined && !isOver(leftAt, now);
  }
}

function isOver(leftAt: number, now: number): boolean {
  return now - leftAt >= JUST_LEFT_PAUSE_S * 1000;
}

/** Whom a session left lately: by its id alone, none of them gets it back at once. */
import { JUST_LEFT_PAUSE_S } from '../../protocol/index.ts';

/** Nobody leaves more in that time who keeps to the rate of messages for long; then the first one may ask again earlier. */
const MOST = 256;

export class LeftPeers {
  /** When each was left, the first one first. */
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

  /** They are together again. */
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

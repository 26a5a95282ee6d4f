/** The statuses that a relay server received, for its operator. Bounded, because anybody may send one. */

import { cutText } from '../../common/cut-text.ts';

const MAX_TEXTS = 1_000;
const MAX_TEXT_CHARS = 1_024;

export class StatusLog {
  #texts: string[] = [];

  /** Oldest first; the oldest are dropped when there are too many. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  append(text: string): void {
    this.#texts.push(cutText(text, MAX_TEXT_CHARS));
    if (this.#texts.length > MAX_TEXTS) this.#texts.shift();
  }
}

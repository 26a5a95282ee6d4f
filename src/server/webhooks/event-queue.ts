/** Events that wait for a webhook, in order: a limited number; events beyond it are counted as lost. */

/** A batch being sent: it stays the same until it is accepted. */
export interface EventBatch {
  /** The number of its first event. */
  readonly first: number;
  readonly texts: readonly string[];
}

export interface EventQueueLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly batchEvents: number;
  readonly batchBytes: number;
}

export class EventQueue {
  /** How many events were lost since the start. */
  lost = 0;
  readonly #limits: EventQueueLimits;
  #waiting: { readonly seq: number; readonly text: string }[] = [];
  #bytes = 0;
  #lastSeq = 0;
  #batch: EventBatch | undefined;

  constructor(limits: EventQueueLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** @param write returns the event as text, with its number; a lost number leaves a gap */
  push(write: (seq: number) => string): boolean {
    const { maxEvents, maxBytes } = this.#limits;
    this.#lastSeq += 1;
    const text = write(this.#lastSeq);
    const bytes = 2 * text.length;
    if (this.#waiting.length >= maxEvents || this.#bytes + bytes > maxBytes) {
      this.lost += 1;
      return false;
    }
    this.#waiting.push({ seq: this.#lastSeq, text });
    this.#bytes += bytes;
    return true;
  }

  /** What to send next; the same batch until it was accepted. */
  batch(): EventBatch | undefined {
    const [first] = this.#waiting;
    if (this.#batch || !first) return this.#batch;
    const texts: string[] = [];
    let bytes = 0;
    for (const { text } of this.#waiting) {
      bytes += text.length;
      if (texts.length > 0 && (texts.length >= this.#limits.batchEvents || bytes > this.#limits.batchBytes))
        break;
      texts.push(text);
    }
    this.#batch = { first: first.seq, texts };
    return this.#batch;
  }

  /**
   * The batch was accepted.
   * @returns how many events it had
   */
  taken(): number {
    const count = this.#batch?.texts.length ?? 0;
    for (const { text } of this.#waiting.splice(0, count)) this.#bytes -= 2 * text.length;
    this.#batch = undefined;
    return count;
  }

  /**
   * Nobody will send what is left.
   * @returns how many events that are
   */
  loseRest(): number {
    const rest = this.#waiting.length;
    this.lost += rest;
    this.#waiting = [];
    this.#bytes = 0;
    this.#batch = undefined;
    return rest;
  }
}

/**
 * Splits texts that are longer than a bus carries in one piece, and joins the fragments again. Every text travels as
 * fragments, a short one as a single fragment, so there is one wire format: `PL1 SENDER NUMBER INDEX COUNT`, a line
 * feed, and the piece. What arrives is untrusted: it is bounded, and fragments that do not fit together are dropped.
 */

const FORM = 'PL1';
/** The numbers of digits are limited, so that the numbers are exact. */
const HEADER = /^PL1 ([0-9a-z]{1,32}) (\d{1,15}) (\d{1,5}) (\d{1,5})\n/;
/** The format name, 32 characters of sender, 15 + 5 + 5 digits, four spaces and a line feed. */
export const MAX_HEADER_CHARS = FORM.length + 32 + 15 + 5 + 5 + 5;
const MAX_FRAGMENTS = 99_999;

/** Longer than any message of ours; in UTF-16 units, as `length` counts. */
const MAX_TEXT_CHARS = 32 * 1024 * 1024;
/** For all incomplete texts together. */
const MAX_PENDING_CHARS = 64 * 1024 * 1024;
/**
 * A sender sends one text after another, so a second incomplete one means that the first has lost a fragment. The limit
 * leaves some room for broadcasts.
 */
const MAX_PENDING_TEXTS = 1_000;
/** The fragments of a text follow each other closely: a text that is still incomplete after this time has lost one. */
export const FRAGMENTS_TIMEOUT_MS = 10_000;

/** Splits the texts of one sender. */
export class FragmentCutter {
  readonly #sender: string;
  #number = 0;

  /**
   * @param sender different for each start of a node, so that fragments of an earlier run are not mixed in; a-z, 0-9
   */
  constructor(sender: string) {
    this.#sender = sender;
  }

  /**
   * @param text well-formed: lone surrogates do not survive UTF-8
   * @param maxBytes of a fragment with its header, as UTF-8
   * @returns no fragments for a text that is longer than any message of ours
   */
  cut(text: string, maxBytes: number): string[] {
    if (text.length > MAX_TEXT_CHARS) return [];
    const pieces = piecesOf(text, maxBytes - MAX_HEADER_CHARS);
    if (pieces.length > MAX_FRAGMENTS) return [];
    this.#number += 1;
    const prefix = `${FORM} ${this.#sender} ${this.#number}`;
    return pieces.map((piece, index) => `${prefix} ${index} ${pieces.length}\n${piece}`);
  }
}

const MAX_BYTES_OF_CHARACTER = 4;

function piecesOf(text: string, maxBytes: number): string[] {
  if (maxBytes < MAX_BYTES_OF_CHARACTER) throw new RangeError('a fragment has no room for a character');
  if (Buffer.byteLength(text) <= maxBytes) return [text];
  const bytes = Buffer.from(text);
  const pieces: string[] = [];
  let start = 0;
  do {
    let end = start + maxBytes;
    // Goes back to the first byte of a character, since each piece must be valid text.
    while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
    pieces.push(bytes.toString('utf8', start, end));
    start = end;
  } while (bytes.length - start > maxBytes);
  pieces.push(bytes.toString('utf8', start));
  return pieces;
}

interface Pending {
  readonly count: number;
  /** Not an array: a high count, which costs its sender nothing, must not cost us memory. */
  readonly pieces: Map<number, string>;
  chars: number;
  readonly since: number;
}

/** Joins fragments into texts. */
export class FragmentJoiner {
  readonly #now: () => number;
  /** In the order of their first fragments, oldest first. */
  readonly #pending = new Map<string, Pending>();
  #chars = 0;

  /** @param now returns milliseconds since any fixed point */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The number of incomplete texts. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * @param source where the bus knows the fragment to come from, so that one source cannot spoil another's texts
   * @returns the text that this fragment completed, if any
   */
  join(source: string | number, fragment: string): string | undefined {
    const match = HEADER.exec(fragment);
    if (!match) return;
    const [header, sender, number] = match as unknown as [string, string, string];
    const [index, count] = [Number(match[3]), Number(match[4])];
    if (index >= count) return;
    const piece = fragment.slice(header.length);
    if (count === 1) return piece;

    this.#dropOld();
    const key = `${source} ${sender} ${number}`;
    const pending = this.#pending.get(key) ?? this.#open(key, count);
    if (pending.count !== count) return this.#drop(key, pending);
    if (pending.pieces.has(index)) return;
    pending.pieces.set(index, piece);
    pending.chars += piece.length;
    this.#chars += piece.length;
    if (pending.pieces.size === count) {
      this.#drop(key, pending);
      return Array.from({ length: count }, (_, at) => pending.pieces.get(at)).join('');
    }
    if (pending.chars > MAX_TEXT_CHARS) return this.#drop(key, pending);
    for (const [oldestKey, oldest] of this.#pending) {
      if (this.#chars <= MAX_PENDING_CHARS && this.#pending.size <= MAX_PENDING_TEXTS) break;
      this.#drop(oldestKey, oldest);
    }
  }

  /** Forgets incomplete texts: the bus was unavailable, and the rest will not come. */
  clear(): void {
    this.#pending.clear();
    this.#chars = 0;
  }

  #open(key: string, count: number): Pending {
    const pending: Pending = { count, pieces: new Map(), chars: 0, since: this.#now() };
    this.#pending.set(key, pending);
    return pending;
  }

  #dropOld(): void {
    const since = this.#now() - FRAGMENTS_TIMEOUT_MS;
    for (const [key, pending] of this.#pending) {
      if (pending.since > since) return;
      this.#drop(key, pending);
    }
  }

  #drop(key: string, { chars }: Pending): undefined {
    this.#chars -= chars;
    this.#pending.delete(key);
  }
}

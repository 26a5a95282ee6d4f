/**
 * Stores a record's lines in little memory: nearly all candidates produce the same line, so its content is kept once, and
 * for each line only its time. Lines are put together when they are read.
 */
import type { RecordLine, RecordStep } from '../../protocol/index.ts';

/** The content of a line: the same object for all lines with the same content, in all records. */
export interface Said<Line extends RecordLine = RecordLine> {
  /** The first line with this content. */
  readonly line: Line;
  /** About the length of its JSON. */
  readonly size: number;
  /** Whether its event has the epoch of the record that it is in, for which {@link OWN_EPOCH} stands here. */
  readonly hasOwnEpoch?: boolean;
  /** Its JSON after the time, in two parts if an epoch belongs between them; once it has been made. */
  tail?: readonly string[];
}

/**
 * @param t milliseconds since the record's start
 * @param epoch the record's
 */
export function lineAt(said: Said<RecordStep>, t: number, epoch: number): RecordStep;
export function lineAt(said: Said, t: number, epoch: number): RecordLine;
export function lineAt({ line, hasOwnEpoch }: Said, t: number, epoch: number): RecordLine {
  if (hasOwnEpoch && 'event' in line) return { ...line, t, event: { ...line.event, epoch } };
  return line.t === t ? line : { ...line, t };
}

/** A whole number fits into the array itself; most fractions take an object of their own. */
const PER_MS = 10;

export class LineStore {
  readonly #epoch: number;
  /** The content of each line, followed by its time in tenths of a millisecond: one array, since both are added at once. */
  readonly #said: (Said | number)[] = [];
  /** The lines put together so far for readers. */
  readonly #lines: RecordLine[] = [];

  /** @param epoch the record's */
  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  get length(): number {
    return this.#said.length / 2;
  }

  /** The time of the last line; 0 if there is none. */
  get lastTime(): number {
    return this.length === 0 ? 0 : this.#timeOf(this.length - 1);
  }

  /** @param t milliseconds since the record's start, in tenths */
  add(said: Said, t: number): void {
    this.#said.push(said, Math.round(t * PER_MS));
  }

  /** All lines so far. */
  get lines(): readonly RecordLine[] {
    for (let next = this.#lines.length; next < this.length; next += 1)
      this.#lines.push(lineAt(this.#said[2 * next] as Said, this.#timeOf(next), this.#epoch));
    return this.#lines;
  }

  #timeOf(line: number): number {
    return (this.#said[2 * line + 1] as number) / PER_MS;
  }
}

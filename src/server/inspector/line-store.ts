/**
 * Stores a record's lines in little memory: nearly all candidates of a pairing produce the same line, so its content is
 * kept once, and for each line only its time. Lines are put together when they are read.
 */
import type { RecordLine } from '../../protocol/index.ts';

/** The content of a line without its time: the same object for all lines with the same content. */
export interface Said<Line extends RecordLine = RecordLine> {
  /** The first line with this content. */
  readonly line: Line;
  /** About the length of its JSON. */
  readonly size: number;
  /** Its JSON after the time, once it has been made. */
  tail?: string;
}

/** @param t milliseconds since the record's start */
export function lineAt<Line extends RecordLine>({ line }: Said<Line>, t: number): Line {
  return line.t === t ? line : { ...line, t };
}

export class LineStore {
  readonly #said: Said[] = [];
  readonly #times: number[] = [];
  /** The lines put together so far for readers. */
  readonly #lines: RecordLine[] = [];

  get length(): number {
    return this.#times.length;
  }

  /** The time of the last line; 0 if there is none. */
  get lastTime(): number {
    return this.#times.at(-1) ?? 0;
  }

  add(said: Said, t: number): void {
    this.#said.push(said);
    this.#times.push(t);
  }

  /** All lines so far. */
  get lines(): readonly RecordLine[] {
    for (let next = this.#lines.length; next < this.#times.length; next += 1)
      this.#lines.push(lineAt(this.#said[next] as Said, this.#times[next] as number));
    return this.#lines;
  }
}

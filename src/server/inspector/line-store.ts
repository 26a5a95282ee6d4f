/**
 * A record's lines in little memory: nearly all candidates of a pairing say the same, so what they say is kept once, and of
 * each line its time. A line is put together for whoever reads it.
 */
import type { RecordLine } from '../../protocol/index.ts';

/** What lines say but for their time: the same object for lines that say the same. */
export interface Said<Line extends RecordLine = RecordLine> {
  /** The first of them. */
  readonly line: Line;
  /** About the length of its JSON. */
  readonly size: number;
  /** Its JSON after the time, once it was made. */
  tail?: string;
}

/** @param t milliseconds since the record's start */
export function lineAt<Line extends RecordLine>({ line }: Said<Line>, t: number): Line {
  return line.t === t ? line : { ...line, t };
}

export class LineStore {
  readonly #said: Said[] = [];
  readonly #times: number[] = [];
  /** As far as somebody has read them. */
  readonly #lines: RecordLine[] = [];

  get length(): number {
    return this.#times.length;
  }

  /** Of the last line; 0 while there is none. */
  get lastTime(): number {
    return this.#times.at(-1) ?? 0;
  }

  add(said: Said, t: number): void {
    this.#said.push(said);
    this.#times.push(t);
  }

  /** All so far. */
  get lines(): readonly RecordLine[] {
    for (let next = this.#lines.length; next < this.#times.length; next += 1)
      this.#lines.push(lineAt(this.#said[next] as Said, this.#times[next] as number));
    return this.#lines;
  }
}

/**
 * JSON of a client that is kept for long: as text. As objects `[{},{},…]` takes twenty times the memory of its text, and
 * it is the text that is bounded.
 */
export class KeptJson {
  /** Undefined where there is no value. */
  readonly #text: string | undefined;

  /** @param value any JSON value, or undefined */
  constructor(value: unknown) {
    this.#text = value === undefined ? undefined : JSON.stringify(value);
  }

  /** Made anew each time. */
  get value(): unknown {
    return this.#text === undefined ? undefined : JSON.parse(this.#text);
  }
}

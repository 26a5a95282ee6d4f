/**
 * A client's JSON value that is kept for a long time, stored as text. As objects, `[{},{},…]` takes twenty times the
 * memory of its text, and the bound applies to the text.
 */
export class KeptJson {
  /** Undefined if there is no value. */
  readonly #text: string | undefined;

  /** @param value any JSON value, or undefined */
  constructor(value: unknown) {
    this.#text = value === undefined ? undefined : JSON.stringify(value);
  }

  /** Parsed anew on every access. */
  get value(): unknown {
    return this.#text === undefined ? undefined : JSON.parse(this.#text);
  }
}

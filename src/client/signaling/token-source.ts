/**
 * Where a peer's token comes from: a function is called for a newer one whenever a socket is opened, and before one
 * expires.
 */
import { PairlaneError } from '../peer/errors.ts';

/** A token, or a function that returns one; it is called for each socket, and before a token expires. */
export type Token = string | (() => string | Promise<string>);

export class TokenSource {
  readonly #token: Token | undefined;
  /** A newer one that the user has provided. */
  #newer: string | undefined;

  constructor(token: Token | undefined) {
    this.#token = token;
  }

  /** Whether a newer one can be fetched. */
  get canRefresh(): boolean {
    return typeof this.#token === 'function';
  }

  /** Replaces a token given as text. */
  replace(token: string): void {
    this.#newer = token;
  }

  /**
   * @returns undefined if there is none; a string if nothing has to be waited for. A promise rejects with
   * `token_failed`
   */
  get(): string | undefined | Promise<string> {
    if (typeof this.#token !== 'function') return this.#newer ?? this.#token;
    return this.#ask(this.#token);
  }

  async #ask(token: () => string | Promise<string>): Promise<string> {
    try {
      const given = await token();
      if (typeof given === 'string' && given !== '') return given;
    } catch (cause) {
      throw new PairlaneError('token_failed', '', { cause });
    }
    throw new PairlaneError('token_failed', 'it gave no text');
  }
}

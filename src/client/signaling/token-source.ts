/** Where the token of a peer comes from: it is asked for a newer one whenever a socket is opened, and before one expires. */
import { PairlaneError } from '../peer/errors.ts';

/** A token, or what gets one; it is called again for each socket, and before a token expires. */
export type Token = string | (() => string | Promise<string>);

export class TokenSource {
  readonly #token: Token | undefined;
  /** Given by the user since. */
  #newer: string | undefined;

  constructor(token: Token | undefined) {
    this.#token = token;
  }

  /** Whether it can be asked for another one. */
  get canRefresh(): boolean {
    return typeof this.#token === 'function';
  }

  /** The one that a user brought itself, in place of a text. */
  replace(token: string): void {
    this.#newer = token;
  }

  /** @returns undefined: there is none; a text where nothing has to be waited for. A promise rejects with `token_failed` */
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

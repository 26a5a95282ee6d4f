/**
 * Notices within seconds that a parent has gone silent; TCP alone takes many minutes. The protocol has no ping, but
 * every server answers a chat to an id that nobody has, so the parent may be any relay server.
 */

const INTERVAL_MS = 2_000;
/** A busy parent misses one or two. */
const MAX_UNANSWERED = 3;

export class RelayPulse {
  readonly #ask: () => void;
  readonly #silent: () => void;
  #unanswered = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param silent called once per start */
  constructor(ask: () => void, silent: () => void) {
    this.#ask = ask;
    this.#silent = silent;
  }

  start(): void {
    this.stop();
    this.#unanswered = 0;
    this.#timer = setInterval(() => this.#beat(), INTERVAL_MS).unref();
  }

  answered(): void {
    this.#unanswered = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    if (this.#unanswered === MAX_UNANSWERED) {
      this.stop();
      this.#silent();
      return;
    }
    this.#unanswered += 1;
    this.#ask();
  }
}

/**
 * Notices within seconds that a parent has gone silent; TCP alone takes many minutes. The protocol has no ping, but
 * every server answers a chat to an id that nobody has, so the parent may be any relay server.
 */
import type { Clock } from '../../../../common/clock.ts';

const INTERVAL_MS = 2_000;
/** A busy parent misses one or two. */
const MAX_UNANSWERED = 3;

export class RelayPulse {
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #silent: () => void;
  #unanswered = 0;
  #endBeats = () => {};

  /** @param silent called once per start */
  constructor(clock: Clock, ask: () => void, silent: () => void) {
    this.#clock = clock;
    this.#ask = ask;
    this.#silent = silent;
  }

  /** Not to be called again before it is stopped. */
  start(): void {
    this.#endBeats = this.#clock.every(INTERVAL_MS, () => this.#beat());
  }

  answered(): void {
    this.#unanswered = 0;
  }

  stop(): void {
    this.#endBeats();
    this.#unanswered = 0;
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

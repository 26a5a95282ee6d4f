/** Plays a record line by line at its own pace, but never waits longer than a second. */

const SHORTEST_MS = 40;
const LONGEST_MS = 1_000;

export interface Player {
  /** The times of this line and the next; undefined at the end. */
  nextTime(): { readonly now: number; readonly next: number } | undefined;
  step(): void;
  changed(isPlaying: boolean): void;
}

export class Playback {
  readonly #player: Player;
  #timer: number | undefined;

  constructor(player: Player) {
    this.#player = player;
  }

  get isPlaying(): boolean {
    return this.#timer !== undefined;
  }

  toggle(): void {
    if (this.isPlaying) this.stop();
    else this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#player.changed(false);
  }

  #arm(): void {
    const times = this.#player.nextTime();
    if (!times) {
      this.stop();
      return;
    }
    const wait = Math.min(Math.max(times.next - times.now, SHORTEST_MS), LONGEST_MS);
    this.#timer = window.setTimeout(() => {
      this.#player.step();
      this.#arm();
    }, wait);
    this.#player.changed(true);
  }
}

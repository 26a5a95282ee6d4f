/** Reports on the open connection to the server repeatedly, for as long as the server asked. */
import type { Clock } from '../../common/clock.ts';
import type { Flow } from '../../protocol/inspect/evidence.ts';

const PERIOD_MS = 5_000;

export interface FlowDeps {
  readonly clock: Clock;
  /** @returns undefined if there are no statistics */
  read(): Promise<Flow | undefined>;
  send(flow: Flow): void;
}

export class FlowReporter {
  readonly #deps: FlowDeps;
  #until = 0;
  #stop: (() => void) | undefined;

  constructor(deps: FlowDeps) {
    this.#deps = deps;
  }

  /**
   * The server wants reports for this many seconds from now on.
   * @returns whether it wanted none before
   */
  ask(seconds: number): boolean {
    const { clock } = this.#deps;
    this.#until = clock.now() + seconds * 1_000;
    if (this.#stop) return false;
    this.#stop = clock.every(PERIOD_MS, () => this.#tick());
    this.#tick();
    return true;
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #tick(): void {
    const { clock, read, send } = this.#deps;
    if (clock.now() >= this.#until) {
      this.stop();
      return;
    }
    read().then(
      (flow) => {
        if (flow && this.#stop) send(flow);
      },
      // A connection that was closed meanwhile has no statistics.
      () => {},
    );
  }
}

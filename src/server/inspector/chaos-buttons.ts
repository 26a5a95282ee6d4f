/** What the inspector's page is told of `--chaos`, and does with `--chaos-buttons`. */
import type { InspectMessage } from '../../protocol/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Disturber } from './source.ts';

/** Nobody should find a server disturbed because somebody forgot to stop. */
const LASTS_MS = 300_000;

export type ChaosMessage = Extract<InspectMessage, { type: 'chaos' }>;

export interface ChaosButtonsDeps {
  readonly chaos: Disturber;
  readonly log: Logger;
  /** Whether the server was started with `--chaos-buttons`. */
  readonly mayChange: boolean;
  tell(message: ChaosMessage): void;
}

export class ChaosButtons {
  readonly #deps: ChaosButtonsDeps;

  constructor(deps: ChaosButtonsDeps) {
    this.#deps = deps;
    deps.chaos.changed = () => this.#changed();
  }

  get message(): ChaosMessage {
    const { chaos, mayChange } = this.#deps;
    const { text, endsInMs } = chaos;
    return {
      type: 'chaos',
      rules: text,
      ...(endsInMs !== undefined && { ends_in_ms: endsInMs }),
      may_change: mayChange,
    };
  }

  /** @param text rules as `--chaos` takes them; empty: ends what was asked for before */
  ask(text: string): void {
    const { chaos, mayChange } = this.#deps;
    if (!mayChange) return;
    if (text === '') chaos.calm();
    else chaos.disturb(text, LASTS_MS);
  }

  #changed(): void {
    const { log, tell } = this.#deps;
    const { message } = this;
    if (message.ends_in_ms === undefined)
      log.info({ event: 'chaos_over' }, 'The inspector disturbs no signals any more');
    else log.warn({ event: 'chaos' }, `The inspector disturbs signals on purpose: ${message.rules}`);
    tell(message);
  }
}

/** `--chaos`: loses, delays and drops signals on purpose, to show how a program copes with it. Off by default. */
import type { Clock } from '../../common/clock.ts';

export interface ChaosRules {
  /** The percentage of signals that are lost. */
  readonly loss: number;
  readonly delayMs: number;
  /** Types of signals that are always dropped. */
  readonly drop: ReadonlySet<string>;
}

/** The types that may be lost. Reports and `unpair` always get through. */
const SIGNALS = ['offer', 'answer', 'candidate', 'signal'] as const;
const MAX_DELAY_MS = 60_000;
/** How many signals may be delayed at the same time; more are lost. */
const MAX_LATE = 1_000;

const forms: Readonly<Record<string, (value: string) => Partial<ChaosRules> | undefined>> = {
  loss: (value) => {
    const percent = /^(\d{1,3})%$/.exec(value)?.[1];
    return percent !== undefined && Number(percent) <= 100 ? { loss: Number(percent) } : undefined;
  },
  delay: (value) => {
    const ms = /^(\d{1,5})ms$/.exec(value)?.[1];
    return ms !== undefined && Number(ms) <= MAX_DELAY_MS ? { delayMs: Number(ms) } : undefined;
  },
  drop: (value) => {
    const types = value.split('+');
    return types.every((type) => SIGNALS.some((signal) => signal === type))
      ? { drop: new Set(types) }
      : undefined;
  },
};

/**
 * Parses `loss=5%,delay=300ms,drop=answer+candidate`.
 * @returns undefined if the text is invalid
 */
export function parseChaos(text: string): ChaosRules | undefined {
  let rules: ChaosRules = { loss: 0, delayMs: 0, drop: new Set() };
  for (const part of text.split(',')) {
    const [, name = '', value = ''] = /^([a-z]+)=(.+)$/.exec(part.trim()) ?? [];
    const found = Object.hasOwn(forms, name) ? forms[name]?.(value) : undefined;
    if (!found) return undefined;
    rules = { ...rules, ...found };
  }
  return rules;
}

export interface ChaosDeps {
  readonly rules: ChaosRules;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called for every lost signal. */
  readonly lost: () => void;
}

export class Chaos {
  readonly #deps: ChaosDeps;
  #late = 0;

  constructor(deps: ChaosDeps) {
    this.#deps = deps;
  }

  /**
   * Passes a signal on now, later or never.
   * @param deliver called with the bytes; if late, with a copy, because the frame's own bytes are gone by then
   */
  pass(type: string, bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    if (!SIGNALS.some((signal) => signal === type)) {
      deliver(bytes);
      return;
    }
    const { rules, clock, random, lost } = this.#deps;
    const isLost = rules.drop.has(type) || random() * 100 < rules.loss || this.#late >= MAX_LATE;
    if (isLost) lost();
    else if (rules.delayMs === 0) deliver(bytes);
    else {
      // Not `slice`: on a Buffer it does not copy.
      const copy = new Uint8Array(bytes);
      this.#late += 1;
      const stop = clock.every(rules.delayMs, () => {
        stop();
        this.#late -= 1;
        deliver(copy);
      });
    }
  }
}

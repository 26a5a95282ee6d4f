/** `--chaos`: loses, delays and drops signals on purpose, so that one sees what a program does about it. Never by default. */
import type { Clock } from '../../common/clock.ts';

export interface ChaosRules {
  /** How many of a hundred signals are lost. */
  readonly loss: number;
  readonly delayMs: number;
  /** Types of signals of which none gets through. */
  readonly drop: ReadonlySet<string>;
}

/** What the two say to each other; how far they are, and that one leaves, is not touched. */
const SIGNALS = ['offer', 'answer', 'candidate', 'signal'] as const;
const MAX_DELAY_MS = 60_000;
/** Signals that are late at the same time; more are lost. */
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

/** @returns undefined for a text that is none: `loss=5%,delay=300ms,drop=answer+candidate` */
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
  /** Counts what was lost. */
  readonly lost: () => void;
}

export class Chaos {
  readonly #deps: ChaosDeps;
  #late = 0;

  constructor(deps: ChaosDeps) {
    this.#deps = deps;
  }

  /**
   * Lets a signal through, now, later or never.
   * @param deliver with the bytes, which are a copy where it is late: those of a frame are gone by then
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
      // Not `slice`: a Buffer's is no copy.
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

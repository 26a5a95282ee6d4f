/**
 * `--chaos` and `--chaos-buttons`: loses, delays and drops signals on purpose, to show how a program copes with it. Off
 * by default.
 */
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
  /** For as long as the server runs. */
  readonly rules: ChaosRules | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called for every lost signal. */
  readonly lost: () => void;
}

export class Chaos {
  readonly #deps: ChaosDeps;
  /** Delivers each late signal, in order. */
  readonly #late = new Set<() => void>();
  /** The rules for some time, and how to end them. */
  #passing: { readonly rules: ChaosRules; readonly endsAt: number; readonly stop: () => void } | undefined;
  /** Called when other rules hold. */
  changed: () => void = () => {};

  constructor(deps: ChaosDeps) {
    this.#deps = deps;
  }

  /** Undefined: nothing is disturbed. */
  get rules(): ChaosRules | undefined {
    return this.#passing?.rules ?? this.#deps.rules;
  }

  get text(): string {
    return this.rules ? describeChaos(this.rules) : '';
  }

  /** In how many milliseconds the rules end; undefined: not by themselves. */
  get endsInMs(): number | undefined {
    return this.#passing && this.#passing.endsAt - this.#deps.clock.now();
  }

  /** Applies other rules for some milliseconds; invalid ones are ignored. */
  disturb(text: string, ms: number): void {
    const { clock } = this.#deps;
    const rules = parseChaos(text);
    if (!rules) return;
    this.#passing?.stop();
    this.#passing = { rules, endsAt: clock.now() + ms, stop: clock.every(ms, () => this.calm()) };
    this.#change();
  }

  /** Goes back to the rules that the server was started with, if any. */
  calm(): void {
    if (!this.#passing) return;
    this.#passing.stop();
    this.#passing = undefined;
    this.#change();
  }

  /** What is late is delivered first, so that no signal overtakes it. */
  #change(): void {
    for (const deliver of [...this.#late]) deliver();
    this.changed();
  }

  /**
   * Passes a signal on now, later or never.
   * @param deliver called with the bytes; if late, with a copy, because the frame's own bytes are gone by then
   */
  pass(type: string, bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    const { rules } = this;
    if (!rules || !SIGNALS.some((signal) => signal === type)) {
      deliver(bytes);
      return;
    }
    const { random, lost } = this.#deps;
    const isLost = rules.drop.has(type) || random() * 100 < rules.loss || this.#late.size >= MAX_LATE;
    if (isLost) lost();
    else if (rules.delayMs === 0) deliver(bytes);
    else this.#delay(rules.delayMs, bytes, deliver);
  }

  #delay(ms: number, bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    // Not `slice`: on a Buffer it does not copy.
    const copy = new Uint8Array(bytes);
    const now = () => {
      stop();
      this.#late.delete(now);
      deliver(copy);
    };
    const stop = this.#deps.clock.every(ms, now);
    this.#late.add(now);
  }
}

/** The text that `parseChaos` reads; empty: nothing is disturbed. */
function describeChaos({ loss, delayMs, drop }: ChaosRules): string {
  return [
    ...(loss > 0 ? [`loss=${loss}%`] : []),
    ...(delayMs > 0 ? [`delay=${delayMs}ms`] : []),
    ...(drop.size > 0 ? [`drop=${[...drop].join('+')}`] : []),
  ].join();
}

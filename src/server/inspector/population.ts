/** How many machines are in each state now, and how often each transition is taken. */
import type { StateValue } from 'xstate';
import { activeStateIds } from '../../machines/chart/active-state-ids.ts';
import { nameTransitions, type TakenTransition } from '../../machines/index.ts';
import type { ListedMachine, MachinePopulation, Populations } from '../../protocol/index.ts';
import { observeHost } from './observe-host.ts';
import type { Instance, Source } from './source.ts';

/** Counts the transitions of all sources from its creation on, and their instances when asked. */
export class PopulationCount {
  readonly #machines: ReadonlyMap<ListedMachine, MachineCount>;

  /** @param isCountedAt whether that node counts the pairings that its clients began; if omitted, only this one counts */
  constructor(sources: readonly Source[], isCountedAt: (node: number) => boolean = () => false) {
    const machines = [...new Set(sources.map(({ machine }) => machine))];
    const sourcesOf = (name: ListedMachine) => sources.filter(({ machine }) => machine === name);
    this.#machines = new Map(machines.map((name) => [name, new MachineCount(sourcesOf(name), isCountedAt)]));
  }

  stop(): void {
    for (const count of this.#machines.values()) count.stop();
  }

  /** @param elapsedMs since the previous call, for the rates */
  take(elapsedMs: number): Populations {
    return Object.fromEntries([...this.#machines].map(([name, count]) => [name, count.take(elapsedMs)]));
  }
}

/** One machine, which several hosts may run. */
class MachineCount {
  readonly #sources: readonly Source[];
  readonly #isCountedAt: (node: number) => boolean;
  readonly #names: ReadonlyMap<TakenTransition, string>;
  readonly #taken = new Map<string, number>();
  readonly #stops: readonly (() => void)[];

  constructor(sources: readonly Source[], isCountedAt: (node: number) => boolean) {
    this.#sources = sources;
    this.#isCountedAt = isCountedAt;
    this.#names = new Map(sources.flatMap(({ host }) => [...nameTransitions(host.machine)]));
    this.#stops = sources.map((source) =>
      observeHost(source.host, ({ instance, transitions }) => {
        if (this.#isCounted(source, instance)) this.#count(transitions);
      }),
    );
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  take(elapsedMs: number): MachinePopulation {
    // Hosts intern state values, so there are only a handful of distinct ones however many instances there are.
    const byValue = new Map<StateValue, number>();
    let total = 0;
    for (const source of this.#sources) {
      for (const instance of source.instances()) {
        if (!this.#isCounted(source, instance)) continue;
        const { value } = instance;
        byValue.set(value, (byValue.get(value) ?? 0) + 1);
        total += 1;
      }
    }
    const counts: Record<string, number> = {};
    for (const [value, count] of byValue) {
      const machine = this.#sources[0]?.machine ?? '';
      for (const id of activeStateIds(machine, value)) counts[id] = (counts[id] ?? 0) + count;
    }
    const rates: Record<string, number> = {};
    for (const [name, count] of this.#taken) rates[name] = Math.round((count * 10_000) / elapsedMs) / 10;
    this.#taken.clear();
    return { total, counts, rates };
  }

  #isCounted(source: Source, instance: Instance): boolean {
    const node = source.initiatorNode?.(instance);
    return node === undefined || !this.#isCountedAt(node);
  }

  #count(transitions: readonly TakenTransition[]): void {
    for (const transition of transitions) {
      const name = this.#names.get(transition);
      if (name) this.#taken.set(name, (this.#taken.get(name) ?? 0) + 1);
    }
  }
}

/** How many sessions and pairings are in each state now, and how often each transition is taken. */
import type { StateValue } from 'xstate';
import { activeStateIds, nameTransitions, type Step } from '../../machines/index.ts';
import type { MachinePopulation } from '../../protocol/index.ts';
import { tap } from './tap.ts';

interface Host<Instance> {
  readonly machine: Parameters<typeof nameTransitions>[0];
  observer: ((step: Step<Instance>) => void) | undefined;
}

/** Counts one machine's transitions while it lives, and its instances when it is asked. */
export class PopulationCount<Instance extends { readonly value: StateValue }> {
  readonly #machineId: string;
  readonly #instances: Iterable<Instance> & object;
  readonly #names: ReturnType<typeof nameTransitions>;
  readonly #taken = new Map<string, number>();
  readonly #stop: () => void;

  constructor(host: Host<Instance>, instances: Iterable<Instance> & object) {
    this.#machineId = host.machine.id;
    this.#instances = instances;
    this.#names = nameTransitions(host.machine);
    this.#stop = tap(host, (step) => this.#count(step));
  }

  stop(): void {
    this.#stop();
  }

  /** @param elapsedMs since the last time, for the rates */
  take(elapsedMs: number): MachinePopulation {
    // Hosts intern state values, so there are a handful of different ones however many instances there are.
    const byValue = new Map<StateValue, number>();
    let total = 0;
    for (const { value } of this.#instances) {
      byValue.set(value, (byValue.get(value) ?? 0) + 1);
      total += 1;
    }
    const counts: Record<string, number> = {};
    for (const [value, count] of byValue) {
      for (const id of activeStateIds(this.#machineId, value)) counts[id] = (counts[id] ?? 0) + count;
    }
    const rates: Record<string, number> = {};
    for (const [name, count] of this.#taken) rates[name] = Math.round((count * 10_000) / elapsedMs) / 10;
    this.#taken.clear();
    return { total, counts, rates };
  }

  #count({ transitions }: Step<Instance>): void {
    for (const transition of transitions) {
      const name = this.#names.get(transition);
      if (name) this.#taken.set(name, (this.#taken.get(name) ?? 0) + 1);
    }
  }
}

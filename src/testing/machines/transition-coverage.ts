/** Coverage of machines by tests: in hosts, in XState actors, and across test files. */
import type { AnyStateMachine, InspectionEvent, StateValue } from 'xstate';
import { transitionsTakenIn } from '../../machines/host/xstate-inspected.ts';
import type { Observer, Step, TakenTransition } from '../../machines/index.ts';
import { CoverageCounts } from './coverage-counts.ts';
import type { MachineCase, TableOptions } from './machine-table.ts';
import { pairPathsOf } from './pairs.ts';
import { ItemNames, StepItems } from './step-items.ts';

export interface CoverageOptions {
  /**
   * Machines for which more is covered than each transition: each two consecutive ones, and both results of each guard
   * in every state where it is evaluated.
   */
  readonly pairsOf?: readonly (MachineCase & Pick<TableOptions, 'isOfInterest'>)[];
}

/** What an actor did since its last snapshot. */
interface Actor {
  value: StateValue | undefined;
  taken: TakenTransition[];
}

export class TransitionCoverage {
  readonly #names: ItemNames;
  readonly #items: StepItems;
  readonly #counts = new CoverageCounts();
  readonly #actors = new WeakMap<object, Actor>();

  /** @param machines those whose every transition must be covered */
  constructor(machines: readonly AnyStateMachine[], { pairsOf = [] }: CoverageOptions = {}) {
    const thorough = new Set(pairsOf.map(({ machine }) => machine.id));
    this.#names = new ItemNames([...new Set([...machines, ...pairsOf.map(({ machine }) => machine)])]);
    this.#items = new StepItems((id) => thorough.has(id));
    for (const [group, name] of this.#names.transitions) this.#counts.know(group, name);
    for (const machineCase of pairsOf)
      for (const { group, to } of pairPathsOf(machineCase)) this.#counts.know(group, to);
  }

  /** For a host: `host.observer = coverage.observe`. */
  readonly observe: Observer<unknown> = (step) => this.#note(step);

  /** For an actor: `createActor(machine, { inspect: coverage.inspect })`. */
  readonly inspect = (event: InspectionEvent): void => {
    const actor = this.#actors.get(event.actorRef) ?? { value: undefined, taken: [] };
    this.#actors.set(event.actorRef, actor);
    actor.taken.push(...transitionsTakenIn(event));
    if (event.type !== '@xstate.snapshot') return;
    const { machine, value } = event.snapshot as { machine?: AnyStateMachine; value?: StateValue };
    if (machine && value !== undefined) {
      const from = actor.value ?? '';
      this.#note({
        machineId: machine.id,
        instance: event.actorRef,
        event: event.event,
        from,
        transitions: actor.taken,
      });
    }
    actor.value = value;
    actor.taken = [];
  };

  #note(step: Pick<Step<unknown>, 'machineId' | 'instance' | 'event' | 'from' | 'transitions'>): void {
    for (const item of this.#items.itemsOf(step))
      for (const [group, name] of this.#names.namesOf(item)) this.#counts.count(group, name, 1);
  }

  /** The names of items that were never covered. */
  get missing(): string[] {
    return this.#counts.missing;
  }

  /** @throws with the names of all items that were never covered, if there are any */
  assertComplete(): void {
    const { missing } = this;
    if (missing.length > 0) throw new Error(`Never taken:\n  ${missing.join('\n  ')}`);
  }

  /** Each machine's share, and what is missing. */
  toString(): string {
    return String(this.#counts);
  }

  /** A page with every transition, and how often it was taken. */
  toHtml(): string {
    return this.#counts.toHtml();
  }

  /**
   * Saves the coverage of this process for {@link add}: test runners run each test file in its own process.
   * @param folder created if missing
   * @throws if it cannot be written
   */
  save(folder: string): void {
    this.#counts.save(folder);
  }

  /**
   * Adds the coverage that other processes have saved.
   * @param folder as in {@link save}
   * @throws if it cannot be read
   */
  add(folder: string): void {
    this.#counts.add(folder);
  }
}

/** Which transitions of machines the tests have taken: in hosts, in actors of XState's, and over several test files. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyStateMachine, InspectionEvent } from 'xstate';
import { nameTransitions } from '../../machines/chart/transition-names.ts';
import { transitionsTakenIn } from '../../machines/host/xstate-inspected.ts';
import type { Observer, TakenTransition } from '../../machines/index.ts';
import { htmlReport } from './coverage-html.ts';

export class TransitionCoverage {
  readonly #names = new Map<unknown, string>();
  /** By machine, in the order of its definition, how often each was taken. */
  readonly #taken = new Map<string, Map<string, number>>();

  /** @param machines those whose every transition is to be taken */
  constructor(machines: readonly AnyStateMachine[]) {
    for (const machine of machines) {
      const names = nameTransitions(machine);
      for (const [transition, name] of names) this.#names.set(transition, name);
      this.#taken.set(machine.id, new Map([...names.values()].map((name) => [name, 0])));
    }
  }

  /** For a host: `host.observer = coverage.observe`. */
  readonly observe: Observer<unknown> = ({ transitions }) => this.#note(transitions);

  /** For an actor: `createActor(machine, { inspect: coverage.inspect })`. */
  readonly inspect = (event: InspectionEvent): void => {
    this.#note(transitionsTakenIn(event));
  };

  #note(transitions: readonly TakenTransition[]): void {
    for (const transition of transitions) {
      const name = this.#names.get(transition);
      if (name !== undefined) this.#count(name, 1);
    }
  }

  #count(name: string, times: number): void {
    for (const taken of this.#taken.values())
      if (taken.has(name)) taken.set(name, (taken.get(name) as number) + times);
  }

  /** Those that were never taken, by name. */
  get missing(): string[] {
    return this.#all.flatMap(([name, times]) => (times === 0 ? [name] : []));
  }

  get #all(): [name: string, times: number][] {
    return [...this.#taken.values()].flatMap((taken) => [...taken]);
  }

  /** @throws when a transition was never taken, with the names of all that were not */
  assertComplete(): void {
    const { missing } = this;
    if (missing.length > 0) throw new Error(`Never taken:\n  ${missing.join('\n  ')}`);
  }

  /** Each machine's share, and what is missing. */
  toString(): string {
    const lines = [...this.#taken].flatMap(([machine, taken]) => {
      const missing = [...taken].filter(([, times]) => times === 0);
      return [
        `${machine}: ${taken.size - missing.length} of ${taken.size} transitions taken`,
        ...missing.map(([name]) => `  never taken: ${name}`),
      ];
    });
    return lines.join('\n');
  }

  /** A page with every transition, whether it was taken, and how often. */
  toHtml(): string {
    return htmlReport([...this.#taken].map(([machine, taken]) => ({ machine, taken: [...taken] })));
  }

  /**
   * Writes down what this process has taken, for {@link add}: test runners run each test file in a process of its own.
   * @param folder made if it is not there
   * @throws when it cannot be written
   */
  save(folder: string): void {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${process.pid}-${process.hrtime.bigint()}.json`);
    writeFileSync(file, JSON.stringify(Object.fromEntries(this.#all.filter(([, times]) => times > 0))));
  }

  /**
   * Adds what other processes have saved.
   * @param folder that of {@link save}
   * @throws when it cannot be read
   */
  add(folder: string): void {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      const saved = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, number>;
      for (const [name, times] of Object.entries(saved)) this.#count(name, times);
    }
  }
}

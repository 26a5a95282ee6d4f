/**
 * Of the four main machines each two transitions that can follow each other are taken in a row, and each guard says yes and
 * no in every state where it is asked; by a host as the server's is, and judged by XState's pure functions alone. What a
 * single step does is in the tables.
 */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type ExecutableActionObject,
  initialTransition,
  transition,
} from 'xstate';
import { runningDelays } from '../../src/machines/host/xstate-inspected.ts';
import { Hosted, MachineHost, StepQueue } from '../../src/machines/index.ts';
import { pairPathsOf } from '../../src/testing/machines/pairs.ts';
import type { Path } from '../../src/testing/machines/paths.ts';
import { machineCases } from '../support/machines/machine-cases.ts';
import { tableOptions } from '../support/machines/table-options.ts';
import { demand, noteTransitions } from '../support/machines/transition-coverage.ts';

const MAIN = ['pairing', 'session', 'room', 'negotiation'];

/** A host of the machine, as in the server: it carries out effects, and is observed. */
class Walker {
  readonly #host: MachineHost<AnyStateMachine, Hosted<unknown>>;
  readonly #queue = new StepQueue();
  #effects: unknown[] = [];

  constructor(machine: AnyStateMachine) {
    const names = Object.keys(machine.implementations.actions);
    this.#host = new MachineHost<AnyStateMachine, Hosted<unknown>>(machine, {
      queue: this.#queue,
      executors: Object.fromEntries(
        names.map((name) => [
          name,
          (_instance: unknown, _event: unknown, params: unknown) => this.#effects.push([name, params]),
        ]),
      ),
      onError: (_instance, error) => {
        throw error;
      },
    });
    this.#host.observer = noteTransitions;
  }

  /** @returns what each move led to and yielded */
  walk({ input, moves }: Path, eventsOf: readonly { type: string }[]): unknown[] {
    const instance = new Hosted<unknown>();
    this.#host.start(instance, input);
    const seen = moves.map((_, n) => {
      this.#effects = [];
      this.#host.dispatch(instance, eventsOf[n] as { type: string });
      return [instance.value, instance.context, this.#effects];
    });
    this.#queue.timers.disarmAll(instance);
    return seen;
  }
}

type Microstep = [snapshot: AnyMachineSnapshot, actions: ExecutableActionObject[]];

/** What XState says of the same moves, and the event that each of them is. */
function asXStateSays(machine: AnyStateMachine, { input, moves }: Path) {
  let [snapshot] = initialTransition(machine, input as never) as unknown as Microstep;
  const events: { type: string }[] = [];
  const seen = moves.map((move) => {
    const event = 'event' in move ? move.event : { type: delayOver(snapshot, move.after) };
    events.push(event);
    const [next, actions] = transition(machine, snapshot, event as never) as unknown as Microstep;
    snapshot = next;
    const effects = actions.filter(({ type }) => !type.startsWith('xstate.'));
    return [next.value, next.context, effects.map(({ type, params }) => [type, params])];
  });
  return { events, seen };
}

function delayOver(snapshot: AnyMachineSnapshot, name: string): string {
  return runningDelays(snapshot).find(({ delay }) => delay === name)?.eventType ?? `no delay ${name} runs`;
}

describe('two transitions in a row, and what each guard may say', () => {
  it.each(machineCases.filter(([name]) => MAIN.includes(name)))('%s', (name, machineCase) => {
    const paths = pairPathsOf({ ...machineCase, ...tableOptions[name], inputs: machineCase.inputs });
    demand(paths.map(({ group, to }) => [group, to]));
    const walker = new Walker(machineCase.machine);
    const differing = paths.flatMap((path) => {
      const { events, seen } = asXStateSays(machineCase.machine, path);
      const walked = walker.walk(path, events);
      return isDeepStrictEqual(walked, seen) ? [] : [{ to: path.to, walked, asXStateSays: seen }];
    });
    expect(differing).toEqual([]);
    expect(paths.length).toBeGreaterThan(200);
  });
});

/** Ways through a machine, for a test to take: to each of its transitions, or wherever a seed leads. */
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from 'xstate';
import { nameTransitions } from '../../machines/chart/transition-names.ts';
import { runningDelays } from '../../machines/host/xstate-inspected.ts';
import { Hosted, MachineHost, StepQueue } from '../../machines/index.ts';
import { seededRandom } from '../network/seeded-random.ts';
import type { MachineCase } from './machine-table.ts';

/** One thing that happens to a machine: an event is sent, or a delay of its is over. */
export type Move =
  | { readonly event: { readonly type: string } }
  /** @property after the delay's name, or its milliseconds */
  | { readonly after: string };

export interface Path {
  /** The name of the transition that its last move takes; see `nameTransitions` of `pairlane/machines`. */
  readonly to: string;
  readonly input: unknown;
  readonly moves: readonly Move[];
  /** The state's value after each move, as the machine has it. */
  readonly states: readonly unknown[];
}

export interface WalkOptions {
  /** The same seed takes the same ways; 1 by default. */
  readonly seed?: number;
  /** How many; 100 by default. */
  readonly count?: number;
  /** How many moves each has at most: a final state ends it; 30 by default. */
  readonly length?: number;
}

/** Beyond so many a machine counts something up; the shortest ways were found long before. */
const MAX_STATES = 20_000;

interface Place {
  readonly snapshot: AnyMachineSnapshot;
  readonly input: unknown;
  readonly moves: readonly Move[];
  readonly states: readonly unknown[];
}

/**
 * The shortest path to each transition of the machine that its events and delays lead to.
 * @param machineCase the machine, what it may start with, and an event of every kind that its guards tell apart
 * @returns in the order of the machine's transitions
 * @throws when there are transitions that no path takes, with their names
 */
export function pathsOf(machineCase: MachineCase): Path[] {
  const { machine, inputs } = machineCase;
  const names = nameTransitions(machine);
  const takenBy = stepper(machine);
  const found = new Map<string, Path>();
  const seen = new Set<string>();
  const open = inputs.map((input) => startOf(machine, input));
  for (let at = open.shift(); at && seen.size < MAX_STATES && found.size < names.size; at = open.shift()) {
    for (const move of movesAt(at.snapshot, machineCase.events)) {
      const next = moved(machine, at, move);
      for (const transition of takenBy(at.snapshot, eventOfMove(at.snapshot, move))) {
        const to = names.get(transition as never) as string;
        if (!found.has(to)) found.set(to, { to, ...wayTo(next) });
      }
      const key = JSON.stringify([next.snapshot.value, next.snapshot.context]);
      if (next.snapshot.status === 'active' && !seen.has(key)) {
        seen.add(key);
        open.push(next);
      }
    }
  }
  const missing = [...names.values()].filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`No path takes\n  ${missing.join('\n  ')}`);
  return [...names.values()].map((name) => found.get(name) as Path);
}

/**
 * Random walks, the same for the same seed.
 * @param machineCase as for {@link pathsOf}
 * @returns them, with the state after each move
 */
export function walks(
  machineCase: MachineCase,
  { seed = 1, count = 100, length = 30 }: WalkOptions = {},
): Omit<Path, 'to'>[] {
  const { machine, inputs, events } = machineCase;
  const random = seededRandom(seed);
  const anyOf = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
  return Array.from({ length: count }, () => {
    let at = startOf(machine, anyOf(inputs));
    for (let taken = 0; taken < length && at.snapshot.status === 'active'; taken += 1)
      at = moved(machine, at, anyOf(movesAt(at.snapshot, events)));
    return wayTo(at);
  });
}

const wayTo = ({ input, moves, states }: Place) => ({ input, moves, states });

function startOf(machine: AnyStateMachine, input: unknown): Place {
  const [snapshot] = initialTransition(machine, input as never);
  return { snapshot: snapshot as AnyMachineSnapshot, input, moves: [], states: [] };
}

function moved(machine: AnyStateMachine, { snapshot, input, moves, states }: Place, move: Move): Place {
  const [next] = transition(machine, snapshot as never, eventOfMove(snapshot, move) as never);
  const after = next as AnyMachineSnapshot;
  return { snapshot: after, input, moves: [...moves, move], states: [...states, after.value] };
}

function movesAt(snapshot: AnyMachineSnapshot, events: MachineCase['events']): Move[] {
  return [
    ...events.map((event) => ({ event })),
    ...runningDelays(snapshot).map(({ delay }) => ({ after: delay })),
  ];
}

function eventOfMove(snapshot: AnyMachineSnapshot, move: Move): { readonly type: string } {
  if ('event' in move) return move.event;
  const running = runningDelays(snapshot).find(({ delay }) => delay === move.after);
  if (!running) throw new Error(`No delay ${move.after} is running`);
  return { type: running.eventType };
}

/** Which transitions an event takes in a state, by a host, which tells. */
function stepper(machine: AnyStateMachine) {
  const queue = new StepQueue();
  const effects = Object.keys(machine.implementations.actions).map((name) => [name, () => {}]);
  let taken: readonly unknown[] = [];
  const host = new MachineHost<AnyStateMachine, Hosted<unknown>>(machine, {
    queue,
    executors: Object.fromEntries(effects),
    onError: (_instance, error) => {
      throw error;
    },
  });
  host.observer = ({ transitions }) => {
    taken = transitions;
  };
  return ({ value, context }: AnyMachineSnapshot, event: { readonly type: string }) => {
    const instance = new Hosted<unknown>();
    instance.value = value;
    instance.context = context;
    taken = [];
    host.dispatch(instance, event);
    queue.timers.disarmAll(instance);
    return taken;
  };
}

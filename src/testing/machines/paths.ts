/** Paths through a machine for tests: to each of its transitions, or random walks from a seed. */
import { nameTransitions } from '../../machines/chart/transition-names.ts';
import { runningDelays } from '../../machines/host/xstate-inspected.ts';
import type { Hosted } from '../../machines/index.ts';
import { seededRandom } from '../network/seeded-random.ts';
import type { MachineCase, TableOptions } from './machine-table.ts';
import { RecordingHost } from './recording-host.ts';

/** One move of a machine: an event is sent, or a delay is over. */
export type Move =
  | { readonly event: { readonly type: string } }
  /** @property after the delay's name, or its length in milliseconds */
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
  /** The same seed gives the same walks; 1 by default. */
  readonly seed?: number;
  /** How many walks; 100 by default. */
  readonly count?: number;
  /** How many moves each has at most, unless a final state ends it; 30 by default. */
  readonly length?: number;
}

/** Beyond this number, the machine probably counts something up; the shortest paths were found long before. */
const MAX_STATES = 20_000;

/** The instance at the end of a path. */
export interface Place {
  readonly instance: Hosted<unknown>;
  readonly input: unknown;
  readonly moves: readonly Move[];
  readonly states: readonly unknown[];
}

interface Taken {
  readonly from: Place;
  readonly event: { readonly type: string };
  readonly to: Place;
}

/**
 * Every move from every place that can be reached, nearest places first. The steps show what the move took.
 * @throws if the contexts have no end
 */
export function* placesOf(
  { machine, inputs, events }: MachineCase,
  steps: RecordingHost,
  { isOfInterest = () => true }: Pick<TableOptions, 'isOfInterest'> = {},
): Generator<Taken> {
  const seen = new Set<string>();
  const open: Place[] = [];
  const arrive = (place: Place) => {
    const { value, context, isDone } = place.instance;
    const key = JSON.stringify([value, context]);
    if (isDone || seen.has(key) || !isOfInterest(context as Record<string, unknown>)) return;
    if (seen.size >= MAX_STATES) throw new Error(`${machine.id} has no end of contexts: ${key}`);
    seen.add(key);
    open.push(place);
  };
  for (const input of inputs) arrive(startOf(steps, input));
  for (const from of open)
    for (const move of movesAt(steps, from, events)) {
      const event = eventOfMove(steps, from.instance, move);
      const to = moved(steps, from, move);
      // An ignored event leads nowhere.
      const isTaken = steps.transitions.length > 0;
      yield { from, event, to };
      if (isTaken) arrive(to);
    }
}

/**
 * The shortest path to each transition that the machine's events and delays lead to.
 * @param machineCase the machine, its possible inputs, and an event of every kind that its guards tell apart
 * @returns paths in the order of the machine's transitions
 * @throws if no path takes some transitions, with their names
 */
export function pathsOf(machineCase: MachineCase): Path[] {
  const names = nameTransitions(machineCase.machine);
  const steps = new RecordingHost(machineCase.machine);
  const found = new Map<string, Path>();
  for (const { to: place } of placesOf(machineCase, steps)) {
    for (const transition of steps.transitions) {
      const to = names.get(transition) as string;
      if (!found.has(to)) found.set(to, { to, ...wayTo(place) });
    }
    if (found.size === names.size) break;
  }
  const missing = [...names.values()].filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`No path takes\n  ${missing.join('\n  ')}`);
  return [...names.values()].map((name) => found.get(name) as Path);
}

/**
 * Random walks, the same for the same seed.
 * @param machineCase as for {@link pathsOf}
 * @returns the walks, with the state after each move
 */
export function walks(
  machineCase: MachineCase,
  { seed = 1, count = 100, length = 30 }: WalkOptions = {},
): Omit<Path, 'to'>[] {
  const { machine, inputs, events } = machineCase;
  const steps = new RecordingHost(machine);
  const random = seededRandom(seed);
  const anyOf = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
  return Array.from({ length: count }, () => {
    let at = startOf(steps, anyOf(inputs));
    for (let taken = 0; taken < length && !at.instance.isDone; taken += 1)
      at = moved(steps, at, anyOf(movesAt(steps, at, events)));
    return wayTo(at);
  });
}

const wayTo = ({ input, moves, states }: Place) => ({ input, moves, states });

function startOf(steps: RecordingHost, input: unknown): Place {
  return { instance: steps.start(input), input, moves: [], states: [] };
}

function moved(steps: RecordingHost, { instance, input, moves, states }: Place, move: Move): Place {
  const next = steps.step(instance, eventOfMove(steps, instance, move));
  return { instance: next, input, moves: [...moves, move], states: [...states, next.value] };
}

function movesAt({ host }: RecordingHost, { instance }: Place, events: MachineCase['events']): Move[] {
  const running = runningDelays(host.snapshotOf(instance));
  return [...events.map((event) => ({ event })), ...running.map(({ delay }) => ({ after: delay }))];
}

function eventOfMove(
  { host }: RecordingHost,
  instance: Hosted<unknown>,
  move: Move,
): { readonly type: string } {
  if ('event' in move) return move.event;
  const running = runningDelays(host.snapshotOf(instance)).find(({ delay }) => delay === move.after);
  if (!running) throw new Error(`No delay ${move.after} is running`);
  return { type: running.eventType };
}

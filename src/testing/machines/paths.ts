/** Ways through a machine, for a test to take: to each of its transitions, or wherever a seed leads. */
import { nameTransitions } from '../../machines/chart/transition-names.ts';
import { runningDelays } from '../../machines/host/xstate-inspected.ts';
import type { Hosted } from '../../machines/index.ts';
import { seededRandom } from '../network/seeded-random.ts';
import type { MachineCase } from './machine-table.ts';
import { RecordingHost } from './recording-host.ts';

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
  readonly instance: Hosted<unknown>;
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
  const { machine, inputs, events } = machineCase;
  const names = nameTransitions(machine);
  const steps = new RecordingHost(machine);
  const found = new Map<string, Path>();
  const seen = new Set<string>();
  const open = inputs.map((input) => startOf(steps, input));
  for (let at = open.shift(); at && seen.size < MAX_STATES && found.size < names.size; at = open.shift()) {
    for (const move of movesAt(steps, at, events)) {
      const next = moved(steps, at, move);
      for (const transition of steps.transitions) {
        const to = names.get(transition) as string;
        if (!found.has(to)) found.set(to, { to, ...wayTo(next) });
      }
      const key = JSON.stringify([next.instance.value, next.instance.context]);
      if (!next.instance.isDone && !seen.has(key)) {
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

/**
 * Items to cover besides single transitions, with the shortest paths to them: two transitions in a row, and both
 * results of each guard in every state where it is evaluated.
 */
import type { TakenTransition } from '../../machines/index.ts';
import type { MachineCase, TableOptions } from './machine-table.ts';
import { type Path, type Place, placesOf } from './paths.ts';
import { RecordingHost } from './recording-host.ts';
import { ItemNames, type StepItem, StepItems } from './step-items.ts';

/** An item with its path. */
export interface ItemPath extends Path {
  readonly group: string;
}

/** A place, with the first way found by which each transition leads there, and each that continues from it. */
interface Crossing {
  readonly arrivals: Map<TakenTransition, Place>;
  readonly departures: Map<TakenTransition, Place>;
}

/**
 * The shortest path found to each two consecutive transitions of a region, and to both results of each guard: the last
 * move takes the second transition, or evaluates the guard.
 * @param machineCase as for `pathsOf`; contexts that are not of interest are not continued
 * @throws if the machine's contexts have no end
 */
export function pairPathsOf(machineCase: MachineCase & Pick<TableOptions, 'isOfInterest'>): ItemPath[] {
  const names = new ItemNames([machineCase.machine]);
  const items = new StepItems(() => true);
  const steps = new RecordingHost(machineCase.machine);
  const crossings = new Map<string, Crossing>();
  /** Each place is looked up once per move. */
  const known = new WeakMap<Place, Crossing>();
  const at = (place: Place) => {
    const seen = known.get(place);
    if (seen) return seen;
    const { value, context } = place.instance;
    const key = JSON.stringify([value, context]);
    const crossing = crossings.get(key) ?? { arrivals: new Map(), departures: new Map() };
    crossings.set(key, crossing);
    known.set(place, crossing);
    return crossing;
  };
  const found = new Map<StepItem, Omit<Path, 'to'>>();
  for (const { from, to, event } of placesOf(machineCase, steps, machineCase)) {
    const { transitions } = steps;
    const { instance } = from;
    const machineId = machineCase.machine.id;
    setFirst(found, items.askedOf({ machineId, from: instance.value, event, transitions }), to);
    for (const transition of transitions) {
      setFirst(at(from).departures, transition, to);
      if (!to.instance.isDone) setFirst(at(to).arrivals, transition, to);
    }
  }
  for (const { arrivals, departures } of crossings.values())
    for (const [first, way] of arrivals)
      for (const [second, { moves, states }] of departures) {
        const pair = items.pairOf(first, second);
        if (!pair || (found.get(pair)?.moves.length ?? Number.POSITIVE_INFINITY) <= way.moves.length + 1)
          continue;
        found.set(pair, {
          input: way.input,
          moves: [...way.moves, ...moves.slice(-1)],
          states: [...way.states, ...states.slice(-1)],
        });
      }
  const named = new Map<string, ItemPath>();
  for (const [item, { input, moves, states }] of found)
    for (const [group, to] of names.namesOf(item)) {
      const known = named.get(to);
      if (!known || known.moves.length > moves.length) named.set(to, { group, to, input, moves, states });
    }
  return [...named.values()];
}

function setFirst<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  if (!map.has(key)) map.set(key, value);
}

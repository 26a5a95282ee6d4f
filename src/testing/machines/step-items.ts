/**
 * What tests can cover of a machine: each transition, each two consecutive ones, and both results of each guard in
 * every state where it is evaluated.
 */
import type { AnyStateMachine, AnyStateNode, StateValue } from 'xstate';
import { nameTransitions } from '../../machines/chart/transition-names.ts';
import type { Step, TakenTransition } from '../../machines/index.ts';

/** Two transitions of the same regions, one directly after the other. */
export class TransitionPair {
  readonly first: TakenTransition;
  readonly second: TakenTransition;

  constructor(first: TakenTransition, second: TakenTransition) {
    this.first = first;
    this.second = second;
  }
}

/** An event in a state, and what it took there: the guards' results follow from it. */
export class AskedStep {
  readonly machineId: string;
  readonly from: StateValue;
  readonly eventType: string;
  readonly taken: readonly TakenTransition[];

  constructor(machineId: string, from: StateValue, eventType: string, taken: readonly TakenTransition[]) {
    this.machineId = machineId;
    this.from = from;
    this.eventType = eventType;
    this.taken = taken;
  }
}

/** Equal items are the same object. */
export type StepItem = TakenTransition | TransitionPair | AskedStep;

/** Reads items from steps, using only the machine's objects; their names come later, from {@link ItemNames}. */
export class StepItems {
  /** For each instance, the last transition of each region. */
  readonly #last = new WeakMap<object, readonly TakenTransition[]>();
  readonly #pairs = new Map<TakenTransition, Map<TakenTransition, TransitionPair | undefined>>();
  readonly #asked = new Map<string, AskedStep>();
  readonly #ids = new Map<TakenTransition, number>();
  readonly #isThorough: (machineId: string) => boolean;

  /** @param isThorough whether to cover a machine's pairs and guards, besides its transitions */
  constructor(isThorough: (machineId: string) => boolean) {
    this.#isThorough = isThorough;
  }

  itemsOf(
    step: Pick<Step<unknown>, 'machineId' | 'instance' | 'from' | 'event' | 'transitions'>,
  ): StepItem[] {
    const { machineId, transitions } = step;
    if (!this.#isThorough(machineId)) return [...transitions];
    return [...transitions, ...this.#pairsOf(step.instance as object, transitions), this.askedOf(step)];
  }

  #pairsOf(instance: object, transitions: readonly TakenTransition[]): TransitionPair[] {
    if (transitions.length === 0) return [];
    const last = this.#last.get(instance) ?? [];
    const pairs = last.flatMap((first) => transitions.flatMap((second) => this.pairOf(first, second) ?? []));
    const followed = new Set(pairs.map(({ first }) => first));
    this.#last.set(instance, [...last.filter((first) => !followed.has(first)), ...transitions]);
    return pairs;
  }

  /** @returns undefined for transitions of two regions, which are independent */
  pairOf(first: TakenTransition, second: TakenTransition): TransitionPair | undefined {
    const known = this.#pairs.get(first) ?? new Map<TakenTransition, TransitionPair | undefined>();
    this.#pairs.set(first, known);
    if (!known.has(second))
      known.set(second, areOfOneRegion(first, second) ? new TransitionPair(first, second) : undefined);
    return known.get(second);
  }

  /** The event in a state, and what it took there. */
  askedOf({
    machineId,
    from,
    event,
    transitions,
  }: Pick<Step<unknown>, 'machineId' | 'from' | 'event' | 'transitions'>) {
    const key = [
      machineId,
      JSON.stringify(from),
      event.type,
      ...transitions.map((one) => this.#idOf(one)),
    ].join(' ');
    const asked = this.#asked.get(key) ?? new AskedStep(machineId, from, event.type, transitions);
    this.#asked.set(key, asked);
    return asked;
  }

  #idOf(transition: TakenTransition): number {
    const id = this.#ids.get(transition) ?? this.#ids.size;
    this.#ids.set(transition, id);
    return id;
  }
}

/** Whether neither belongs to a region parallel to the other's. */
function areOfOneRegion(one: TakenTransition, other: TakenTransition): boolean {
  const [line, otherLine] = [lineOf(one.source as AnyStateNode), lineOf(other.source as AnyStateNode)];
  let common = 0;
  while (line[common] !== undefined && line[common] === otherLine[common]) common += 1;
  const isInside = common === line.length || common === otherLine.length;
  return isInside || line[common - 1]?.type !== 'parallel';
}

/** The state and those that enclose it, outermost first. */
function lineOf(node: AnyStateNode): AnyStateNode[] {
  return node.parent ? [...lineOf(node.parent), node] : [node];
}

/** The groups in which a machine's items are counted. */
export interface MachineGroups {
  readonly transitions: string;
  readonly pairs: string;
  readonly guards: string;
}

export const groupsOf = (machineId: string): MachineGroups => ({
  transitions: machineId,
  pairs: `${machineId}, two after each other`,
  guards: `${machineId}, guards`,
});

/** An item's group and its readable name. */
export type NamedItem = readonly [group: string, name: string];

export class ItemNames {
  readonly #machines = new Map<string, AnyStateMachine>();
  readonly #names = new Map<TakenTransition, NamedItem>();

  constructor(machines: readonly AnyStateMachine[]) {
    for (const machine of machines) {
      this.#machines.set(machine.id, machine);
      const { transitions } = groupsOf(machine.id);
      for (const [transition, name] of nameTransitions(machine))
        this.#names.set(transition, [transitions, name]);
    }
  }

  /** All transitions, in the order of the machines. */
  get transitions(): readonly NamedItem[] {
    return [...this.#names.values()];
  }

  /** @returns none for an item of another machine, several for a step that evaluated several guards */
  namesOf(item: StepItem): readonly NamedItem[] {
    if (item instanceof AskedStep) return this.#verdictsOf(item);
    if (!(item instanceof TransitionPair)) {
      const named = this.#names.get(item);
      return named ? [named] : [];
    }
    const [first, second] = [this.#names.get(item.first), this.#names.get(item.second)];
    return first && second ? [[groupsOf(first[0]).pairs, `${first[1]}, then ${second[1]}`]] : [];
  }

  #verdictsOf({ machineId, from, eventType, taken }: AskedStep): NamedItem[] {
    const root = this.#machines.get(machineId)?.root;
    if (!root) return [];
    const names: NamedItem[] = [];
    const group = groupsOf(machineId).guards;
    const note = (transition: TakenTransition & { guard?: unknown }, isYes: boolean, where: string) => {
      if (transition.guard === undefined) return;
      const name = this.#names.get(transition)?.[1];
      names.push([group, `${name} if ${guardName(transition.guard)}: ${isYes ? 'yes' : 'no'}, in ${where}`]);
    };
    ask(root, from, eventType, new Set(taken), note);
    return names;
  }
}

function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const { type, params } = guard as { type?: string; params?: object };
  return [type, ...(params ? Object.values(params) : [])].join(' ');
}

type Note = (transition: TakenTransition & { guard?: unknown }, isYes: boolean, where: string) => void;

/** In XState's order: inner states before enclosing ones, and each state's transitions in order until one is taken. */
function ask(
  node: AnyStateNode,
  value: StateValue | undefined,
  eventType: string,
  taken: ReadonlySet<TakenTransition>,
  note: Note,
): boolean {
  const children = typeof value === 'string' ? [[value, undefined] as const] : Object.entries(value ?? {});
  let isTaken = false;
  for (const [key, inner] of children) {
    const child = node.states[key] as AnyStateNode | undefined;
    if (child && ask(child, inner, eventType, taken, note)) isTaken = true;
  }
  if (isTaken) return true;
  const where = [node.id, ...pathIn(node, value)].join('.');
  for (const candidate of node.transitions.get(eventType) ?? []) {
    const isYes = taken.has(candidate as TakenTransition);
    note(candidate as TakenTransition, isYes, where);
    if (isYes) return true;
  }
  return false;
}

/** The names of the nested active states, as long as there is only one. */
function pathIn(node: AnyStateNode, value: StateValue | undefined): string[] {
  if (value === undefined || node.type === 'parallel') return [];
  if (typeof value === 'string') return value === '' ? [] : [value];
  const [key, inner] = Object.entries(value)[0] as [string, StateValue];
  return [key, ...pathIn(node.states[key] as AnyStateNode, inner)];
}

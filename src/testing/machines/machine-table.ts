/**
 * A machine's behaviour as a text for reviewers: for each transition its guard, its effects with their parameters, and
 * the change of the context; for each guard and delay, its result. The facts are gathered by taking the machine through
 * its examples in every state and context that they lead to.
 */
import type { AnyStateMachine, StateValue } from 'xstate';
import { nameTransitions, type TransitionDefinition } from '../../machines/chart/transition-names.ts';
import { runningDelays } from '../../machines/host/xstate-inspected.ts';
import type { Hosted } from '../../machines/index.ts';
import { ABSENT, Decision, FactBook, type FactPart, type Facts } from './decision.ts';
import { RecordingHost } from './recording-host.ts';

/** More than any of our machines has: a machine whose contexts grow without end is reported to its author. */
const MAX_CONTEXTS = 20_000;

/** A machine's possible inputs, and its events: one of every kind that it tells apart. */
export interface MachineCase {
  readonly machine: AnyStateMachine;
  readonly inputs: readonly unknown[];
  readonly events: readonly { readonly type: string }[];
}

export interface TableOptions {
  /** Contexts for which this returns false are left out: counters, and what a server does not allow to happen. */
  readonly isOfInterest?: (context: Record<string, unknown>) => boolean;
  /** Inputs in addition to those of the examples. */
  readonly inputs?: readonly unknown[];
  /** What a reader is shown of a context, if that is shorter than the context itself. */
  readonly view?: (context: Record<string, unknown>) => Record<string, unknown>;
}

/** What a step did, as text. */
interface Outcome {
  readonly effects: string;
  /** By field, the context afterwards. */
  readonly context: FactPart;
}

/** Observations of one transition, or of several that one event takes together. */
interface Taken {
  readonly outcomes: Map<Facts, Outcome>;
  readonly changed: Set<string>;
}

type Values = Record<string, unknown>;
type Guard = (args: { context: Values; event: Values }, params: unknown) => boolean;
type Delay = (args: { context: Values; event: Values }) => number;

/** @throws if the examples do not take every transition, or lead to too many contexts */
export function tableOf(machineCase: MachineCase, options: TableOptions = {}): string {
  const table = new MachineTable(machineCase.machine, options.view ?? ((context) => context));
  table.explore(machineCase, options);
  return table.text;
}

class MachineTable {
  readonly #machine: AnyStateMachine;
  readonly #names: ReadonlyMap<unknown, string>;
  readonly #taken = new Map<string, Taken>();
  /** For each input: the resulting state, effects and context. */
  readonly #starts = new Map<string, Decision>();
  readonly #guards = new Map<string, Decision>();
  readonly #delays = new Map<string, Decision>();
  readonly #facts = new FactBook();
  readonly #steps: RecordingHost;
  readonly #view: (context: Values) => Values;
  /** The facts of a context; steps that change nothing keep the object. */
  readonly #read = new WeakMap<Values, FactPart>();

  constructor(machine: AnyStateMachine, view: (context: Values) => Values) {
    this.#view = view;
    const guards = Object.entries(machine.implementations.guards as Record<string, Guard>);
    const observed = guards.map(([name, guard]) => [name, this.#observed(name, guard)] as const);
    this.#machine = machine.provide({ guards: Object.fromEntries(observed) } as never);
    this.#names = nameTransitions(this.#machine);
    this.#steps = new RecordingHost(this.#machine);
  }

  explore({ inputs, events }: MachineCase, { isOfInterest = () => true, inputs: more = [] }: TableOptions) {
    const seen = new Set<string>();
    const open: Hosted<unknown>[] = [];
    const visit = (instance: Hosted<unknown>) => {
      if (instance.isDone || !isOfInterest(instance.context as Values)) return;
      const key = JSON.stringify([instance.value, instance.context]);
      if (seen.size >= MAX_CONTEXTS) throw new Error(`${this.#machine.id} has no end of contexts: ${key}`);
      if (!seen.has(key)) open.push(instance);
      seen.add(key);
    };
    for (const input of [...inputs, ...more]) visit(this.#start(input));
    for (let at = open.shift(); at; at = open.shift())
      for (const event of [...events, ...this.#timersOf(at)]) visit(this.#take(at, event));
  }

  #start(input: unknown): Hosted<unknown> {
    const instance = this.#steps.start(input);
    const context = this.#contextPart(instance.context as Values);
    const state = regionsOf(instance.value).map(([region, leaf]) =>
      region === '' ? leaf : `${region}: ${leaf}`,
    );
    const given = Object.entries(flattened((input ?? {}) as Values));
    const facts = this.#facts.facts(
      this.#facts.part(new Map(given.map(([field, value]) => [`input.${field}`, textOf(value)]))),
    );
    decisionOf(this.#starts, 'state').note(facts, state.join(', '));
    decisionOf(this.#starts, 'effects').note(facts, this.#effectsText);
    for (const [field, text] of context.values) decisionOf(this.#starts, field).note(facts, text);
    return instance;
  }

  /** The effects of the last step. */
  get #effectsText(): string {
    const effects = this.#steps.effects.map(({ name: effect, params }) =>
      params === undefined ? effect : `${effect} ${textOf(params)}`,
    );
    return effects.join(', ') || 'none';
  }

  /** The events of the running delays, as if they were over; also notes the length of each. */
  #timersOf(instance: Hosted<unknown>): { type: string }[] {
    const running = runningDelays(this.#steps.host.snapshotOf(instance));
    for (const { delay } of running) {
      const made = this.#machine.implementations.delays[delay] as Delay | number | undefined;
      const context = instance.context as Values;
      const ms = typeof made === 'function' ? made({ context, event: {} }) : (made ?? delay);
      const facts = this.#facts.facts(this.#contextPart(context));
      decisionOf(this.#delays, delay).note(facts, `${ms} ms`);
    }
    return running.map(({ eventType }) => ({ type: eventType }));
  }

  /** @returns a copy after the event */
  #take(at: Hosted<unknown>, event: { type: string }): Hosted<unknown> {
    const instance = this.#steps.step(at, event);
    const { transitions } = this.#steps;
    if (transitions.length > 0) {
      const [before, after] = [at, instance].map(({ context }) => this.#contextPart(context as Values));
      const name = transitions
        .map((transition) => this.#headOf(transition as TransitionDefinition))
        .join('\n& ');
      // The event's facts first: where they and the context's say the same, a reader looks for the event.
      const facts = this.#facts.facts(this.#eventPart(event), this.#statePart(at.value), before as FactPart);
      this.#note(name, facts, before as FactPart, after as FactPart);
    }
    return instance;
  }

  #contextPart(context: Values): FactPart {
    return kept(this.#read, context, () => {
      const fields = Object.entries(flattened(this.#view(context)));
      return this.#facts.part(new Map(fields.map(([field, value]) => [field, textOf(value)])));
    });
  }

  #eventPart(event: Values): FactPart {
    return kept(this.#read, event, () => {
      const fields = { ...event, type: shortType(event.type) };
      return this.#facts.part(
        new Map(Object.entries(fields).map(([field, value]) => [`event.${field}`, textOf(value)])),
      );
    });
  }

  #statePart(value: StateValue): FactPart {
    const regions = regionsOf(value);
    return this.#facts.part(
      new Map(regions.map(([region, leaf]) => [region === '' ? 'state' : `in ${region}`, leaf])),
    );
  }

  #note(name: string, facts: Facts, before: FactPart, after: FactPart): void {
    const taken = this.#taken.get(name) ?? { outcomes: new Map(), changed: new Set() };
    this.#taken.set(name, taken);
    const outcome = { effects: this.#effectsText, context: after };
    const known = taken.outcomes.get(facts);
    if (known && (known.effects !== outcome.effects || known.context !== after))
      throw new Error(`${name}: ${facts} led to something else before`);
    taken.outcomes.set(facts, outcome);
    if (before === after) return;
    for (const [field, text] of after.values) if (before.values.get(field) !== text) taken.changed.add(field);
  }

  #headOf(transition: TransitionDefinition): string {
    const { guard } = transition;
    if (guard === undefined) return this.#names.get(transition) as string;
    const named = guard as { type?: string; params?: unknown };
    const asked = typeof guard === 'string' ? guard : `${named.type} ${textOf(named.params)}`;
    return `${this.#names.get(transition)} if ${asked}`;
  }

  #observed(name: string, guard: Guard): Guard {
    return (args, params) => {
      const verdict = guard(args, params);
      const asked = params === undefined ? name : `${name} ${textOf(params)}`;
      decisionOf(this.#guards, asked).note(
        this.#facts.facts(this.#eventPart(args.event), this.#contextPart(args.context)),
        String(verdict),
      );
      return verdict;
    };
  }

  get text(): string {
    const heads = [...this.#taken.keys()];
    const untaken = [...this.#names.values()].filter((name) => !heads.some((head) => head.includes(name)));
    if (untaken.length > 0)
      throw new Error(`the examples of ${this.#machine.id} do not take\n${untaken.join('\n')}`);
    const order = [...this.#names.values()];
    const rank = (head: string) => order.findIndex((name) => head.startsWith(name));
    heads.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    const transitions = heads.map((head) => section(head, linesOf(this.#taken.get(head) as Taken)));
    const starts = [...this.#starts].flatMap(([name, decision]) => said(name, decision));
    const chapters = [
      [`# Start of ${this.#machine.id}`, starts],
      [`# Transitions of ${this.#machine.id}`, transitions],
      ['# Guards', sectionsOf(this.#guards)],
      ['# Delays', sectionsOf(this.#delays)],
    ] as const;
    return chapters
      .filter(([, sections]) => sections.length > 0)
      .map(([title, sections]) => `${title}\n\n${sections.join('\n')}\n`)
      .join('\n');
  }
}

const section = (title: string, lines: readonly string[]) =>
  [title, ...lines.map((line) => `  ${line}`)].join('\n');

const sectionsOf = (decisions: ReadonlyMap<string, Decision>) =>
  [...decisions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { rows }]) => section(name, rows));

function linesOf({ outcomes, changed }: Taken): string[] {
  const effects = decided(outcomes, (outcome) => outcome.effects);
  const told = effects.always === 'none' ? [] : said('effects', effects);
  const kept = [...changed].sort().flatMap((field) =>
    said(
      field,
      decided(outcomes, ({ context }) => context.values.get(field)),
    ),
  );
  return [...told, ...kept];
}

/** @param of returns undefined if nothing is decided here */
function decided(outcomes: Taken['outcomes'], of: (outcome: Outcome) => string | undefined): Decision {
  const decision = new Decision();
  for (const [facts, outcome] of outcomes) {
    const text = of(outcome);
    if (text !== undefined) decision.note(facts, text);
  }
  return decision;
}

function said(name: string, decision: Decision): string[] {
  if (decision.always !== undefined) return [`${name} = ${decision.always}`];
  if (decision.copiedFact !== undefined) return [`${name} = ${decision.copiedFact}`];
  return [`${name} =`, ...decision.rows.map((row) => `  ${row}`)];
}

/** Lists the settings as separate fields. */
function flattened(fields: Values): Values {
  const { settings, ...others } = fields;
  const own = Object.entries((settings ?? {}) as Values).map(([name, value]) => [`settings.${name}`, value]);
  return { ...others, ...Object.fromEntries(own) };
}

function kept(parts: WeakMap<Values, FactPart>, of: Values, make: () => FactPart): FactPart {
  const part = parts.get(of) ?? make();
  parts.set(of, part);
  return part;
}

function decisionOf(decisions: Map<string, Decision>, name: string): Decision {
  const decision = decisions.get(name) ?? new Decision();
  decisions.set(name, decision);
  return decision;
}

/** XState's names of delays contain the source's. */
const shortType = (type: unknown) => String(type).replace(/^xstate\.after\.([^.]*)\..*$/, 'after $1');

/** Each region with its own leaf; a machine without regions has a single unnamed one. */
function regionsOf(value: StateValue): [region: string, leaf: string][] {
  if (typeof value === 'string') return [['', value]];
  const children = Object.entries(value);
  return children.flatMap(([name, below]) =>
    regionsOf(below as StateValue).map(([region, leaf]): [string, string] =>
      children.length > 1
        ? [region === '' ? name : `${name}.${region}`, leaf]
        : [region, region === '' ? `${name}.${leaf}` : leaf],
    ),
  );
}

/** Short, and the same for equal values: `2`, `{code: no_offer}`, `[7 other paired]`. */
function textOf(value: unknown): string {
  if (value === undefined) return ABSENT;
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${name}: ${textOf(field)}`).join(', ')}}`;
}

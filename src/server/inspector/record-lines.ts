/**
 * Makes the lines of a record from the steps of hosts. Every relayed message makes one while its pairing is recorded,
 * so this has to be cheap: content shared by many steps is made once, and JSON only for a writer.
 */
import { isLikeEvent, redactEvent } from '../../common/redact.ts';
import { chartVersion } from '../../machines/chart/chart.ts';
import {
  chartOf,
  type Effect,
  type GuardVerdict,
  nameTransitions,
  type Step,
  type TakenTransition,
} from '../../machines/index.ts';
import type { Lane, MessageFacts, RecordLine, RecordStep } from '../../protocol/index.ts';
import type { Said } from './line-store.ts';
import type { Instance, ObservedHost, RecordSource, Source } from './source.ts';

/** A source whose machines have records. */
export type RecordedSource = Source & { readonly record: RecordSource };

/** The part of a step that is recorded, for any machine. */
export type AnyStep = Omit<Step<Instance>, 'machineId' | 'from'>;

export interface Machines {
  /** The chart's fingerprint, by machine id. */
  readonly versions: Readonly<Record<string, string>>;
  readonly transitions: ReadonlyMap<TakenTransition, readonly string[]>;
  /** The newest step and its content in each lane: a client's step is in the records of all its pairings. */
  newest: { readonly step: AnyStep; readonly said: Known[] } | undefined;
}

const machinesOf = new WeakMap<RecordedSource, Machines>();

/** All machines whose steps occur in a source's records; computed once per source. */
export function machinesIn(source: RecordedSource): Machines {
  let known = machinesOf.get(source);
  if (!known) {
    const hosts: ObservedHost<never>[] = [
      source.host,
      ...(source.record.members ?? []).map(({ host }) => host),
    ];
    const machines = hosts.map(({ machine }) => machine);
    const names = machines.flatMap((machine) => [...nameTransitions(machine)]);
    known = {
      versions: Object.fromEntries(machines.map((machine) => [machine.id, chartVersion(chartOf(machine))])),
      transitions: new Map(names.map(([transition, name]) => [transition, [name]])),
      newest: undefined,
    };
    machinesOf.set(source, known);
  }
  return known;
}

/** A step's content, and what identifies another step with the same content. */
interface Known extends Said<RecordStep> {
  readonly of: Lane;
  readonly type: string;
  readonly from: unknown;
  readonly taken: AnyStep['transitions'];
  readonly effects: AnyStep['effects'];
}

/** Makes a record's lines. Lines that differ only in their time share one content object. */
export class LineMaker {
  readonly #record: RecordSource;
  readonly #machines: Machines;
  /**
   * The last one for each event type, lane and side: a pairing's candidates differ only in their time. They are few, and
   * what was said last is among the first, so an array is smaller and faster than a map.
   */
  readonly #known: Known[] = [];

  constructor(record: RecordSource, machines: Machines) {
    this.#record = record;
    this.#machines = machines;
  }

  /** @param t milliseconds since the record's start */
  make(of: Lane, step: AnyStep, t: number): Said<RecordStep> {
    const { event } = step;
    const message = this.#record.messageIn(event);
    const known = this.#known;
    const at = this.#indexOf(of, event);
    const last = known[at];
    if (last && saysTheSame(step, message, last)) {
      if (at > 0) [known[0], known[at]] = [last, known[0] as Known];
      return last;
    }
    const said = this.#saidBy(of, step, message, t);
    known[at] = said;
    return said;
  }

  /** @returns the length for a step that is not known */
  #indexOf(of: Lane, event: AnyStep['event']): number {
    const { type } = event;
    const { from } = event as { readonly from?: unknown };
    const known = this.#known;
    let at = 0;
    for (; at < known.length; at += 1) {
      const one = known[at] as Known;
      if (one.type === type && one.from === from && one.of === of) break;
    }
    return at;
  }

  #saidBy(of: Lane, step: AnyStep, message: MessageFacts | undefined, t: number): Known {
    if (this.#machines.newest?.step !== step) this.#machines.newest = { step, said: [] };
    const { said } = this.#machines.newest;
    let known = said.find((one) => one.of === of);
    if (!known) {
      const line = this.#lineOf(of, step, message, t);
      const { transitions: taken, effects } = step;
      const { type, from } = line.event;
      known = { line, size: sizeOf(line), of, type, from, taken, effects };
      said.push(known);
    }
    return known;
  }

  #lineOf(of: Lane, step: AnyStep, message: MessageFacts | undefined, t: number): RecordStep {
    const { instance, event, to, transitions, effects, verdicts } = step;
    return {
      t,
      of,
      ...whereabouts(instance),
      event: redactEvent(event),
      to: to as RecordStep['to'],
      taken: this.#namesOf(transitions),
      effects: effects.length === 0 ? NONE : effects.map(effectFacts),
      ...(verdicts.length > 0 && { verdicts: verdicts.map(verdictFacts) }),
      ...(message && { message }),
    };
  }

  /** Steps that take the same transition share the array of its name. */
  #namesOf(taken: readonly TakenTransition[]): readonly string[] {
    const { transitions } = this.#machines;
    const [first] = taken;
    if (taken.length === 1 && first) return transitions.get(first) ?? NONE;
    return taken.flatMap((transition) => transitions.get(transition) ?? []);
  }
}

const NONE: readonly never[] = [];

/**
 * The JSON of the line with that content at that time.
 * @param t milliseconds since the record's start
 */
export function jsonOf(said: Said, t: number): string {
  said.tail ??= JSON.stringify(said.line).slice(`{"t":${said.line.t}`.length);
  return `{"t":${t}${said.tail}`;
}

/**
 * Compares only what is cheap to compare: a false difference costs only time. The reason why an event was ignored is
 * not cheap.
 */
function saysTheSame(
  step: AnyStep,
  message: MessageFacts | undefined,
  { line, taken, effects }: Known,
): boolean {
  return (
    step.transitions === taken &&
    taken.length > 0 &&
    step.effects === effects &&
    step.to === line.to &&
    step.instance.node === line.node &&
    message === line.message &&
    isLikeEvent(step.event, line.event)
  );
}

/** The JSON around a line's values: names, quotation marks, braces. */
const LINE_BYTES = 75;
const FIELD_BYTES = 6;
/** The length of most numbers in lines. */
const NUMBER_BYTES = 6;

/** About the length of the line's JSON, without making it. */
export function sizeOf(line: RecordLine): number {
  if (!('event' in line)) return valueSize(line);
  const { event, to, taken, effects, verdicts, message } = line;
  let size = LINE_BYTES + line.of.length + (typeof to === 'string' ? to.length : valueSize(to));
  for (const field in event) size += field.length + FIELD_BYTES + scalarSize(event[field]);
  for (const name of taken) size += name.length + FIELD_BYTES / 2;
  for (const effect of effects)
    size += effect.params ? valueSize(effect) : effect.type.length + 2 * FIELD_BYTES;
  if (verdicts) size += valueSize(verdicts);
  if (message) size += valueSize(message);
  return size;
}

function valueSize(value: unknown): number {
  if (typeof value !== 'object' || value === null) return scalarSize(value);
  let size = 2;
  for (const field in value)
    size += field.length + FIELD_BYTES + valueSize((value as Record<string, unknown>)[field]);
  return size;
}

function scalarSize(value: unknown): number {
  return typeof value === 'string' ? value.length : NUMBER_BYTES;
}

export function whereabouts({ node }: Pick<Instance, 'node'>): { readonly node?: number } {
  return node === undefined ? {} : { node };
}

/** The context fields that the machines' guards read; all others are left out. */
const KEPT_CONTEXT = new Set([
  'id',
  'pairings',
  'maxPeers',
  'may',
  'isMissed',
  'isResumable',
  'settings',
  'resumeGraceMs',
  'initiatorId',
  'responderId',
  'epoch',
  'offerer',
  'isInitiatorConnected',
  'isResponderConnected',
  'isParent',
  'hostId',
]);

export function contextFacts(context: unknown): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  for (const field in context as object)
    if (KEPT_CONTEXT.has(field)) facts[field] = (context as Record<string, unknown>)[field];
  return facts;
}

function effectFacts({ type, params }: Effect) {
  return params ? { type, params: params as Record<string, unknown> } : { type };
}

function verdictFacts({ guard, params, passed }: GuardVerdict) {
  return { guard, ...(params ? { params: params as Record<string, unknown> } : {}), passed };
}

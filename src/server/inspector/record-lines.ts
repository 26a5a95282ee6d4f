/**
 * The lines of a record, made from the steps of hosts. Every relayed message makes one while its pairing is recorded, so
 * this is kept cheap: what is the same for many steps is made once, and JSON only for who writes it.
 */
import { redactEvent } from '../../common/redact.ts';
import { chartVersion } from '../../machines/chart/chart.ts';
import {
  chartOf,
  type GuardVerdict,
  nameTransitions,
  type Step,
  type TakenTransition,
} from '../../machines/index.ts';
import type { EffectFacts, Lane, RecordLine, RecordStep } from '../../protocol/index.ts';
import type { Instance, ObservedHost, RecordSource, Source } from './source.ts';

/** A source whose machines have records. */
export type RecordedSource = Source & { readonly record: RecordSource };

/** The part of a step that is recorded, whichever machine it is of. */
export type AnyStep = Omit<Step<Instance>, 'machineId' | 'from'>;

export interface Machines {
  /** By the machine's id, its chart's fingerprint. */
  readonly versions: Readonly<Record<string, string>>;
  readonly transitions: ReadonlyMap<TakenTransition, readonly string[]>;
}

const machinesOf = new WeakMap<RecordedSource, Machines>();

/** All machines whose steps are in a source's records; worked out once. */
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
    };
    machinesOf.set(source, known);
  }
  return known;
}

interface Known {
  readonly line: RecordStep;
  /** About the length of its JSON. */
  readonly size: number;
  /** Its JSON after the time. */
  tail?: string;
}

/** Makes a record's lines. What a line says but for its time is kept once for all lines that say the same. */
export class LineMaker {
  readonly #record: RecordSource;
  readonly #transitions: Machines['transitions'];
  /** The last line for each event: a pairing's candidates differ in nothing but their time. */
  readonly #known = new Map<string, Known>();

  constructor(record: RecordSource, { transitions }: Machines) {
    this.#record = record;
    this.#transitions = transitions;
  }

  /** @param t milliseconds since the record's start */
  make(of: Lane, { instance, event, to, transitions, effects, verdicts }: AnyStep, t: number): RecordStep {
    const { from } = event as { readonly from?: unknown };
    const key = `${of} ${event.type} ${from === undefined ? '' : from}`;
    const last = this.#known.get(key)?.line;
    const message = this.#record.messageIn(event);
    const line: { -readonly [Field in keyof RecordStep]: RecordStep[Field] } = {
      t,
      of,
      ...whereabouts(instance),
      event: redactEvent(event, last?.event),
      to: to as RecordStep['to'],
      taken: namesOf(transitions, this.#transitions),
      effects: effectFacts(effects),
    };
    if (verdicts.length > 0) line.verdicts = verdicts.map(verdictFacts);
    if (message) line.message = message;
    if (!last || !saysTheSame(line, last)) this.#known.set(key, { line, size: sizeOf(line) });
    return line;
  }

  /** @param line the one that was made last for its event */
  sizeOf(line: RecordLine): number {
    return this.#of(line)?.size ?? sizeOf(line);
  }

  /** @param line the one that was made last for its event */
  jsonOf(line: RecordLine): string {
    const known = this.#of(line);
    if (!known) return JSON.stringify(line);
    const { t } = line;
    known.tail ??= JSON.stringify(known.line).slice(`{"t":${known.line.t}`.length);
    return `{"t":${t}${known.tail}`;
  }

  #of(line: RecordLine): Known | undefined {
    if (!('event' in line)) return undefined;
    const { from } = line.event;
    const known = this.#known.get(`${line.of} ${line.event.type} ${from === undefined ? '' : from}`);
    return known && saysTheSame(line, known.line) ? known : undefined;
  }
}

/** As far as it is cheap to say; a difference that is none costs time and nothing else. */
function saysTheSame(one: RecordStep, other: RecordStep): boolean {
  return (
    one.of === other.of &&
    one.node === other.node &&
    one.event === other.event &&
    one.to === other.to &&
    one.taken === other.taken &&
    one.effects === other.effects &&
    one.verdicts === other.verdicts &&
    one.message === other.message
  );
}

const effectsOf = new Map<string, readonly EffectFacts[]>();

function effectFacts(effects: AnyStep['effects']): readonly EffectFacts[] {
  const [first] = effects;
  if (effects.length !== 1 || !first || first.params)
    return effects.map(({ type, params }) => (params ? { type, params: params as never } : { type }));
  let facts = effectsOf.get(first.type);
  if (!facts) {
    facts = [{ type: first.type }];
    effectsOf.set(first.type, facts);
  }
  return facts;
}

const NONE: readonly string[] = [];

function namesOf(taken: readonly TakenTransition[], names: Machines['transitions']): readonly string[] {
  const [first] = taken;
  // Nearly every step takes one.
  if (taken.length === 1 && first) return names.get(first) ?? NONE;
  return taken.flatMap((transition) => names.get(transition) ?? NONE);
}

/** What JSON has around a line's values: names, quotation marks, braces. */
const LINE_BYTES = 75;
const FIELD_BYTES = 6;
/** A number as it is in most lines. */
const NUMBER_BYTES = 6;

/** About the length of its JSON, without making it. */
export function sizeOf(line: RecordLine): number {
  if (!('event' in line)) return JSON.stringify(line).length;
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

/** What the machines' guards look at; a field that nobody thought of is left out. */
const KEPT_CONTEXT = [
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
  'gameId',
  'playerId',
  'isParent',
  'hostId',
];

export function contextFacts(context: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(context as object).filter(([field]) => KEPT_CONTEXT.includes(field)),
  );
}

function verdictFacts({ guard, params, passed }: GuardVerdict) {
  return { guard, ...(params ? { params: params as Record<string, unknown> } : {}), passed };
}

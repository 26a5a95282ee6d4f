/**
 * Makes the lines of a record from the steps of hosts. Every relayed message makes one while its pairing is recorded,
 * so this has to be cheap: content shared by many steps is made once, and JSON only for a writer.
 */
import { areSameFacts, isLikeEvent, OWN_EPOCH, redactEvent } from '../../common/redact.ts';
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
  readonly lines: LineMaker;
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
      lines: new LineMaker(source.record, new Map(names.map(([transition, name]) => [transition, [name]]))),
    };
    machinesOf.set(source, known);
  }
  return known;
}

/** A step's content, with its effects as the host gave them: the same array for the same step of any instance. */
interface Known extends Said<RecordStep> {
  readonly effects: AnyStep['effects'];
}

/** How many steps that take the same transitions are known: of two sides, and with candidates of a few kinds. */
const MAX_KNOWN = 8;

/**
 * Makes the lines of all records of a source. What differs only in its time and in the record that it is in is made once:
 * pairings' candidates are many, and say few things.
 */
export class LineMaker {
  readonly #record: RecordSource;
  readonly #names: ReadonlyMap<TakenTransition, readonly string[]>;
  /** By the transitions taken, which are the same array as long as the machine's host remembers the step; newest last. */
  readonly #known = new WeakMap<AnyStep['transitions'], Known[]>();

  /** @param names of the machines' transitions, each in an array */
  constructor(record: RecordSource, names: ReadonlyMap<TakenTransition, readonly string[]>) {
    this.#record = record;
    this.#names = names;
  }

  /**
   * @param t milliseconds since the record's start
   * @param epoch the record's
   */
  make(of: Lane, step: AnyStep, t: number, epoch: number): Said<RecordStep> {
    const { transitions: taken, effects } = step;
    const message = this.#record.messageIn(step.event);
    const known = this.#known.get(taken);
    if (known) for (const each of known) if (saysTheSame(of, step, message, epoch, each)) return each;
    const line = this.#lineOf(of, step, message, t, epoch);
    const hasOwnEpoch = line.event.epoch === OWN_EPOCH;
    const said: Known = { line, size: sizeOf(line), hasOwnEpoch, effects };
    // The reason why an event was ignored is not cheap to compare.
    if (taken.length === 0) return said;
    if (!known) this.#known.set(taken, [said]);
    else if (known.push(said) > (namesClient(line.event) ? LANES_OF_CLIENT : MAX_KNOWN)) known.shift();
    return said;
  }

  #lineOf(of: Lane, step: AnyStep, message: MessageFacts | undefined, t: number, epoch: number): RecordStep {
    const { instance, event, to, transitions, effects, verdicts } = step;
    return {
      t,
      of,
      ...whereabouts(instance),
      event: redactEvent(event, epoch),
      to: to as RecordStep['to'],
      taken: this.#namesOf(transitions),
      effects: effects.length === 0 ? NONE : effects.map(effectFacts),
      ...(verdicts.length > 0 && { verdicts: verdicts.map(verdictFacts) }),
      ...(message && { message }),
    };
  }

  /** Steps that take the same transition share the array of its name. */
  #namesOf(taken: readonly TakenTransition[]): readonly string[] {
    const [first] = taken;
    if (taken.length === 1 && first) return this.#names.get(first) ?? NONE;
    return taken.flatMap((transition) => this.#names.get(transition) ?? []);
  }
}

const NONE: readonly never[] = [];

/** A client initiates some of its pairings, and responds in others. */
const LANES_OF_CLIENT = 2;

/** Such an event is said again only in the other records of its client, at once: no earlier ones need be compared. */
function namesClient(event: RecordStep['event']): boolean {
  return 'peerId' in event || 'targetId' in event || 'id' in event;
}

/**
 * The JSON of the line with that content at that time.
 * @param t milliseconds since the record's start
 * @param epoch the record's
 */
export function jsonOf(said: Said, t: number, epoch: number): string {
  said.tail ??= tailOf(said);
  return `{"t":${t}${said.tail.join(String(epoch))}`;
}

function tailOf({ line, hasOwnEpoch }: Said): readonly string[] {
  const tail = JSON.stringify(line).slice(`{"t":${line.t}`.length);
  if (!hasOwnEpoch) return [tail];
  // The event comes before anything else that could have an epoch.
  const at = tail.indexOf(OWN_EPOCH_JSON) + EPOCH_JSON.length;
  return [tail.slice(0, at), tail.slice(at + String(OWN_EPOCH).length)];
}

const EPOCH_JSON = '"epoch":';
const OWN_EPOCH_JSON = `${EPOCH_JSON}${OWN_EPOCH}`;

/** Compares only what is cheap to compare: a false difference costs only time. */
function saysTheSame(
  of: Lane,
  step: AnyStep,
  message: MessageFacts | undefined,
  epoch: number,
  { line, effects }: Known,
): boolean {
  return (
    line.of === of &&
    step.effects === effects &&
    step.to === line.to &&
    step.instance.node === line.node &&
    isLikeEvent(step.event, line.event, epoch) &&
    areSameFacts(message, line.message)
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

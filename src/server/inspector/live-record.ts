/**
 * One record, line by line, from the steps of its machine and of those that take part. The file writer and the page's
 * feed both listen to it. It is bounded: a pairing that goes on for days does not fill the memory.
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
import {
  type Lane,
  type PairingRecord,
  RECORD_FORMAT,
  RECORD_VERSION,
  type RecordEnd,
  type RecordHeader,
  type RecordLine,
  type RecordStep,
} from '../../protocol/index.ts';
import type { Instance, ObservedHost, RecordSource, Seat, Source } from './source.ts';

/** In memory and on disk, as JSON; a pairing that connects at once takes 15 KB. */
export const MAX_RECORD_BYTES = 512 * 1024;
/** How much of that the steps may take that clients tell of themselves: they may tell what they like. */
export const MAX_PEER_BYTES = 128 * 1024;
/** What is kept free for the line that says why the record ends. */
const END_BYTES = 64;

/** A source whose machines have records. */
export type RecordedSource = Source & { readonly record: RecordSource };

/** @param json the line as a file has it, without the end of the line */
export type LogListener = (line: RecordLine, json: string) => void;

/** The part of a step that is recorded, whichever machine it is of. */
export type AnyStep = Omit<Step<Instance>, 'machineId' | 'from'>;

interface Machines {
  /** By the machine's id, its chart's fingerprint. */
  readonly versions: Readonly<Record<string, string>>;
  readonly transitions: ReadonlyMap<TakenTransition, string>;
}

const machinesOf = new WeakMap<RecordedSource, Machines>();

/** All machines whose steps are in a source's records; worked out once. */
function machinesIn(source: RecordedSource): Machines {
  let known = machinesOf.get(source);
  if (!known) {
    const hosts: ObservedHost<never>[] = [
      source.host,
      ...(source.record.members ?? []).map(({ host }) => host),
    ];
    const machines = hosts.map(({ machine }) => machine);
    known = {
      versions: Object.fromEntries(machines.map((machine) => [machine.id, chartVersion(chartOf(machine))])),
      transitions: new Map(machines.flatMap((machine) => [...nameTransitions(machine)])),
    };
    machinesOf.set(source, known);
  }
  return known;
}

export class LiveRecord {
  readonly header: RecordHeader;
  readonly lines: RecordLine[] = [];
  readonly listeners = new Set<LogListener>();
  readonly source: RecordedSource;
  /** Whose record it is. */
  readonly subject: Instance;
  isOver = false;
  /** As JSON. */
  bytes = 0;
  /** Told of each line's bytes. */
  onGrown: ((bytes: number) => void) | undefined;
  #peerBytes = 0;
  readonly #startedAt: number;
  readonly #machines: Machines;
  #seats: readonly Seat[] = [];
  /** Those of whom another step may come: the subject and its members. */
  readonly #present: Set<Instance>;

  /**
   * @param now of the server's clock
   * @param wallTime milliseconds since 1970
   */
  constructor(source: RecordedSource, subject: Instance, now: number, wallTime: number) {
    const { record } = source;
    this.source = source;
    this.subject = subject;
    this.#startedAt = now;
    this.#machines = machinesIn(source);
    this.header = {
      format: RECORD_FORMAT,
      version: RECORD_VERSION,
      machines: this.#machines.versions,
      ...(record.kind !== 'pairing' && { kind: record.kind }),
      started_at: Math.round(wallTime),
      ...record.headOf(subject),
    };
    this.#present = new Set([subject]);
    this.reseat();
  }

  get record(): PairingRecord {
    return { header: this.header, lines: this.lines };
  }

  /** Who takes part, and in which lanes. */
  get seats(): readonly Seat[] {
    return this.#seats;
  }

  laneOf(member: Instance): Lane {
    return this.#seats.find((seat) => seat.member === member)?.lane ?? 'initiator';
  }

  /** Looks who takes part now. @returns those that are new, and those that are no longer there */
  reseat(): { readonly come: readonly Seat[]; readonly gone: readonly Seat[] } {
    const before = this.#seats;
    const now: Seat[] = [];
    const come: Seat[] = [];
    for (const members of this.source.record.members ?? []) {
      for (const seat of members.of(this.subject)) {
        now.push(seat);
        if (before.some(({ member }) => member === seat.member)) continue;
        come.push(seat);
        if (members.leaves) this.#present.add(seat.member);
      }
    }
    const gone = before.filter(({ member }) => !now.some((seat) => seat.member === member));
    for (const { member } of gone) this.#present.delete(member);
    this.#seats = now;
    return { come, gone };
  }

  /** A lane whose machine is running already. */
  noteState(of: Lane, instance: Omit<Instance, 'isDone'>, now: number): void {
    this.#add({
      t: this.#since(now),
      of,
      ...whereabouts(instance),
      first: { value: instance.value as never, context: contextFacts(instance.context) },
    });
  }

  /** The subject's machine is about to start. */
  noteStart(now: number): void {
    const { lane, inputOf } = this.source.record;
    this.#add({ t: this.#since(now), of: lane, first: { input: inputOf(this.subject) } });
  }

  noteStep(of: Lane, step: AnyStep, now: number): void {
    // A pairing that goes on beyond its record's end must not pay for facts that nobody keeps.
    if (this.isOver) return;
    const message = this.source.record.messageIn(step.event);
    const line: RecordStep = {
      t: this.#since(now),
      of,
      ...whereabouts(step.instance),
      event: redactEvent(step.event),
      to: step.to as RecordStep['to'],
      taken: step.transitions.flatMap((transition) => this.#machines.transitions.get(transition) ?? []),
      effects: step.effects.map(({ type, params }) => ({
        type,
        ...(params ? { params: params as never } : {}),
      })),
      ...(step.verdicts.length > 0 && { verdicts: step.verdicts.map(verdictFacts) }),
      ...(message && { message }),
    };
    this.#add(line);
  }

  /** A step that a client tells of its own machine; it was checked where it came in. */
  notePeer(line: Omit<RecordStep, 't'>, now: number): void {
    const told = { t: this.#since(now), ...line };
    const json = JSON.stringify(told);
    if (this.#peerBytes + json.length > MAX_PEER_BYTES) return;
    this.#peerBytes += json.length;
    this.#add(told, json);
  }

  /** @returns true when no other step can come: the record is over */
  noteLeft(member: Instance, now: number): boolean {
    this.#present.delete(member);
    if (this.#present.size > 0) return false;
    this.end('over', now);
    return true;
  }

  end(end: RecordEnd['end'], now: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#push({ t: this.#since(now), end });
  }

  #add(line: RecordLine, json = JSON.stringify(line)): void {
    if (this.isOver) return;
    if (this.bytes + json.length <= MAX_RECORD_BYTES - END_BYTES) this.#push(line, json);
    else {
      this.isOver = true;
      this.#push({ t: line.t, end: 'too_long' });
    }
  }

  #push(line: RecordLine, json = JSON.stringify(line)): void {
    this.lines.push(line);
    this.bytes += json.length;
    for (const listener of this.listeners) listener(line, json);
    this.onGrown?.(json.length);
  }

  #since(now: number): number {
    return Math.round((now - this.#startedAt) * 10) / 10;
  }
}

function whereabouts({ node }: Pick<Instance, 'node'>): { readonly node?: number } {
  return node === undefined ? {} : { node };
}

/** What the machines' guards look at; a field that nobody thought of is left out. */
const KEPT_CONTEXT = [
  'id',
  'pairings',
  'maxPeers',
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

function contextFacts(context: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(context as object).filter(([field]) => KEPT_CONTEXT.includes(field)),
  );
}

function verdictFacts({ guard, params, passed }: GuardVerdict) {
  return { guard, ...(params ? { params: params as Record<string, unknown> } : {}), passed };
}

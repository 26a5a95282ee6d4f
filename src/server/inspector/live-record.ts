/**
 * One record, built line by line from the steps of its machine and of the members' machines. The file writer and the
 * page's feed listen to it. It is bounded, so that a pairing that lasts for days does not fill the memory.
 */
import { hasFailed } from '../../inspector/records/outcome.ts';
import {
  type Evidence,
  type Lane,
  type PairingRecord,
  RECORD_FORMAT,
  RECORD_VERSION,
  type RecordEnd,
  type RecordEvidence,
  type RecordHeader,
  type RecordLine,
  type RecordStep,
} from '../../protocol/index.ts';
import { LineStore, lineAt, type Said } from './line-store.ts';
import {
  type AnyStep,
  contextFacts,
  jsonOf,
  type LineMaker,
  machinesIn,
  type RecordedSource,
  sizeOf,
  whereabouts,
} from './record-lines.ts';
import type { Instance, Seat } from './source.ts';

/** In memory and on disk, as JSON; a pairing that connects at once takes 15 KB. */
export const MAX_RECORD_BYTES = 512 * 1024;
/** How much memory a byte of a record takes at most: short steps that clients report take the most. */
export const MEMORY_PER_RECORD_BYTE = 2.5;
/** The part of that which steps reported by clients may take, since clients may report anything. */
export const MAX_PEER_BYTES = 128 * 1024;
/** Reserved for the line that says why the record ends. */
const END_BYTES = 64;

export type LogListener = (line: RecordLine) => void;

type Transports = Readonly<Partial<Record<RecordEvidence['side'], Pick<Evidence, 'dtls' | 'sctp'>>>>;

export class LiveRecord {
  // What every step needs stands first, and so together: a server with many records has few of them in its caches.
  readonly source: RecordedSource;
  /** The machine that is recorded. */
  readonly subject: Instance;
  readonly #maker: LineMaker;
  readonly #store: LineStore;
  readonly #epoch: number;
  readonly #startedAt: number;
  /** How often the members had changed when they were read. */
  #seatings: number | undefined;
  isOver = false;
  #hasFailed: boolean | undefined;
  /** Length as JSON; estimated if there is no writer. */
  bytes = 0;
  /** Receives each line as written to a file, without the line break. If there is no writer, no JSON is made. */
  writer: ((json: string) => void) | undefined;
  /** Replaced on every change, like all lists here: most records have none, and an array takes less than a set. */
  listeners: readonly LogListener[] = NONE;
  /** Called with each line's bytes. */
  onGrown: ((bytes: number) => void) | undefined;
  readonly header: RecordHeader;
  /** The address that this record is counted for when records are dropped; never written. */
  readonly address: string;
  #peerBytes = 0;
  /** The transport states that each side reported last. */
  #transports: Transports = {};
  #seats: readonly Seat[] = [];
  /** The machines that may still step: the subject and its members. */
  #present: readonly Instance[];

  /**
   * @param now of the server's clock
   * @param wallTime milliseconds since 1970
   */
  constructor(source: RecordedSource, subject: Instance, now: number, wallTime: number) {
    const { record } = source;
    const machines = machinesIn(source);
    const head = record.headOf(subject);
    this.source = source;
    this.subject = subject;
    this.#maker = machines.lines;
    this.#store = new LineStore(head.epoch);
    this.#epoch = head.epoch;
    this.#startedAt = now;
    this.address = record.addressOf?.(subject) ?? '';
    this.header = {
      format: RECORD_FORMAT,
      version: RECORD_VERSION,
      machines: machines.versions,
      ...(record.kind !== 'pairing' && { kind: record.kind }),
      started_at: Math.round(wallTime),
      ...head,
    };
    this.#present = [subject];
    this.reseat();
  }

  get record(): PairingRecord {
    return { header: this.header, lines: this.lines };
  }

  /** Whether it is over and did not work. It is diagnosed once, since nothing is added to it any more. */
  get hasFailed(): boolean {
    if (!this.isOver) return false;
    this.#hasFailed ??= hasFailed(this.record);
    return this.#hasFailed;
  }

  get lines(): readonly RecordLine[] {
    return this.#store.lines;
  }

  /** The number of lines. */
  get length(): number {
    return this.#store.length;
  }

  /** The members, and their lanes. */
  get seats(): readonly Seat[] {
    return this.#seats;
  }

  laneOf(member: Instance): Lane {
    return this.#seats.find((seat) => seat.member === member)?.lane ?? 'initiator';
  }

  /** Whether other members take part than when they were read. */
  get isReseated(): boolean {
    return this.source.record.seatingsOf?.(this.subject) !== this.#seatings;
  }

  /**
   * Reads again who takes part.
   * @returns the seats that are new, and those that are gone
   */
  reseat(): { readonly come: readonly Seat[]; readonly gone: readonly Seat[] } {
    this.#seatings = this.source.record.seatingsOf?.(this.subject);
    const before = this.#seats;
    const now: Seat[] = [];
    const come: Seat[] = [];
    for (const members of this.source.record.members ?? []) {
      for (const seat of members.of(this.subject)) {
        now.push(seat);
        if (before.some(({ member }) => member === seat.member)) continue;
        come.push(seat);
        if (members.leaves) this.#present = [...this.#present, seat.member];
      }
    }
    const gone = before.filter(({ member }) => !now.some((seat) => seat.member === member));
    for (const { member } of gone) this.#leaves(member);
    this.#seats = now;
    return { come, gone };
  }

  /** Notes the state of a machine that is already running in its lane. */
  noteState(of: Lane, instance: Omit<Instance, 'isDone'>, now: number): void {
    const first = { value: instance.value as never, context: contextFacts(instance.context) };
    this.#addOnce({ t: this.#since(now), of, ...whereabouts(instance), first });
  }

  /** The subject's machine is about to start. */
  noteStart(now: number): void {
    const { lane, inputOf } = this.source.record;
    this.#addOnce({ t: this.#since(now), of: lane, first: { input: inputOf(this.subject) } });
  }

  noteStep(of: Lane, step: AnyStep, now: number): void {
    // A pairing that outlives its record must not pay for facts that nobody keeps.
    if (this.isOver) return;
    const t = this.#since(now);
    this.#add(this.#maker.make(of, step, t, this.#epoch), t);
  }

  /** A step that a client reported of its own machine; it was checked on arrival. */
  notePeer(line: Omit<RecordStep, 't'>, now: number): void {
    this.#noteTold({ t: this.#since(now), ...line });
  }

  /** What a client reported about its connection. */
  noteEvidence(side: RecordEvidence['side'], evidence: Evidence, now: number): void {
    const { dtls, sctp } = evidence;
    if (dtls !== undefined) this.#transports = { ...this.#transports, [side]: { dtls, sctp } };
    this.#noteTold({ t: this.#since(now), side, evidence });
  }

  /** Whether a side has DTLS but no SCTP: the browser calls that connected, but no data gets through. */
  get lacksChannel(): boolean {
    return Object.values(this.#transports).some(
      ({ dtls, sctp }) => dtls === 'connected' && sctp !== undefined && sctp !== 'connected',
    );
  }

  #noteTold(told: RecordStep | RecordEvidence): void {
    const once = said(told);
    if (this.#peerBytes + once.size > MAX_PEER_BYTES) return;
    this.#peerBytes += once.size;
    this.#add(once, told.t);
  }

  /** @returns true when no further step can come: the record is over */
  noteLeft(member: Instance, now: number): boolean {
    this.#leaves(member);
    if (this.#present.length > 0) return false;
    this.end('over', now);
    return true;
  }

  #leaves(member: Instance): void {
    this.#present = this.#present.filter((one) => one !== member);
  }

  /** @param now if omitted, the time of the last line */
  end(end: RecordEnd['end'], now?: number): void {
    if (this.isOver) return;
    this.isOver = true;
    const t = now === undefined ? this.#store.lastTime : this.#since(now);
    const last = said({ t, end });
    this.#push(last, t, last.size, this.writer && jsonOf(last, t, this.#epoch));
  }

  #addOnce(line: RecordLine): void {
    this.#add({ line, size: sizeOf(line) }, line.t);
  }

  #add(said: Said, t: number): void {
    if (this.isOver) return;
    const json = this.writer && jsonOf(said, t, this.#epoch);
    const size = json?.length ?? said.size;
    if (this.bytes + size <= MAX_RECORD_BYTES - END_BYTES) this.#push(said, t, size, json);
    else this.end('too_long');
  }

  #push(said: Said, t: number, size: number, json: string | undefined): void {
    this.#store.add(said, t);
    this.bytes += size;
    if (json !== undefined) this.writer?.(json);
    if (this.listeners.length > 0) {
      const line = lineAt(said, t, this.#epoch);
      for (const listener of this.listeners) listener(line);
    }
    this.onGrown?.(size);
  }

  #since(now: number): number {
    return Math.round((now - this.#startedAt) * 10) / 10;
  }
}

const NONE: readonly never[] = [];

/** The content of a line that a client has a part in. */
function said(line: RecordLine): Said {
  return { line, size: JSON.stringify(line).length };
}

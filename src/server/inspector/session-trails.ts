/**
 * The latest steps and refusals of each session, paired or not: for wrong keys and other errors that never lead to a
 * pairing with a record. Followed while a page is open, and bounded: the sessions that were idle longest make room.
 */
import type { Clock } from '../../common/clock.ts';
import type { Step } from '../../machines/index.ts';
import {
  type PairingRecord,
  RECORD_FORMAT,
  RECORD_VERSION,
  type RecentRefusal,
  type RecordHeader,
  type RecordStep,
} from '../../protocol/index.ts';
import { lineAt } from './line-store.ts';
import type { LogListener } from './live-record.ts';
import { observeHost } from './observe-host.ts';
import { contextFacts, machinesIn, type RecordedSource, sizeOf } from './record-lines.ts';
import type { Instance, RecordSource, Source } from './source.ts';

export const MAX_TRAIL_LINES = 50;
const MAX_TRAILS_BYTES = 4 * 1024 * 1024;
/** What a trail costs in addition to its lines. */
const TRAIL_BYTES = 500;
const MAX_RECENT_REFUSALS = 50;
/** Says only how it is recorded; what a list shows of a session comes from the source. */
const record: RecordSource = {
  kind: 'session',
  lane: 'initiator',
  headOf: () => ({ epoch: 0, initiator_id: '', responder_id: '' }),
  inputOf: () => ({}),
  messageIn: () => undefined,
};

interface Line {
  readonly step: RecordStep;
  readonly from: Step<Instance>['from'];
}

/** The latest steps of one session; it can be watched like a record. */
export class SessionTrail {
  readonly header: RecordHeader;
  readonly startedAt: number;
  /** Replaced on every change. */
  listeners: readonly LogListener[] = [];
  readonly #instance: Instance;
  readonly #lines: Line[] = [];
  bytes = TRAIL_BYTES;

  constructor(instance: Instance, header: RecordHeader, startedAt: number) {
    this.#instance = instance;
    this.header = header;
    this.startedAt = startedAt;
  }

  get record(): PairingRecord {
    const { value, context } = this.#instance;
    const [oldest] = this.#lines;
    const first = { value: (oldest?.from ?? value) as never, context: contextFacts(context) };
    const start = { t: oldest?.step.t ?? 0, of: record.lane, first };
    return { header: this.header, lines: [start, ...this.#lines.map(({ step }) => step)] };
  }

  /** @returns by how many bytes it grew */
  add(line: Line): number {
    this.#lines.push(line);
    const dropped = this.#lines.length > MAX_TRAIL_LINES ? this.#lines.shift() : undefined;
    const grown = sizeOf(line.step) - (dropped ? sizeOf(dropped.step) : 0);
    this.bytes += grown;
    for (const listener of this.listeners) listener(line.step);
    return grown;
  }
}

export class SessionTrails {
  readonly #clock: Clock;
  readonly #sources: readonly Source[];
  /** Those that stepped most recently come last. */
  readonly #trails = new Map<Instance, SessionTrail>();
  #bytes = 0;
  #refusals: RecentRefusal[] = [];
  #stops: (() => void)[] = [];
  readonly #begun: (trail: SessionTrail) => void;

  /**
   * @param sources may grow until the first page looks
   * @param begun called with each new trail, once it has its first line
   */
  constructor(clock: Clock, sources: readonly Source[], begun: (trail: SessionTrail) => void = () => {}) {
    this.#clock = clock;
    this.#sources = sources;
    this.#begun = begun;
  }

  /** Newest last. */
  get recentRefusals(): readonly RecentRefusal[] {
    return this.#refusals;
  }

  start(): void {
    this.#stops = this.#sessionSources().map((source) => {
      const recorded: RecordedSource = { ...source, record };
      return observeHost(source.host, (step) => this.#note(recorded, step));
    });
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#trails.clear();
    this.#bytes = 0;
    this.#refusals = [];
  }

  /** The trail of a session that is here, or was until recently. */
  find(id: string): SessionTrail | undefined {
    // A session that left and came back has had two.
    const last = [...this.#trails.values()].findLast((trail) => trail.header.initiator_id === id);
    if (last) return last;
    for (const source of this.#sessionSources())
      for (const instance of source.instances())
        if (source.rowOf(instance).id === id) return this.#trailOf({ ...source, record }, instance);
    return undefined;
  }

  #sessionSources(): Source[] {
    return this.#sources.filter(({ machine }) => machine === 'session');
  }

  #note(source: RecordedSource, step: Step<Instance>): void {
    if (isRoutine(step)) return;
    const { instance, event, effects, from } = step;
    const isNew = !this.#trails.has(instance);
    const trail = this.#trailOf(source, instance);
    for (const { type, params } of effects) {
      if (type !== 'refuse' && type !== 'denyAsk') continue;
      const told = (params as { code?: unknown } | undefined)?.code ?? (event as { code?: unknown }).code;
      const code = typeof told === 'string' ? told : 'unavailable';
      this.#refusals.push({
        at: Math.round(this.#clock.wallTime()),
        id: trail.header.initiator_id,
        code,
        event: event.type,
      });
      if (this.#refusals.length > MAX_RECENT_REFUSALS) this.#refusals.shift();
    }
    const t = Math.round((this.#clock.now() - trail.startedAt) * 10) / 10;
    const { epoch } = trail.header;
    const said = machinesIn(source).lines.make(record.lane, step, t, epoch);
    this.#bytes += trail.add({ step: lineAt(said, t, epoch), from });
    this.#trails.delete(instance);
    this.#trails.set(instance, trail);
    this.#makeRoom();
    if (isNew) this.#begun(trail);
  }

  #trailOf(source: RecordedSource, instance: Instance): SessionTrail {
    const known = this.#trails.get(instance);
    if (known) return known;
    const { id, dialect, known_as } = source.rowOf(instance);
    const header: RecordHeader = {
      format: RECORD_FORMAT,
      version: RECORD_VERSION,
      machines: machinesIn(source).versions,
      kind: 'session',
      started_at: Math.round(this.#clock.wallTime()),
      epoch: 0,
      initiator_id: id,
      responder_id: '',
      ...(dialect !== undefined && { dialect }),
      ...(known_as !== undefined && { initiator_known_as: known_as }),
    };
    const trail = new SessionTrail(instance, header, this.#clock.now());
    this.#trails.set(instance, trail);
    this.#bytes += trail.bytes;
    this.#makeRoom();
    return trail;
  }

  #makeRoom(): void {
    for (const [instance, trail] of this.#trails) {
      if (this.#bytes <= MAX_TRAILS_BYTES) return;
      if (trail.listeners.length > 0) continue;
      this.#trails.delete(instance);
      this.#bytes -= trail.bytes;
    }
  }
}

/** Heartbeats and messages relayed to a peer are frequent and say nothing about the session. */
function isRoutine({ event, transitions, effects }: Step<Instance>): boolean {
  const { type } = event;
  if (type === 'HEARD' || type.startsWith('xstate.after.pingInterval')) return true;
  const isSignal = /^(OFFER|ANSWER|CANDIDATE|SIGNAL)_RECEIVED$/.test(type);
  return isSignal && transitions.length > 0 && !effects.some(({ type: effect }) => effect === 'refuse');
}

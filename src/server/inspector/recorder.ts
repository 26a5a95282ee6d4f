/**
 * Feeds the records that are written or watched, from the steps of the sources' hosts. A step of any other machine
 * costs one failed lookup.
 */
import type { Clock } from '../../common/clock.ts';
import type { Step } from '../../machines/index.ts';
import type { Evidence, Lane, StateValueJson } from '../../protocol/index.ts';
import { LiveRecord } from './live-record.ts';
import { observeHost } from './observe-host.ts';
import type { PeerStep } from './peer-steps.ts';
import type { RecordedSource } from './record-lines.ts';
import { largestShare } from './shares.ts';
import type { Instance, MemberSource, Source } from './source.ts';

/** As JSON; in memory up to MEMORY_PER_RECORD_BYTE times as much. */
const DEFAULT_MAX_LIVE_BYTES = 32 * 1024 * 1024;

export interface RecorderDeps {
  /** Limit for all running records together, as JSON. */
  readonly maxLiveBytes?: number;
  readonly clock: Clock;
  /** May grow until the first record begins. */
  readonly sources: readonly Source[];
}

/** A part that wants records of new machines. */
export interface Follower {
  /**
   * If omitted, it wants everything.
   * @param subject undefined: whether it wants anything from that source
   */
  wants?(source: RecordedSource, subject: Instance | undefined): boolean;
  started(log: LiveRecord): void;
  /** The record of any machine has begun: its first lines are there. */
  began?(log: LiveRecord): void;
  /** The machine reached its goal: a pairing's two clients are connected. */
  well?(log: LiveRecord): void;
  /** A client reported how its connection is doing. */
  told?(log: LiveRecord): void;
  ended?(log: LiveRecord): void;
}

export class Recorder {
  readonly #deps: RecorderDeps;
  readonly #logs = new Map<Instance, LiveRecord>();
  /** Each list is replaced on every change. */
  readonly #logsOfMember = new Map<Instance, readonly LiveRecord[]>();
  #liveBytes = 0;
  /** The last state that each client reported of its own machine. */
  readonly #peerStates = new WeakMap<Instance, StateValueJson>();
  /** The step by which a member created the machine whose record starts next: the record begins with it. */
  #asked: Step<Instance> | undefined;
  readonly #attached = new Map<RecordedSource, readonly (() => void)[]>();
  readonly #followers = new Set<Follower>();

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /**
   * Records everything that the follower wants, from its start.
   * @returns a function that stops it
   */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    this.#attach();
    return () => {
      this.#followers.delete(follower);
      this.#detachWhenIdle();
    };
  }

  /** A client reported a step of its own machine. */
  notePeer(member: Instance, { from, ...step }: PeerStep): void {
    const now = this.#deps.clock.now();
    for (const log of this.#logsOfMember.get(member) ?? []) {
      const of = peerLaneOf(log.laneOf(member));
      if (!this.#peerStates.has(member) && from !== undefined)
        log.noteState(of, { value: from, context: {} }, now);
      log.notePeer({ of, ...step }, now);
    }
    this.#peerStates.set(member, step.to);
  }

  /** @param epoch undefined: the only record that the client takes part in */
  noteEvidence(member: Instance, epoch: number | undefined, evidence: Evidence): void {
    const now = this.#deps.clock.now();
    for (const log of this.#logsOfMember.get(member) ?? [])
      if (epoch === undefined || log.header.epoch === epoch) {
        log.noteEvidence(log.laneOf(member) === 'responder' ? 'responder' : 'initiator', evidence, now);
        for (const follower of this.#followers) follower.told?.(log);
      }
  }

  /** The record of the running machine with that epoch; starts one from its present state if there is none yet. */
  open(epoch: number): LiveRecord | undefined {
    for (const source of this.#recorded()) {
      for (const subject of source.instances()) {
        if (source.record.headOf(subject).epoch === epoch) return this.#open(source, subject);
      }
    }
    return undefined;
  }

  /** The running records. */
  get live(): Iterable<LiveRecord> {
    return this.#logs.values();
  }

  /** The record of a running machine, if it has one. */
  logOf(subject: Instance): LiveRecord | undefined {
    return this.#logs.get(subject);
  }

  /** The log is no longer needed. */
  drop(log: LiveRecord): void {
    this.#forget(log);
    this.#detachWhenIdle();
  }

  /** Ends all logs because the server stops. */
  endAll(): void {
    for (const log of [...this.#logs.values()]) {
      log.end('server_stopped', this.#deps.clock.now());
      this.#ended(log);
    }
  }

  #recorded(): RecordedSource[] {
    return this.#deps.sources.filter((source): source is RecordedSource => source.record !== undefined);
  }

  #open(source: RecordedSource, subject: Instance): LiveRecord {
    const known = this.#logs.get(subject);
    if (known) return known;
    const now = this.#deps.clock.now();
    const log = this.#create(source, subject, now);
    this.#notePeerStates(log, now);
    for (const { lane, member } of log.seats) log.noteState(lane, member, now);
    log.noteState(source.record.lane, subject, now);
    this.#attach();
    return log;
  }

  #create(source: RecordedSource, subject: Instance, now: number): LiveRecord {
    const log = new LiveRecord(source, subject, now, this.#deps.clock.wallTime());
    this.#logs.set(subject, log);
    log.onGrown = this.#grew;
    for (const { member } of log.seats) this.#join(log, member);
    return log;
  }

  #notePeerStates(log: LiveRecord, now: number): void {
    for (const { lane, member } of log.seats) {
      const value = this.#peerStates.get(member);
      if (value !== undefined) log.noteState(peerLaneOf(lane), { value, context: {} }, now);
    }
  }

  /** All running records together are bounded, too: the longest one of the address with the largest share is ended. */
  readonly #grew = (bytes: number): void => {
    this.#liveBytes += bytes;
    const { maxLiveBytes = DEFAULT_MAX_LIVE_BYTES } = this.#deps;
    while (this.#liveBytes > maxLiveBytes && this.#logs.size > 0) {
      const share = largestShare(this.#logs.values(), ({ bytes }) => bytes);
      const longest = share.reduce((one, other) => (other.bytes > one.bytes ? other : one));
      this.#forget(longest);
      longest.end('too_long', this.#deps.clock.now());
      this.#ended(longest);
    }
  };

  #forget(log: LiveRecord): void {
    if (this.#logs.get(log.subject) !== log) return;
    this.#logs.delete(log.subject);
    log.onGrown = undefined;
    this.#liveBytes -= log.bytes;
    for (const { member } of log.seats) this.#part(log, member);
  }

  #join(log: LiveRecord, member: Instance): void {
    const logs = this.#logsOfMember.get(member) ?? [];
    if (!logs.includes(log)) this.#logsOfMember.set(member, [...logs, log]);
  }

  #part(log: LiveRecord, member: Instance): void {
    const logs = (this.#logsOfMember.get(member) ?? []).filter((other) => other !== log);
    if (logs.length > 0) this.#logsOfMember.set(member, logs);
    else this.#logsOfMember.delete(member);
  }

  #ended(log: LiveRecord): void {
    this.#forget(log);
    for (const follower of this.#followers) follower.ended?.(log);
    this.#detachWhenIdle();
  }

  /** Listens only to sources that a follower or an open record wants. */
  #attach(): void {
    for (const source of this.#recorded()) {
      if (this.#attached.has(source) || !this.#isWanted(source)) continue;
      const { members = [] } = source.record;
      this.#attached.set(source, [
        ...members.map((each) => observeHost(each.host, (step) => this.#memberStepped(each, step))),
        observeHost(source.host, (step) => this.#subjectStepped(source, step)),
      ]);
    }
  }

  #detachWhenIdle(): void {
    for (const [source, stops] of this.#attached) {
      if (this.#isWanted(source)) continue;
      this.#attached.delete(source);
      for (const stop of stops) stop();
    }
  }

  #isWanted(source: RecordedSource): boolean {
    if (this.#followersOf(source).length > 0) return true;
    for (const log of this.#logs.values()) if (log.source === source) return true;
    return false;
  }

  #followersOf(source: RecordedSource, subject?: Instance): Follower[] {
    return [...this.#followers].filter(({ wants }) => wants?.(source, subject) ?? true);
  }

  #subjectStepped(source: RecordedSource, step: Step<Instance>): void {
    const { instance } = step;
    if (step.event.type === 'xstate.init') this.#started(source, instance);
    const log = this.#logs.get(instance);
    if (!log || (log.isOver && step.from === step.to)) return;
    const now = this.#deps.clock.now();
    if (log.isReseated && !instance.isDone) this.#reseat(log, now);
    log.noteStep(source.record.lane, step, now);
    if (instance.isDone && log.noteLeft(instance, now)) this.#ended(log);
    else if (step.to === source.record.wellState && step.from !== step.to)
      for (const follower of this.#followers) follower.well?.(log);
  }

  /** A client may move to another node or come from one while its pairing continues. */
  #reseat(log: LiveRecord, now: number): void {
    const { come, gone } = log.reseat();
    for (const { member } of gone) this.#part(log, member);
    for (const { lane, member } of come) {
      this.#join(log, member);
      log.noteState(lane, member, now);
    }
  }

  #started(source: RecordedSource, subject: Instance): void {
    const followers = this.#followersOf(source, subject);
    if (followers.length === 0) return;
    const now = this.#deps.clock.now();
    const log = this.#create(source, subject, now);
    for (const follower of followers) follower.started(log);
    const asked = this.#asked;
    this.#asked = undefined;
    const asker = log.seats.find(({ member }) => member === asked?.instance);
    this.#notePeerStates(log, now);
    for (const { lane, member } of log.seats) {
      const value = asked && member === asker?.member ? asked.from : member.value;
      log.noteState(lane, { value, context: member.context, node: member.node }, now);
    }
    if (asked && asker) log.noteStep(asker.lane, asked, now);
    log.noteStart(now);
    for (const follower of this.#followers) follower.began?.(log);
  }

  #memberStepped(members: MemberSource, step: Step<Instance>): void {
    const { instance } = step;
    if (members.remotePairRequests(step)) this.#asked = step;
    const logs = this.#logsOfMember.get(instance);
    if (!logs || !members.takesPart(step)) return;
    const now = this.#deps.clock.now();
    const isLeaving = members.leaves?.(step) ?? false;
    for (const log of logs) {
      log.noteStep(log.laneOf(instance), step, now);
      if (!isLeaving) continue;
      if (!instance.isDone) this.#part(log, instance);
      if (log.noteLeft(instance, now)) this.#ended(log);
    }
  }
}

function peerLaneOf(lane: Lane): Lane {
  return lane === 'responder' ? 'peer_responder' : 'peer_initiator';
}

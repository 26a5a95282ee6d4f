/**
 * The pairings' logs that are kept for the page. Each pairing is recorded from its start, even if nobody is looking;
 * one that goes well is dropped once its data channel can open, and one that fails is kept longest, in a separate ring:
 * that is what people come for. While a page is open, the newest of the others are kept, too. Everything is bounded, so
 * that fifty thousand pairings cost no more than these few, and the address with the largest share makes room first.
 */
import type { LiveRecord } from './live-record.ts';
import type { Recorder } from './recorder.ts';
import { largestShare, Shares } from './shares.ts';
import { isWellKnown } from './source.ts';
import { UsualSteps } from './usual-steps.ts';

const MAX_RECENT = 32;
/** Pairings that are not connected yet may still fail, and are kept until that is known. */
const MAX_UNSETTLED = 400;
export const MAX_FAILED = 200;
const MAX_FAILED_BYTES = 8 * 1024 * 1024;

export class RecentLogs {
  readonly #logs: Recorder;
  readonly #recent = new Map<number, LiveRecord>();
  /** Those among the recent ones that may still fail. */
  readonly #unsettled = new Shares<LiveRecord>();
  /** The other recent ones. */
  readonly #settled = new Shares<LiveRecord>();
  readonly #failed = new Map<number, LiveRecord>();
  #failedBytes = 0;
  /** Of all pairings that went well, even while nobody is looking. */
  readonly usual = new UsualSteps();
  /** Undefined while no page is open. */
  #stopLooking: (() => void) | undefined;
  readonly #follower = {
    started: (log: LiveRecord) => this.add(log),
    well: (log: LiveRecord) => this.#release(log),
    told: (log: LiveRecord) => this.#release(log),
    ended: (log: LiveRecord) => this.#release(log),
  };

  constructor(logs: Recorder) {
    this.#logs = logs;
  }

  /**
   * Records even while nobody is looking, but only what reports when it goes well. Everything else would be recorded to
   * its end.
   */
  start(): void {
    this.#logs.follow({
      ...this.#follower,
      wants: ({ record }, subject) =>
        subject ? isWellKnown(record, subject) : record.wellState !== undefined,
      well: (log) => {
        if (log.header.kind === undefined) this.usual.add(log.record);
        this.#release(log);
      },
    });
  }

  /** Logs of pairings that are over, oldest first. */
  get past(): LiveRecord[] {
    return [...this.#failed.values(), ...this.#recent.values()]
      .filter(({ subject }) => subject.isDone)
      .sort((one, other) => one.header.started_at - other.header.started_at);
  }

  get(epoch: number): LiveRecord | undefined {
    return this.#recent.get(epoch) ?? this.#failed.get(epoch);
  }

  add(log: LiveRecord): void {
    const { epoch } = log.header;
    if (this.#failed.has(epoch)) return;
    // A pairing that came back to this node has a new one.
    const before = this.#recent.get(epoch);
    if (before) this.#forget(before);
    this.#recent.set(epoch, log);
    (isSettled(log) ? this.#settled : this.#unsettled).add(log);
    this.#makeRoom();
  }

  /** While nobody looks there is hardly any settled one, and a pairing that begins looks at no other. */
  #makeRoom(): void {
    while (this.#recent.size > MAX_RECENT && this.#settled.size > 0) {
      // One that was connected may have lost its connection since.
      const oldest = this.#settled.oldestOfMost((log) => isFree(log) && isSettled(log));
      if (!oldest) break;
      this.#remove(oldest);
    }
    while (this.#unsettled.size > MAX_UNSETTLED) {
      const oldest = this.#unsettled.oldestOfMost(isFree);
      if (!oldest) break;
      this.#remove(oldest);
    }
  }

  /** A page is open: everything that has a record is kept, including what goes well. */
  look(): void {
    this.#stopLooking ??= this.#logs.follow(this.#follower);
  }

  /** The last viewer has left: what is over is kept, and what goes well is no longer recorded. */
  rest(): void {
    this.#stopLooking?.();
    this.#stopLooking = undefined;
    for (const log of [...this.#recent.values()]) if (!log.isOver) this.#release(log);
  }

  /** A settled log makes room, unless somebody is looking. */
  #release(log: LiveRecord): void {
    if (this.#recent.get(log.header.epoch) !== log || !isSettled(log)) return;
    if (log.hasFailed || (!this.#stopLooking && log.listeners.length === 0)) this.#remove(log);
    else if (this.#unsettled.delete(log)) this.#settled.add(log);
  }

  #forget(log: LiveRecord): void {
    this.#recent.delete(log.header.epoch);
    this.#settled.delete(log);
    this.#unsettled.delete(log);
  }

  #remove(log: LiveRecord): void {
    this.#forget(log);
    if (log.hasFailed) this.#keep(log);
    // The file writer needs it to its end.
    else if (!log.writer) this.#logs.drop(log);
  }

  #keep(log: LiveRecord): void {
    this.#failed.set(log.header.epoch, log);
    this.#failedBytes += log.bytes;
    for (;;) {
      const isOneTooMany = this.#failed.size > MAX_FAILED;
      if (!isOneTooMany && this.#failedBytes <= MAX_FAILED_BYTES) break;
      const [oldest] = largestShare(this.#failed.values(), ({ bytes }) => (isOneTooMany ? 1 : bytes));
      if (!oldest) break;
      this.#failed.delete(oldest.header.epoch);
      this.#failedBytes -= oldest.bytes;
    }
  }
}

/** Whether nobody looks at it while it grows. */
function isFree({ isOver, listeners }: LiveRecord): boolean {
  return isOver || listeners.length === 0;
}

/** A pairing that does not report when it goes well counts as settled from the start. */
function isSettled(log: LiveRecord): boolean {
  const { isOver, subject, source } = log;
  if (isOver || !isWellKnown(source.record, subject)) return true;
  // ICE and DTLS are enough for `connected`; without SCTP the pairing has failed all the same.
  return subject.value === source.record.wellState && !log.lacksChannel;
}

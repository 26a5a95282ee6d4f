/**
 * The record of one pairing, line by line, from the steps of its machine and of its two sessions. The file writer and
 * the page's feed both listen to it. It is bounded: a pairing that goes on for days does not fill the memory.
 */

import { redactEvent, redactMessage } from '../../common/redact.ts';
import type { GuardVerdict, Step } from '../../machines/index.ts';
import {
  chartOf,
  chartVersion,
  nameTransitions,
  pairingMachine,
  sessionMachine,
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
import type { Party, ServerPairing, ServerSession } from '../sessions.ts';

export const MAX_LINES_PER_RECORD = 2_000;

const machines = {
  session: chartVersion(chartOf(sessionMachine)),
  pairing: chartVersion(chartOf(pairingMachine)),
};
const names = new Map([...nameTransitions(sessionMachine), ...nameTransitions(pairingMachine)]);

export type LogListener = (line: RecordLine) => void;

/** The part of a step that is recorded, whichever machine it is of. */
export type AnyStep = Omit<Step<unknown>, 'instance' | 'machineId' | 'from'>;

export class PairingLog {
  readonly header: RecordHeader;
  readonly lines: RecordLine[] = [];
  readonly listeners = new Set<LogListener>();
  readonly pairing: ServerPairing;
  isOver = false;
  readonly #startedAt: number;
  /** Those of whom another step may come: the pairing and its two sessions. */
  readonly #present: Set<ServerPairing | Party>;

  /**
   * @param now of the server's clock
   * @param wallTime milliseconds since 1970
   */
  constructor(pairing: ServerPairing, now: number, wallTime: number) {
    this.pairing = pairing;
    this.#startedAt = now;
    const { a, b, epoch } = pairing;
    this.header = {
      format: RECORD_FORMAT,
      version: RECORD_VERSION,
      machines,
      started_at: Math.round(wallTime),
      epoch,
      a_id: a.id,
      b_id: b.id,
    };
    this.#present = new Set([pairing, a, b]);
  }

  get record(): PairingRecord {
    return { header: this.header, lines: this.lines };
  }

  /** A lane whose machine is running already. */
  noteState(of: Lane, instance: { value: unknown; context: unknown }, now: number): void {
    this.#add({
      t: this.#since(now),
      of,
      first: { value: instance.value as never, context: contextFacts(instance.context) },
    });
  }

  /** The pairing's machine is about to start. */
  noteStart(now: number): void {
    const { a, b, epoch } = this.pairing;
    this.#add({ t: this.#since(now), of: 'pairing', first: { input: { aId: a.id, bId: b.id, epoch } } });
  }

  noteStep(of: Lane, step: AnyStep, now: number): void {
    // A pairing that goes on beyond its record's end must not pay for facts that nobody keeps.
    if (this.isOver) return;
    const { frame } = step.event as { frame?: { message: object } };
    const line: RecordStep = {
      t: this.#since(now),
      of,
      event: redactEvent(step.event),
      to: step.to as RecordStep['to'],
      taken: step.transitions.flatMap((transition) => names.get(transition) ?? []),
      effects: step.effects.map(({ type, params }) => ({
        type,
        ...(params ? { params: params as never } : {}),
      })),
      ...(step.verdicts.length > 0 && { verdicts: step.verdicts.map(verdictFacts) }),
      ...(frame && { message: redactMessage(frame.message) }),
    };
    this.#add(line);
  }

  /** A step that a client tells of its own machine; it was checked where it came in. */
  notePeer(line: Omit<RecordStep, 't'>, now: number): void {
    this.#add({ t: this.#since(now), ...line });
  }

  /** @returns true when no other step can come: the record is over */
  noteLeft(member: ServerPairing | ServerSession, now: number): boolean {
    this.#present.delete(member);
    if (this.#present.size > 0) return false;
    this.end('over', now);
    return true;
  }

  end(end: RecordEnd['end'], now: number): void {
    if (this.isOver) return;
    this.#push({ t: this.#since(now), end });
    this.isOver = true;
  }

  #add(line: RecordLine): void {
    if (this.isOver) return;
    if (this.lines.length < MAX_LINES_PER_RECORD - 1) this.#push(line);
    else {
      this.#push({ t: line.t, end: 'too_long' });
      this.isOver = true;
    }
  }

  #push(line: RecordLine): void {
    this.lines.push(line);
    for (const listener of this.listeners) listener(line);
  }

  #since(now: number): number {
    return Math.round((now - this.#startedAt) * 10) / 10;
  }
}

/** What the machines' guards look at; a field that nobody thought of is left out. */
const KEPT_CONTEXT = [
  'id',
  'peerId',
  'isResumable',
  'settings',
  'aId',
  'bId',
  'epoch',
  'offerer',
  'isAConnected',
  'isBConnected',
];

function contextFacts(context: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(context as object).filter(([field]) => KEPT_CONTEXT.includes(field)),
  );
}

function verdictFacts({ guard, params, passed }: GuardVerdict) {
  return { guard, ...(params ? { params: params as Record<string, unknown> } : {}), passed };
}

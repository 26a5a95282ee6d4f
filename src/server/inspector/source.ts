/**
 * What the inspector is told of the machines that a server runs: whose steps to listen to, how to count and list them,
 * and which of them have a record. A server hands in one source for each kind; the inspector knows no other.
 */

import type { StateValue } from 'xstate';
import type { Clock } from '../../common/clock.ts';
import type { nameTransitions, Observer, Step } from '../../machines/index.ts';
import type {
  Lane,
  ListedMachine,
  ListRow,
  MessageFacts,
  Network,
  RecordHeader,
  RecordKind,
} from '../../protocol/index.ts';
import type { Admission } from '../admission/admission.ts';
import type { Logger } from '../telemetry/logger.ts';

/** A hosted machine's instance, as far as the inspector looks at it. */
export interface Instance {
  readonly value: StateValue;
  readonly context: unknown;
  readonly isDone: boolean;
  /** Of a client of another node: which one, as far as this one knows. */
  readonly node?: number | undefined;
}

export interface ObservedHost<Of> {
  readonly machine: Parameters<typeof nameTransitions>[0];
  observer: Observer<Of> | undefined;
}

/** The machines of one host. */
export interface Source<Of extends Instance = Instance> {
  readonly machine: ListedMachine;
  readonly host: ObservedHost<Of>;
  /** All that there are, in the order in which they came. */
  instances(): Iterable<Of>;
  /** When it came, by the server's clock. */
  startOf(instance: Of): number;
  /** How the list shows it, but for its state and age. */
  rowOf(instance: Of): Omit<ListRow, 'state' | 'age_ms'>;
  /** Whether a search finds it. @param query in lower case, and not empty */
  isFound(instance: Of, query: string): boolean;
  /** Of a pairing that a client of another node began: that node, which has it too. */
  initiatorNode?(instance: Of): number | undefined;
  /** The game that it is in, or was. */
  gameOf?(instance: Of): string | undefined;
  readonly record?: RecordSource<Of>;
}

/** How each machine of a source is recorded, with the others that take part in it. */
export interface RecordSource<Of extends Instance = Instance> {
  readonly kind: RecordKind;
  /** The lane of the machine itself. */
  readonly lane: Lane;
  /** The state in which all is well; left out: there is none. */
  readonly wellState?: string;
  /** Whether its clients tell when all is well; left out: all do. Others never get to that state. */
  tellsWell?(instance: Of): boolean;
  headOf(instance: Of): Omit<RecordHeader, 'format' | 'version' | 'machines' | 'kind' | 'started_at'>;
  /** Asks its clients that can to tell how it goes, for so many seconds. */
  askFlow?(instance: Of, seconds: number): void;
  /** Where the one who asked for it connects from, as limits count it; left out: it is for nobody. */
  addressOf?(instance: Of): string | undefined;
  /** What the machine was started with. */
  inputOf(instance: Of): Readonly<Record<string, unknown>>;
  /** What is known of the message that came with an event of any of the lanes. */
  messageIn(event: { readonly type: string }): MessageFacts | undefined;
  /** One for each machine of which members may be; left out: it has none. */
  readonly members?: readonly MemberSource<Of>[];
  /** Whether those still take part who did; asked at every step. Left out: that never changes. */
  isSeated?(instance: Of, seats: readonly Seat[]): boolean;
}

export interface Seat<Member extends Instance = Instance> {
  readonly lane: Lane;
  readonly member: Member;
}

export interface MemberSource<Of extends Instance = Instance, Member extends Instance = Instance> {
  readonly host: ObservedHost<Member>;
  /** Those who take part now. */
  of(instance: Of): readonly Seat<Member>[];
  /** True for a step that belongs into the record. */
  takesPart(step: Step<Member>): boolean;
  /** True for the step by which a member asks for a record's beginning: the record begins with that step. */
  remotePairRequests(step: Step<Member>): boolean;
  /** True for a member's last step in the record; left out: its members go on, and the record ends with its own machine. */
  leaves?(step: Step<Member>): boolean;
}

/** Whether it is known of an instance when all is well with it: then a record of what went well need not be kept. */
export function isWellKnown<Of extends Instance>(
  record: RecordSource<Of> | undefined,
  instance: Of,
): boolean {
  return record?.wellState !== undefined && record.tellsWell?.(instance) !== false;
}

/** Lets sources of different machines stand in one list; each is only ever asked about its own. */
export function source<Of extends Instance>(own: Source<Of>): Source {
  return own as unknown as Source;
}

/** The same for those who take part. */
export function members<Of extends Instance, Member extends Instance>(
  own: MemberSource<Of, Member>,
): MemberSource<Of> {
  return own as unknown as MemberSource<Of>;
}

export interface InspectOptions {
  readonly inspect: boolean;
  readonly inspectToken: string | undefined;
  readonly record: string | undefined;
  readonly recordFiles: number;
}

/** A server that can be looked into. */
export interface Inspected {
  readonly options: InspectOptions;
  readonly log: Logger;
  readonly clock: Clock;
  /** Who may connect, where anybody may try because there is a token; left out: there are no limits but the feed's. */
  readonly admission?: Pick<Admission, 'judge' | 'opened' | 'closed'>;
  /** What was refused since it started, by kind. */
  readonly refusals?: () => Iterable<readonly [kind: string, count: number]>;
  /** Counts a refusal by its kind. */
  readonly refused?: (kind: string) => void;
  /** Its number among the nodes; left out: it is alone. */
  readonly node?: number;
  /** Whether clients play games at it. */
  readonly hasGames?: boolean;
  /** Of a relay server: what it knows of its network. */
  network?(): Network;
}

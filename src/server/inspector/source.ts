/**
 * What the inspector knows of the machines that a server runs: whose steps to listen to, how to count and list them,
 * and which of them have a record. A server provides one source per kind of machine; the inspector knows nothing else.
 */

import type { StateValue } from 'xstate';
import type { Clock } from '../../common/clock.ts';
import type { nameTransitions, Observer, Step } from '../../machines/index.ts';
import type {
  Lane,
  LinkTraffic,
  ListedMachine,
  ListRow,
  MessageFacts,
  Network,
  RecordHeader,
  RecordKind,
  ViewMessage,
  ViewRequest,
} from '../../protocol/index.ts';
import type { Admission } from '../admission/admission.ts';
import type { Logger } from '../telemetry/logger.ts';

/** A hosted machine's instance, as far as the inspector reads it. */
export interface Instance {
  readonly value: StateValue;
  readonly context: unknown;
  readonly isDone: boolean;
  /** For the client of another node: that node, if known. */
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
  /** All instances, in the order of their start. */
  instances(): Iterable<Of>;
  /** When the instance started, by the server's clock. */
  startOf(instance: Of): number;
  /** Its row in the list, without state and age. */
  rowOf(instance: Of): Omit<ListRow, 'state' | 'age_ms'>;
  /**
   * Whether a search finds the instance.
   * @param query in lower case, and not empty
   */
  isFound(instance: Of, query: string): boolean;
  /** For a pairing that a client of another node began: that node, which has the pairing, too. */
  initiatorNode?(instance: Of): number | undefined;
  /** The game that it belongs or belonged to. */
  gameOf?(instance: Of): string | undefined;
  readonly record?: RecordSource<Of>;
}

/** How each machine of a source is recorded, together with its members. */
export interface RecordSource<Of extends Instance = Instance> {
  readonly kind: RecordKind;
  /** The lane of the machine itself. */
  readonly lane: Lane;
  /** The state in which all is well; if omitted, there is none. */
  readonly wellState?: string;
  /**
   * Whether its clients report when all is well; if omitted, all do. Machines whose clients do not report it never
   * reach that state.
   */
  tellsWell?(instance: Of): boolean;
  headOf(instance: Of): Omit<RecordHeader, 'format' | 'version' | 'machines' | 'kind' | 'started_at'>;
  /** Asks the clients that support it to report on their connection for this many seconds. */
  askFlow?(instance: Of, seconds: number): void;
  /** The address of the client that requested it, as limits count it; if omitted, it is counted for no address. */
  addressOf?(instance: Of): string | undefined;
  /** What the machine was started with. */
  inputOf(instance: Of): Readonly<Record<string, unknown>>;
  /** What is known about the message that came with an event in any of the lanes. */
  messageIn(event: { readonly type: string }): MessageFacts | undefined;
  /** One per machine whose instances can be members; if omitted, there are none. */
  readonly members?: readonly MemberSource<Of>[];
  /** How often its members have changed; asked at every step. If omitted, they never change. */
  seatingsOf?(instance: Of): number;
}

export interface Seat<Member extends Instance = Instance> {
  readonly lane: Lane;
  readonly member: Member;
}

export interface MemberSource<Of extends Instance = Instance, Member extends Instance = Instance> {
  readonly host: ObservedHost<Member>;
  /** The present members. */
  of(instance: Of): readonly Seat<Member>[];
  /** True for a step that belongs in the record. */
  takesPart(step: Step<Member>): boolean;
  /** True for a step by which a member creates the recorded machine: the record begins with that step. */
  remotePairRequests(step: Step<Member>): boolean;
  /**
   * True for a member's last step in the record; if omitted, members go on, and the record ends with its own machine.
   */
  leaves?(step: Step<Member>): boolean;
}

/** Whether the instance reports when all is well: then the record of one that went well need not be kept. */
export function isWellKnown<Of extends Instance>(
  record: RecordSource<Of> | undefined,
  instance: Of,
): boolean {
  return record?.wellState !== undefined && record.tellsWell?.(instance) !== false;
}

/**
 * Erases the type, so that sources of different machines fit in one list; each is only ever asked about its own
 * instances.
 */
export function source<Of extends Instance>(own: Source<Of>): Source {
  return own as unknown as Source;
}

/** Erases the type of a member source in the same way. */
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
  readonly chaosButtons?: boolean;
}

/** What disturbs signals on purpose, by rules as `--chaos` takes them. */
export interface Disturber {
  /** Empty: nothing is disturbed. */
  readonly text: string;
  /** In how many milliseconds the rules end; undefined: not by themselves. */
  readonly endsInMs: number | undefined;
  /** Called when other rules hold. */
  changed: () => void;
  /** Applies other rules for some milliseconds; invalid ones are ignored. */
  disturb(text: string, ms: number): void;
  /** Goes back to the rules that the server was started with, if any. */
  calm(): void;
}

/** A server that can be inspected. */
export interface Inspected {
  readonly options: InspectOptions;
  readonly log: Logger;
  readonly clock: Clock;
  /**
   * Admission limits, needed where a token lets anybody try to connect; if omitted, only the feed's own limits apply.
   */
  readonly admission?: Pick<Admission, 'judge' | 'opened' | 'closed'>;
  /** The refusals since the server started, by kind. */
  readonly refusals?: () => Iterable<readonly [kind: string, count: number]>;
  /** Counts a refusal by its kind. */
  readonly refused?: (kind: string) => void;
  /** What is disturbed on purpose; omitted if nothing can be. */
  readonly chaos?: Disturber | undefined;
  /** Its node number; omitted if it is the only node. */
  readonly node?: number;
  /** Whether the server hosts games. */
  readonly hasGames?: boolean;
  /** What a relay server knows of its network. */
  network?(): Network;
  /**
   * The links of a relay server over which something went since the last call.
   * @param elapsedMs how long ago that was
   */
  traffic?(elapsedMs: number): readonly LinkTraffic[];
  /** A view of rooms or nodes, as they are now. */
  readonly view?: (request: ViewRequest) => ViewMessage;
}

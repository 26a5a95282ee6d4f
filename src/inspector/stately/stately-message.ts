/**
 * The messages of `@statelyai/inspect`: as they are sent, and as they are read from a program that is not known. What is
 * read is small enough to keep and to walk.
 */
import { cutText } from '../../common/cut-text.ts';
import { shapeFault } from '../../common/message-shape.ts';

/** A message of `@statelyai/inspect`. Its tools pass over fields that they do not know. */
export interface StatelyMessage {
  readonly type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot';
  readonly id: string;
  /** The session of the host, `pairing:7`: an actor to Stately. */
  readonly sessionId: string;
  readonly rootId: string;
  readonly createdAt: string;
  readonly _version: string;
  readonly [field: string]: unknown;
}

/** The version of their messages that ours are like. */
export const STATELY_VERSION = '0.7.2';

/** What a snapshot says of an actor. */
export interface ReadSnapshot {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
}

interface ReadBase {
  readonly session: string;
  /** Transitions taken, by name; undefined where the sender does not say. */
  readonly taken: readonly string[] | undefined;
  /** Guards that said no. */
  readonly refused: readonly string[] | undefined;
}

export type ReadStately = ReadBase &
  (
    | {
        readonly type: 'actor';
        readonly name: string;
        readonly parent: string | undefined;
        /** What `createMachine` takes, as JSON; undefined for an actor that is no machine. */
        readonly definition: string | undefined;
        readonly snapshot: ReadSnapshot;
      }
    | { readonly type: 'event'; readonly event: NamedEvent; readonly source: string | undefined }
    | { readonly type: 'snapshot'; readonly event: NamedEvent; readonly snapshot: ReadSnapshot }
  );

export interface NamedEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Of ids and names; what is longer is cut. */
const MAX_NAME_CHARS = 200;
const MAX_NAMES = 100;
/** A longer event or context, in characters, is left out; so is one that is nested more deeply than a message may be. */
const MAX_SHOWN_CHARS = 16 * 1024;
/** Of the state value, which is kept for each actor. */
const MAX_VALUE_CHARS = 2 * 1024;
const TOO_LARGE = '(too large to show)';

/** @returns undefined for what is no message of `@statelyai/inspect`, or of a kind that it gained later */
export function readStately(text: string): ReadStately | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || typeof value.sessionId !== 'string') return undefined;
  const base: ReadBase = {
    session: cut(value.sessionId),
    taken: namesIn(value.transitions),
    refused: namesIn(value.refused),
  };
  switch (value.type) {
    case '@xstate.actor':
      return {
        ...base,
        type: 'actor',
        name: cut(textOr(value.name, value.sessionId)),
        parent: typeof value.parentId === 'string' ? cut(value.parentId) : undefined,
        definition: typeof value.definition === 'string' ? value.definition : undefined,
        snapshot: readSnapshot(value.snapshot),
      };
    case '@xstate.event':
      return {
        ...base,
        type: 'event',
        event: readEvent(value.event),
        source: typeof value.sourceId === 'string' ? cut(value.sourceId) : undefined,
      };
    case '@xstate.snapshot':
      return {
        ...base,
        type: 'snapshot',
        event: readEvent(value.event),
        snapshot: readSnapshot(value.snapshot),
      };
    default:
      return undefined;
  }
}

function readSnapshot(value: unknown): ReadSnapshot {
  if (!isRecord(value)) return { status: 'active', value: undefined, context: undefined };
  const { output, error } = value;
  // An actor that is no machine has no context, but an output or an error at its end.
  const context = value.context ?? (error === undefined ? output : { error });
  return {
    status: cut(textOr(value.status, 'active')),
    value: fits(value.value, MAX_VALUE_CHARS) && isStateValue(value.value) ? value.value : undefined,
    context: fits(context, MAX_SHOWN_CHARS) ? context : TOO_LARGE,
  };
}

/** Whether a value may be shown. Its depth is checked first, because the rest walks it. */
function fits(value: unknown, maxChars: number): boolean {
  if (value === undefined) return true;
  return (
    shapeFault(value, Number.POSITIVE_INFINITY) === undefined && JSON.stringify(value).length <= maxChars
  );
}

/** A state's key, or the active keys of each region. */
function isStateValue(value: unknown): boolean {
  return typeof value === 'string' || (isRecord(value) && Object.values(value).every(isStateValue));
}

function readEvent(value: unknown): NamedEvent {
  if (!isRecord(value) || typeof value.type !== 'string') return { type: '' };
  const type = cut(value.type);
  return fits(value, MAX_SHOWN_CHARS) ? { ...value, type } : { type, note: TOO_LARGE };
}

function namesIn(value: unknown): readonly string[] | undefined {
  return Array.isArray(value)
    ? value
        .slice(0, MAX_NAMES)
        .filter((name) => typeof name === 'string')
        .map(cut)
    : undefined;
}

const cut = (text: string) => cutText(text, MAX_NAME_CHARS);
const textOr = (value: unknown, other: string) => (typeof value === 'string' ? value : other);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

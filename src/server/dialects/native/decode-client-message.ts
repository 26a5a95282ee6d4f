/**
 * From bytes to a message: parse, look its type up, check it against its schema. Nothing that fails here comes near
 * a machine; and `{"type":"xstate.stop"}` is an unknown type, not an event.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import {
  type ClientMessage,
  type ClientMessageType,
  clientSchemas,
  explain,
  isRecord,
  MAX_EXTRA_DEPTH,
  MAX_MESSAGE_VALUES,
  type Schema,
} from '../../../protocol/index.ts';
import type { Refusal } from '../../signaling/client.ts';
import type { Signal } from '../../signaling/signal.ts';

/** A message as it came, for those who pass it on. */
export interface Frame {
  /** Good only until the handler that got it returns: uWebSockets.js takes the memory back. */
  readonly bytes: Uint8Array;
  readonly message: ClientMessage;
}

export type Decoded = { readonly frame: Frame } | { readonly refusal: Refusal };

/** The client's types, each with its compiled check; a Map, so that `__proto__` is not a type. */
const checks = new Map(
  Object.entries(clientSchemas).map(([type, schema]) => [
    type,
    {
      schema: schema as Schema,
      known: new Set(Object.keys(schema.properties)),
      validator: Compile(schema as TSchema),
    },
  ]),
);

/** Faster than a Buffer's toString. A byte order mark stays where it is, and is no JSON. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function decode(bytes: Uint8Array): Decoded {
  let message: unknown;
  try {
    message = JSON.parse(utf8.decode(bytes));
  } catch {
    return { refusal: { code: 'invalid_json' } };
  }
  const fault = faultIn(message, 0, { left: MAX_MESSAGE_VALUES });
  if (fault === 'lone surrogate') return { refusal: { code: 'invalid_json' } };
  const type = isRecord(message) ? message.type : undefined;
  const check = typeof type === 'string' ? checks.get(type) : undefined;
  const known = check && (type as ClientMessageType);
  if (fault) return invalid(SHAPE_MESSAGES[fault], known);
  if (!isRecord(message)) return invalid('The message should be an object');
  if (typeof type !== 'string') return invalid('`type` should be a string');
  if (!check) return { refusal: { code: 'unknown_type' } };
  if (!check.validator.Check(message)) {
    return invalid(explain(check.schema, message) ?? 'The message does not fit its schema', known);
  }
  return { frame: { bytes, message: message as ClientMessage } };
}

/** The types that another node tells of as a client's own words. */
const SIGNALS: ReadonlySet<ClientMessageType> = new Set(['offer', 'answer', 'candidate', 'report']);

/** A signal that comes as text from another node; it is checked like a client's. @returns undefined for what is none */
export function decodeSignal(text: string): Signal | undefined {
  const decoded = decode(Buffer.from(text));
  return 'frame' in decoded && SIGNALS.has(decoded.frame.message.type)
    ? (decoded.frame as Signal)
    : undefined;
}

/**
 * The frame as its peer gets it: the sender's own bytes with `from_peer` put in at the end. Of two fields of one name
 * the last counts (ECMA-262 25.5.1), so that a forged one is overwritten. No JSON is made anew of what a stranger sent:
 * that costs half as much again, and recurses.
 * @param isKept false when it is sent at once and not looked at again: then all frames share one piece of memory
 */
export function withFromPeer({ bytes }: Pick<Frame, 'bytes'>, isKept: boolean): Buffer {
  let end = bytes.length - 1;
  // The message is an object, so only white space may follow its brace.
  while (bytes[end] !== CLOSING_BRACE) end -= 1;
  // One that has been relayed before, and moved to another node since, has it already.
  if (endsWithFromPeer(bytes, end)) end -= FROM_PEER.length - 1;
  const length = end + FROM_PEER.length;
  const relayed = isKept || length > shared.length ? Buffer.allocUnsafe(length) : sharedOf(length);
  relayed.set(end === bytes.length - 1 ? bytes : bytes.subarray(0, end));
  // Seventeen bytes: a call of `set` takes longer.
  for (let next = 0; next < FROM_PEER.length; next += 1) relayed[end + next] = FROM_PEER[next] as number;
  return relayed;
}

/** A frame of the usual limit fits. */
const shared = Buffer.alloc(128 * 1024);
/** The beginnings of it that most frames take, by their lengths: to make one costs as much as to fill it. */
const beginnings: (Buffer | undefined)[] = new Array(4096).fill(undefined);

function sharedOf(length: number): Buffer {
  const known = beginnings[length];
  if (known) return known;
  const beginning = shared.subarray(0, length);
  if (length < beginnings.length) beginnings[length] = beginning;
  return beginning;
}

const CLOSING_BRACE = 0x7d;
const FROM_PEER = new TextEncoder().encode(',"from_peer":true}');

function endsWithFromPeer(bytes: Uint8Array, end: number): boolean {
  const begin = end + 1 - FROM_PEER.length;
  for (let next = 0; next < FROM_PEER.length; next += 1)
    if (bytes[begin + next] !== FROM_PEER[next]) return false;
  return true;
}

type Fault = 'lone surrogate' | 'too deep' | 'too many';

const SHAPE_MESSAGES = {
  'too deep': `A field should not be nested deeper than ${MAX_EXTRA_DEPTH} levels`,
  'too many': `A message should not have more than ${MAX_MESSAGE_VALUES} values`,
} as const;

/**
 * What makes a message dangerous for whoever walks it, or reads it with another parser: looked for in all of it, known
 * field or not, before anything else does. It recurses no deeper than the limit itself.
 *
 * I-JSON (RFC 7493 section 2.1): a surrogate that stands alone is no character, and no two parsers agree on what it
 * is. To ask a string costs next to nothing: most are of one byte a character, and cannot have any.
 */
function faultIn(value: unknown, depth: number, values: { left: number }): Fault | undefined {
  values.left -= 1;
  if (values.left < 0) return 'too many';
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'lone surrogate';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_EXTRA_DEPTH) return 'too deep';
  for (const name in value) {
    if (!name.isWellFormed()) return 'lone surrogate';
    const fault = faultIn((value as Record<string, unknown>)[name], depth + 1, values);
    if (fault) return fault;
  }
  return undefined;
}

function invalid(message: string, type?: ClientMessageType): Decoded {
  return { refusal: { code: 'invalid_message', message, ...(type && { for: type }) } };
}

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
  if (hasLoneSurrogate(message)) return { refusal: { code: 'invalid_json' } };
  if (!isRecord(message)) return invalid('The message should be an object');
  const { type } = message;
  if (typeof type !== 'string') return invalid('`type` should be a string');
  const check = checks.get(type);
  if (!check) return { refusal: { code: 'unknown_type' } };
  const known = type as ClientMessageType;
  if (!check.validator.Check(message)) {
    return invalid(explain(check.schema, message) ?? 'The message does not fit its schema', known);
  }
  for (const field in message) {
    if (!check.known.has(field) && isTooDeep(message[field])) {
      return invalid(`A field should not be nested deeper than ${MAX_EXTRA_DEPTH} levels`, known);
    }
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
 * The frame as its peer gets it: the sender's own bytes with `from_peer` put in at the end. Building the JSON anew
 * costs half as much again.
 * @param isKept false when it is sent at once and not looked at again: then all frames share one piece of memory
 */
export function withFromPeer({ bytes, message }: Frame, isKept: boolean): Buffer | string {
  const isForged = 'from_peer' in message;
  const end = bytes.length - 1;
  if (isForged || bytes[end] !== CLOSING_BRACE) return JSON.stringify({ ...message, from_peer: true });
  const length = end + FROM_PEER.length;
  const relayed = isKept || length > shared.length ? Buffer.allocUnsafe(length) : sharedOf(length);
  relayed.set(bytes);
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

/**
 * I-JSON (RFC 7493 section 2.1): a surrogate that stands alone is no character, and no two parsers agree on what it
 * is. To ask a string costs next to nothing: most are of one byte a character, and cannot have any. Without recursion
 * below the first levels: the message may still be nested as deeply as its size allows.
 */
function hasLoneSurrogate(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  if (depth > MAX_EXTRA_DEPTH) return hasLoneSurrogateFarBelow(value);
  for (const name in value) {
    if (!name.isWellFormed() || hasLoneSurrogate((value as Record<string, unknown>)[name], depth + 1))
      return true;
  }
  return false;
}

function hasLoneSurrogateFarBelow(root: object): boolean {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string' && !value.isWellFormed()) return true;
    if (typeof value === 'object' && value !== null)
      for (const entry of Object.entries(value)) open.push(...entry);
  }
  return false;
}

function invalid(message: string, type?: ClientMessageType): Decoded {
  return { refusal: { code: 'invalid_message', message, ...(type && { for: type }) } };
}

function isTooDeep(value: unknown, depth = 1): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth > MAX_EXTRA_DEPTH) return true;
  return Object.values(value).some((item) => isTooDeep(item, depth + 1));
}

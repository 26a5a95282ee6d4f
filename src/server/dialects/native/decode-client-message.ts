/**
 * From bytes to a message: parses it, looks up its type, and checks it against its schema, unless it is a usual candidate
 * or description, which is read and checked in one step. Whatever fails here never reaches a machine: `{"type":"xstate.stop"}` is an
 * unknown type, not an event.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { shapeFault, shapeMessages } from '../../../common/message-shape.ts';
import {
  type ClientMessage,
  type ClientMessageType,
  clientSchemas,
  explain,
  isRecord,
  type Schema,
} from '../../../protocol/index.ts';
import type { Refusal } from '../../signaling/client.ts';
import type { Signal } from '../../signaling/signal.ts';
import { roomForPassing } from '../passing-frame.ts';
import { readUsualCandidate } from './read-usual-candidate.ts';
import { readUsualDescription } from './read-usual-description.ts';

/** A message with its bytes as received, for passing it on. */
export interface Frame {
  /** Valid only until the handler that received it returns: uWebSockets.js reuses the memory. */
  readonly bytes: Uint8Array;
  /** Its SDP may be read from the bytes, and so is valid no longer than they are. */
  readonly message: ClientMessage;
}

export type Decoded = { readonly frame: Frame } | { readonly refusal: Refusal };

/** The client's message types, each with its compiled check; a Map, so that `__proto__` is not a type. */
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

/** Faster than Buffer.toString(). A byte order mark is kept, so that it fails as JSON. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function decode(bytes: Uint8Array): Decoded {
  const description = readUsualDescription(bytes);
  if (description) return { frame: { bytes, message: description } };
  const text = utf8.decode(bytes);
  const candidate = readUsualCandidate(text);
  if (candidate) return { frame: { bytes, message: candidate } };
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return { refusal: { code: 'invalid_json' } };
  }
  const fault = shapeFault(message);
  if (fault === 'lone surrogate') return { refusal: { code: 'invalid_json' } };
  const type = isRecord(message) ? message.type : undefined;
  const check = typeof type === 'string' ? checks.get(type) : undefined;
  const known = check && (type as ClientMessageType);
  if (fault) return invalid(shapeMessages[fault], known);
  if (!isRecord(message)) return invalid('The message should be an object');
  if (typeof type !== 'string') return invalid('`type` should be a string');
  if (!check) return { refusal: { code: 'unknown_type' } };
  if (!check.validator.Check(message)) {
    return invalid(explain(check.schema, message) ?? 'The message does not fit its schema', known);
  }
  return { frame: { bytes, message: message as ClientMessage } };
}

/** The types that another node may forward from one of its clients. */
const SIGNALS: ReadonlySet<ClientMessageType> = new Set(['offer', 'answer', 'candidate', 'signal', 'report']);

/**
 * Decodes a signal that another node forwarded, or that was held back, with the same checks as for a client.
 * @returns undefined if it is not a valid signal
 */
export function signalIn(bytes: Uint8Array): Signal | undefined {
  const decoded = decode(bytes);
  return 'frame' in decoded && SIGNALS.has(decoded.frame.message.type)
    ? (decoded.frame as Signal)
    : undefined;
}

/**
 * The frame as its peer gets it: the sender's own bytes with `from_peer` added at the end. If a field occurs twice, the
 * last one counts (ECMA-262 25.5.1), so a forged `from_peer` is overridden. The JSON is not encoded again: that would
 * cost half as much again, and recurse through a stranger's data.
 * @param isKept false if the frame is sent at once and not looked at again: all such frames share one buffer
 * @param epoch added, too, for a client with several peers if the sender left it out
 */
export function withFromPeer({ bytes }: Pick<Frame, 'bytes'>, isKept: boolean, epoch?: number): Buffer {
  const added = epoch === undefined ? FROM_PEER : utf8Bytes.encode(`,"epoch":${epoch},"from_peer":true}`);
  let end = bytes.length - 1;
  // The message is an object, so only white space may follow its closing brace.
  while (bytes[end] !== CLOSING_BRACE) end -= 1;
  // A frame that was relayed before, and then moved to another node, already has it.
  if (endsWithFromPeer(bytes, end)) end -= FROM_PEER.length - 1;
  const length = end + added.length;
  const relayed = isKept ? Buffer.allocUnsafe(length) : roomForPassing(length);
  relayed.set(end === bytes.length - 1 ? bytes : bytes.subarray(0, end));
  // For this few bytes, a loop is faster than a call of `set`.
  for (let next = 0; next < added.length; next += 1) relayed[end + next] = added[next] as number;
  return relayed;
}

const CLOSING_BRACE = 0x7d;
const utf8Bytes = new TextEncoder();
const FROM_PEER = utf8Bytes.encode(',"from_peer":true}');

function endsWithFromPeer(bytes: Uint8Array, end: number): boolean {
  const begin = end + 1 - FROM_PEER.length;
  for (let next = 0; next < FROM_PEER.length; next += 1)
    if (bytes[begin + next] !== FROM_PEER[next]) return false;
  return true;
}

function invalid(message: string, type?: ClientMessageType): Decoded {
  return { refusal: { code: 'invalid_message', message, ...(type && { for: type }) } };
}

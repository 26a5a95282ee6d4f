/**
 * From what Socket.IO has parsed to a request: its type is looked up, its size measured, its fields checked. As in the
 * native protocol, nothing that fails here comes near a machine.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import {
  type ErrorCode,
  explain,
  MAX_EXTRA_DEPTH,
  type RoomRequestOf,
  type RoomRequestType,
  roomSchemas,
  type Schema,
} from '../../../protocol/index.ts';

export type RoomRequest = {
  readonly [Type in RoomRequestType]: { readonly name: Type; readonly fields: RoomRequestOf<Type> };
}[RoomRequestType];

export interface RoomRefusal {
  readonly code: ErrorCode;
  /** In place of the code's own message, where there is more to say. */
  readonly message?: string;
}

export type RoomDecoded = { readonly request: RoomRequest } | { readonly refusal: RoomRefusal };

const checks = new Map(
  Object.entries(roomSchemas).map(([type, schema]) => [
    type,
    { schema: schema as Schema, validator: Compile(schema as TSchema) },
  ]),
);

type Ids = { readonly [Field in (typeof ID_FIELDS)[number]]?: unknown };
const ID_FIELDS = ['game_id', 'player_id', 'target_player_id'] as const;
/** Ids are logged, and a log is read on terminals: control characters, and surrogates that stand alone. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

const NOT_JSON = 'The message should be JSON, without binary data';
const TOO_DEEP = `A field should not be nested deeper than ${MAX_EXTRA_DEPTH} levels`;

/**
 * @param name the event's name
 * @param fields its first argument; left out, there are none
 * @param size as measured
 * @param maxBytes 0: no limit
 */
export function decodeRoomRequest(
  name: string,
  fields: unknown,
  { bytes, problem }: Size,
  maxBytes: number,
): RoomDecoded {
  const check = checks.get(name);
  if (!check) return { refusal: { code: 'unknown_type' } };
  if (maxBytes > 0 && bytes > maxBytes) return { refusal: { code: 'message_too_large' } };
  if (problem) return invalid(problem);
  const value = fields ?? {};
  if (!check.validator.Check(value)) {
    return invalid(explain(check.schema, value) ?? 'The message does not fit its schema');
  }
  const unprintable = ID_FIELDS.find((field) => UNPRINTABLE.test(String((value as Ids)[field] ?? '')));
  if (unprintable) return invalid(`\`${unprintable}\` should be without control characters`);
  return { request: { name, fields: value } as RoomRequest };
}

export interface Size {
  readonly bytes: number;
  /** Why it cannot be passed on. */
  readonly problem?: string;
}

function invalid(message: string): RoomDecoded {
  return { refusal: { code: 'invalid_message', message } };
}

/**
 * About how many bytes the value takes as JSON, and whether it can be passed on. Socket.IO walks what it sends by
 * recursion, so that depth would end us; and a client takes whatever looks like a placeholder in a message with binary
 * data for a part of it, so that a forged one would end its connection. Without recursion itself.
 */
export function measure(value: unknown): Size {
  let bytes = 0;
  const open: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string') bytes += Buffer.byteLength(value) + 2;
    else if (typeof value !== 'object' || value === null) bytes += 4;
    else if (Buffer.isBuffer(value) || ArrayBuffer.isView(value)) {
      return { bytes: bytes + value.byteLength, problem: NOT_JSON };
    } else {
      // The message's own object is the first level, a payload the second.
      if (depth > MAX_EXTRA_DEPTH) return { bytes, problem: TOO_DEEP };
      bytes += 2;
      for (const [key, item] of Object.entries(value)) {
        if (!Array.isArray(value)) bytes += Buffer.byteLength(key) + 3;
        open.push({ value: item, depth: depth + 1 });
      }
    }
  }
  return { bytes };
}

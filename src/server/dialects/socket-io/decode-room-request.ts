/**
 * From what Socket.IO has parsed to a request: looks up its type, measures it, and checks its fields. As in the native
 * protocol, whatever fails here never reaches a machine.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { isPrintable } from '../../../common/printable.ts';
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
  /** Replaces the code's default message where there is more to say. */
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

const NOT_JSON = 'The message should be JSON, without binary data';
const TOO_DEEP = `A field should not be nested deeper than ${MAX_EXTRA_DEPTH} levels`;

/**
 * @param name of the event
 * @param fields the event's first argument; undefined if it has none
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
  // An id that does not show could pass for another's, in logs and in the inspector.
  const unprintable = ID_FIELDS.find((field) => !isPrintable(String((value as Ids)[field] ?? '')));
  if (unprintable) return invalid(`\`${unprintable}\` should be of printable characters`);
  return { request: { name, fields: value } as RoomRequest };
}

export interface Size {
  readonly bytes: number;
  /** Why the value cannot be passed on. */
  readonly problem?: string;
}

function invalid(message: string): RoomDecoded {
  return { refusal: { code: 'invalid_message', message } };
}

/**
 * Measures about how many bytes the value takes as JSON, and whether it can be passed on. Socket.IO walks what it sends
 * recursively, so deep nesting would end the process; and its clients take anything that looks like a placeholder for
 * binary data as one, so a forged placeholder would end their connection. This function does not recurse.
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
      // The message's own object is level one, its payload level two.
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

/** From a bus's text to an envelope and a message: both are checked by schema, like what a client sends. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import {
  type Envelope,
  envelopeSchema,
  type NodeMessage,
  nodeSchemas,
} from '../../protocol/cluster/index.ts';
import { isRecord } from '../../protocol/index.ts';

const envelope = Compile(envelopeSchema as unknown as TSchema);
const messages = new Map(
  Object.entries(nodeSchemas).map(([type, schema]) => [type, Compile(schema as unknown as TSchema)]),
);

/** @returns undefined for what is no envelope */
export function decodeEnvelope(text: string): Envelope | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return envelope.Check(value) ? (value as Envelope) : undefined;
}

/** @returns undefined for a message that this version does not know, or that does not fit its schema */
export function decodeNodeMessage(value: unknown): NodeMessage | undefined {
  if (!isRecord(value) || typeof value.type !== 'string') return undefined;
  return messages.get(value.type)?.Check(value) ? (value as unknown as NodeMessage) : undefined;
}

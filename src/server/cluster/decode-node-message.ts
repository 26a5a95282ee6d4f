/** From a bus's text to an envelope and its messages, both checked by schema, like a client's messages. */
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

/** @returns undefined if the text is not an envelope */
export function decodeEnvelope(text: string): Envelope | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return envelope.Check(value) ? (value as Envelope) : undefined;
}

/** @returns undefined for a message that this version does not know, or that does not match its schema */
export function decodeNodeMessage(value: unknown): NodeMessage | undefined {
  const schema = isRecord(value) ? messages.get(value.type as string) : undefined;
  return schema?.Check(value) ? (value as unknown as NodeMessage) : undefined;
}

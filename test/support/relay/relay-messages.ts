/**
 * Arbitrary messages of the relay-chat protocol, and bytes written by hand from its tables rather than by our encoder.
 */

import { MAX_RELAY_ID, type RelayMessage } from '../../../src/protocol/relay-chat/index.ts';
import fc from '../fast-check.ts';

const id = fc.integer({ min: 0, max: MAX_RELAY_ID });
/** Any code points, including zero and the byte order mark. */
const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength });
const details = {
  sourceId: id,
  lastHopId: id,
  name: text(60),
  info: text(300),
};

export const anyRelayMessage: fc.Arbitrary<RelayMessage> = fc.oneof(
  fc.record({ type: fc.constant('server_registration' as const), ...details }),
  fc.record({ type: fc.constant('client_registration' as const), ...details }),
  fc.record({
    type: fc.constant('status' as const),
    sourceId: id,
    destinationId: id,
    code: fc.integer({ min: 0, max: 0xffff }),
    content: text(300),
  }),
  fc.record({
    type: fc.constant('server_quit' as const),
    sourceId: id,
    replacementId: id,
    content: text(300),
  }),
  fc.record({
    type: fc.constant('client_chat' as const),
    sourceId: id,
    destinationId: id,
    content: text(300),
  }),
  fc.record({ type: fc.constant('client_quit' as const), sourceId: id, content: text(300) }),
);

/** A field written by hand: its width in bytes, and its value. */
type HandField = readonly [width: 1 | 2 | 4, value: number];

/** Bytes written by hand: a type byte, big-endian fields, then texts. */
export function handBytes(typeByte: number, fields: readonly HandField[], ...texts: string[]): Buffer {
  const numbers = fields.map(([width, value]) => {
    const bytes = Buffer.alloc(width);
    bytes.writeUIntBE(value, 0, width);
    return bytes;
  });
  return Buffer.concat([
    Buffer.from([typeByte]),
    ...numbers,
    ...texts.map((part) => Buffer.from(part, 'utf8')),
  ]);
}

/** Messages of every kind and dialect, for fast-check: most are valid, some nearly valid, some noise. */

import { clientSchemas, peerJsRelayedTypes, type Schema } from '../../../src/protocol/index.ts';
import fc from '../fast-check.ts';

/** A placeholder for some client's id, which the sender fills in. */
const SOME_ID = '$id';
/** Placeholders for long texts, which nobody wants to read in a counterexample. */
const [LONG, LONGEST] = ['$5000', '$70000'];

/** Fills in the placeholders. */
export function fill(frame: string, id: string): string {
  return frame
    .replaceAll(SOME_ID, id)
    .replaceAll(LONG, 'x'.repeat(5_000))
    .replaceAll(LONGEST, 'x'.repeat(70_000));
}

export const dialects = [
  'native',
  'resumable',
  'several',
  'peerjs',
  'y-webrtc',
  'trystero',
  'socket-io',
] as const;
export type Dialect = (typeof dialects)[number];

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constant(SOME_ID) },
  fc.constantFrom(
    'room',
    'topic',
    'candidate:1 1 udp 1 192.0.2.1 9 typ host',
    '',
    '__proto__',
    '\u202e',
    '\u0000',
  ),
  fc.string({ maxLength: 12 }),
  fc.constant(LONG),
);

const anything: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.constantFrom(null, true, -1, 0, 1e308, 65_536),
  fc.integer({ min: 0, max: 300 }),
  fc.constant(nested(40)),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Arrays nested this deep. */
function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

/** A value that matches the wire's only pattern. */
const TRACEPARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

/** Values that match a schema, mostly. */
function fitting({
  const: only,
  enum: some,
  anyOf,
  type,
  properties,
  required = [],
  ...rest
}: Schema): fc.Arbitrary<unknown> {
  if (only !== undefined) return fc.constant(only);
  if (some) return fc.constantFrom(...some);
  if (anyOf) return fc.oneof(...anyOf.map(fitting));
  if (rest.pattern !== undefined) return fc.oneof(fc.constant(TRACEPARENT), text);
  if (type === 'string') return text;
  if (type === 'null') return fc.constant(null);
  if (type === 'integer') {
    const { minimum: min = 0, maximum: max = 1_000 } = rest;
    return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max: Math.min(max, min + 300) }));
  }
  if (type === 'array') return fc.array(rest.items ? fitting(rest.items) : anything, { maxLength: 3 });
  if (type !== 'object') return anything;
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, fitting(field)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required] as never });
}

/** With one more field, or another value in one. */
const spoiled = (message: fc.Arbitrary<unknown>) =>
  fc
    .tuple(
      message,
      fc.constantFrom('type', 'epoch', 'candidate', 'from_peer', 'src', 'topic', 'payload'),
      anything,
    )
    .map(([value, field, other]) =>
      value && typeof value === 'object' ? { ...value, [field]: other } : value,
    );

const native = fc.oneof(...Object.values(clientSchemas as Record<string, Schema>).map(fitting));

const peerJs = fc.record(
  {
    type: fc.constantFrom(...peerJsRelayedTypes, 'HEARTBEAT', 'OPEN', 'ID-TAKEN'),
    src: text,
    dst: text,
    payload: fc.oneof(anything, fc.record({ sdp: anything, candidate: anything, connectionId: text })),
  },
  { requiredKeys: ['type'] },
);

const topics = fc.record(
  {
    type: fc.constantFrom('subscribe', 'unsubscribe', 'publish', 'ping'),
    topic: text,
    topics: fc.array(text, { maxLength: 4 }),
    payload: anything,
    clients: anything,
  },
  { requiredKeys: ['type'] },
);

const game = fc
  .tuple(
    fc.constantFrom('join_game', 'leave_game', 'webrtc_signal', 'no_such_event'),
    fc.record({
      game_id: text,
      player_id: anything,
      target_player_id: anything,
      type: text,
      payload: anything,
    }),
  )
  .map((event) => `42${JSON.stringify(event)}`);

const messages: { readonly [D in Dialect]: fc.Arbitrary<unknown> } = {
  native,
  resumable: native,
  several: native,
  peerjs: peerJs,
  'y-webrtc': topics,
  trystero: topics,
  'socket-io': fc.oneof({ weight: 4, arbitrary: game }, fc.constantFrom('40', '40/other,', '2', '3', '43[]')),
};

const noise = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    'null',
    '[1,2,3]',
    '"',
    '[1,0,{"type":"pong"}',
    '['.repeat(3_000),
    '{"a":'.repeat(3_000),
  ),
  fc.constant(JSON.stringify({ type: 'offer', sdp: LONGEST })),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);

/** A frame for the wire: text or bytes; a message is JSON. */
export function anyFrame(dialect: Dialect): fc.Arbitrary<string | Buffer> {
  const own = messages[dialect];
  const others = fc.oneof(...Object.values(messages));
  const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return fc.oneof(
    { weight: 12, arbitrary: own.map(asText) },
    { weight: 4, arbitrary: spoiled(own).map(asText) },
    { weight: 1, arbitrary: others.map(asText) },
    { weight: 1, arbitrary: noise },
  );
}

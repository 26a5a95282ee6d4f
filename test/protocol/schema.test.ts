import { describe, expect, it } from '@jest/globals';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { clientSchemas, explain, type Schema, serverSchemas } from '../../src/protocol/index.ts';
import fc from '../support/fast-check.ts';
import { runs } from '../support/runs.ts';

const schemas: [string, Schema][] = [...Object.entries(clientSchemas), ...Object.entries(serverSchemas)];

/** Values that are near a schema: its own fields, with values that fit sometimes. */
const nearby = (schema: Schema): fc.Arbitrary<unknown> => {
  const anything = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer({ min: -2, max: 70_000 }),
    fc.double(),
    fc.string(),
    fc.constantFrom('connected', 'x'.repeat(5_000), 'stun:a'),
    fc.array(fc.record({ urls: fc.oneof(fc.string(), fc.array(fc.string())) }), { maxLength: 40 }),
    fc.record({
      candidate: fc.oneof(fc.string(), fc.integer()),
      sdpMid: fc.oneof(fc.string(), fc.constant(null)),
    }),
  );
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [
    name,
    field.const === undefined
      ? anything
      : fc.oneof({ weight: 9, arbitrary: fc.constant(field.const) }, anything),
  ]);
  return fc.oneof(
    { weight: 20, arbitrary: fc.record(Object.fromEntries(fields), { requiredKeys: ['type'] as never }) },
    anything,
  );
};

describe('the schemas of the wire', () => {
  it.each(schemas)('explain and the compiled check agree about %s, whatever the value', (_name, schema) => {
    const compiled = Compile(schema as TSchema);
    fc.assert(
      fc.property(nearby(schema), (value) => {
        expect(explain(schema, value) === undefined).toBe(compiled.Check(value));
      }),
      { numRuns: runs(100) },
    );
  });

  it('have a description each, for the reader of the contract', () => {
    for (const [name, schema] of schemas)
      expect([name, schema.description]).toEqual([name, expect.any(String)]);
  });

  it.each<[Schema, unknown, string]>([
    [clientSchemas.offer, { type: 'offer' }, '`sdp` should be a string'],
    [clientSchemas.offer, { type: 'offer', sdp: 5 }, '`sdp` should be a string'],
    [clientSchemas.candidate, { type: 'candidate' }, '`candidate` should be null or an object'],
    [
      clientSchemas.candidate,
      { type: 'candidate', candidate: {} },
      '`candidate.candidate` should be a string of at most 4096 characters',
    ],
    [
      clientSchemas.create_key,
      { type: 'create_key', uses: -1 },
      '`uses` should be a whole number from 0 to 1000',
    ],
    [
      clientSchemas.report,
      { type: 'report', state: 'fine' },
      '`state` should be one of new, connecting, connected, disconnected, failed, closed',
    ],
    [
      clientSchemas.pair_request,
      { type: 'pair_request', key: 'k', traceparent: 'mine' },
      '`traceparent` should be a string that fits ^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$',
    ],
    [
      clientSchemas.pair_request,
      { type: 'pair_request' },
      'The message should have `target_id` or `key`, and only one of them',
    ],
  ])('say what is wrong: %#', (schema, value, sentence) => {
    expect(explain(schema, value)).toBe(sentence);
  });

  it('never echo a value that does not fit', () => {
    const secret = 'a-secret-that-was-sent';
    expect(explain(clientSchemas.report, { type: 'report', state: secret })).not.toContain(secret);
    expect(explain(clientSchemas.offer, secret)).not.toContain(secret);
  });
});

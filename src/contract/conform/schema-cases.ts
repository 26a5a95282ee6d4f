/** Cases generated from the schemas: for every field of every client message, invalid values are refused. */
import { clientSchemas, type Schema } from '../../protocol/index.ts';
import type { Case } from './case.ts';
import { expectFit } from './deviation.ts';

type Fields = { readonly [field: string]: unknown };

/** A valid message of each type. Those left out are not requests, or need a session of their own. */
const fitting: { readonly [type in keyof typeof clientSchemas]?: Fields } = {
  pair_request: { target_id: 'somebody' },
  create_key: { ttl_s: 60, uses: 1 },
  offer: { sdp: 'v=0', epoch: 1 },
  answer: { sdp: 'v=0', epoch: 1 },
  candidate: { candidate: null, epoch: 1 },
  report: { state: 'connected', epoch: 1 },
  unpair: { epoch: 1 },
};

/** Values of every kind that JSON has. */
const KINDS: readonly unknown[] = [null, true, 0, 1.5, -1, 'text', [], {}];

/** Values that do not match a schema, including some near its limits. */
export function misfits(schema: Schema): unknown[] {
  const values = [...KINDS];
  if (schema.maxLength !== undefined) values.push('x'.repeat(schema.maxLength + 1));
  if (schema.minimum !== undefined) values.push(schema.minimum - 1);
  if (schema.maximum !== undefined) values.push(schema.maximum + 1);
  for (const option of schema.anyOf ?? [])
    for (const [name, field] of Object.entries(option.properties ?? {}))
      for (const value of misfits(field)) values.push({ candidate: 'candidate:1', [name]: value });
  return values.filter((value) => !accepts(schema, value));
}

/**
 * An interpretation of schemas that is independent of the server's; it supports only the keywords that client messages
 * use.
 */
function accepts(schema: Schema, value: unknown): boolean {
  if (schema.anyOf) return schema.anyOf.some((option) => accepts(option, value));
  if (schema.enum) return typeof value === 'string' && schema.enum.includes(value);
  if (schema.const !== undefined) return value === schema.const;
  switch (schema.type) {
    case 'string':
      return (
        typeof value === 'string' &&
        value.length <= (schema.maxLength ?? Number.POSITIVE_INFINITY) &&
        (schema.pattern === undefined || new RegExp(schema.pattern).test(value))
      );
    case 'integer': {
      const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
      return Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
    }
    case 'null':
      return value === null;
    case 'object': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
      const fields = value as Fields;
      const properties = Object.entries(schema.properties ?? {});
      return (
        (schema.required ?? []).every((name) => name in fields) &&
        properties.every(([name, field]) => !(name in fields) || accepts(field, fields[name]))
      );
    }
    default:
      return true;
  }
}

export const schemaCases: readonly Case[] = Object.entries(fitting).flatMap(([type, fields]) => {
  const { properties, required } = clientSchemas[type as keyof typeof clientSchemas] as Schema;
  const refused = { type: 'error', code: 'invalid_message', for: type };
  const wrong = Object.entries(properties ?? {})
    .filter(([name]) => name !== 'type')
    .flatMap(([name, schema]) => [
      ...misfits(schema).map((value) => ({ ...fields, [name]: value })),
      ...(required?.includes(name) ? [{ ...fields, [name]: undefined }] : []),
    ])
    // `target_id` and `key` exclude each other, so `key` is sent alone.
    .map((message) => ('key' in message ? { ...message, target_id: undefined } : message));
  return {
    name: `${type} with a field that does not fit is refused as invalid_message, and the connection stays`,
    level: 'full' as const,
    async run({ open }) {
      let wire = await open();
      for (const [at, message] of wrong.entries()) {
        // Reconnects now and then, because a server limits how much one client sends.
        if (at % 40 === 39) wire = await open();
        const sent = { type, ...message };
        const when = `it sent ${JSON.stringify(sent).slice(0, 120)}`;
        wire.send(sent);
        expectFit(when, refused, await wire.next(when));
      }
      expectFit('all were refused', [], await wire.heard('all were refused'));
    },
  } satisfies Case;
});

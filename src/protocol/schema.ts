/**
 * The schemas of the wire are plain JSON Schema literals: a contract that any language can read, without code.
 * TypeScript derives the message types from them (typebox's `Static`), the server compiles them (typebox's `Compile`),
 * and {@link explain} says in words what is wrong with a value. `explain` knows only the keywords that are used here; a
 * property test checks that it agrees with typebox.
 */

/** The part of JSON Schema that the wire uses. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'null';
  readonly const?: string | boolean;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  /** Exactly one of these sets of fields must be present. */
  readonly oneOf?: readonly { readonly required: readonly string[] }[];
  readonly properties?: { readonly [field: string]: Schema };
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Must match the whole string. */
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
}

/**
 * Says what is wrong with a value, for its sender; never repeats the value.
 * @param path the name of the checked value, as the reader knows it
 * @returns a sentence like "`sdp` should be a string"; undefined if the value is valid
 */
export function explain(schema: Schema, value: unknown, path = ''): string | undefined {
  if (schema.anyOf) {
    const verdicts = schema.anyOf.map((option) => explain(option, value, path));
    if (verdicts.includes(undefined)) return undefined;
    // For an object, the object alternative is meant, so the message is about the field that is wrong.
    const meant = isRecord(value) ? schema.anyOf.findIndex((option) => option.type === 'object') : -1;
    return meant >= 0 ? verdicts[meant] : `${named(path)} should be ${describeSchema(schema)}`;
  }
  if (!fitsScalars(schema, value)) return `${named(path)} should be ${describeSchema(schema)}`;
  if (Array.isArray(value))
    return firstOf(value, (item, i) => explain(schema.items ?? {}, item, `${path}[${i}]`));
  return isRecord(value) ? explainFields(schema, value, path) : undefined;
}

function explainFields(schema: Schema, value: Record<string, unknown>, path: string): string | undefined {
  const prefix = path === '' ? '' : `${path}.`;
  for (const [field, fieldSchema] of Object.entries(schema.properties ?? {})) {
    const isThere = Object.hasOwn(value, field) && value[field] !== undefined;
    if (!isThere && !schema.required?.includes(field)) continue;
    const fieldPath = prefix + field;
    const verdict =
      explain(fieldSchema, isThere ? value[field] : undefined, fieldPath) ??
      (isThere ? undefined : `${named(fieldPath)} is missing`);
    if (verdict) return verdict;
  }
  if (schema.oneOf) {
    const fitting = schema.oneOf.filter((option) =>
      option.required.every((field) => Object.hasOwn(value, field)),
    );
    const fields = schema.oneOf.map((option) =>
      option.required.map((field) => `\`${field}\``).join(' with '),
    );
    if (fitting.length !== 1)
      return `${named(path)} should have ${fields.join(' or ')}, and only one of them`;
  }
  return undefined;
}

function fitsScalars(schema: Schema, value: unknown): boolean {
  if (schema.const !== undefined && value !== schema.const) return false;
  if (schema.enum && !(typeof value === 'string' && schema.enum.includes(value))) return false;
  const { type } = schema;
  if (type === undefined) return true;
  switch (type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value) && value.length <= (schema.maxItems ?? Number.POSITIVE_INFINITY);
    case 'null':
      return value === null;
    case 'integer':
      return (
        Number.isInteger(value) &&
        (value as number) >= (schema.minimum ?? Number.NEGATIVE_INFINITY) &&
        (value as number) <= (schema.maximum ?? Number.POSITIVE_INFINITY)
      );
    case 'string':
      return (
        typeof value === 'string' &&
        value.length >= (schema.minLength ?? 0) &&
        value.length <= (schema.maxLength ?? Number.POSITIVE_INFINITY) &&
        (schema.pattern === undefined || new RegExp(schema.pattern).test(value))
      );
  }
}

/** The allowed values in words: "a whole number from 1 to 16". */
export function describeSchema(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(describeSchema).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  const { type } = schema;
  if (type === undefined) return 'anything';
  switch (type) {
    case 'string':
      if (schema.pattern !== undefined) return `a string that fits ${schema.pattern}`;
      return `a string${range(schema.minLength, schema.maxLength, ' characters')}`;
    case 'integer':
      return `a whole number${range(schema.minimum, schema.maximum, '')}`;
    case 'array':
      return `an array${range(undefined, schema.maxItems, ' items')}`;
    case 'object':
      return 'an object';
    case 'null':
      return 'null';
  }
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}${unit}`;
  if (max !== undefined) return ` of at most ${max}${unit}`;
  return min !== undefined ? ` of at least ${min}${unit}` : '';
}

function named(path: string): string {
  return path === '' ? 'The message' : `\`${path}\``;
}

/** Whether the value is an object in the sense of JSON. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstOf<T>(items: readonly T[], verdictOf: (item: T, index: number) => string | undefined) {
  for (const [index, item] of items.entries()) {
    const verdict = verdictOf(item, index);
    if (verdict) return verdict;
  }
  return undefined;
}

/**
 * The parts of the docs that are generated from the code: the name in the marker, and the function that makes the text.
 */
import { clientErrorMessages } from '../../src/client/peer/errors.ts';
import { flagName, variableName } from '../../src/common/option-names.ts';
import type { Option } from '../../src/common/option-table.ts';
import { withSecretFiles } from '../../src/common/secret-files.ts';
import { chartNames, chartTable } from '../../src/inspector/charts/chart-table.ts';
import { statesOf } from '../../src/machines/chart/chart.ts';
import { chartOf } from '../../src/machines/index.ts';
import { type AdminOperationShape, adminOperations } from '../../src/protocol/admin/admin-operations.ts';
import { nodeSchemas } from '../../src/protocol/cluster/index.ts';
import {
  clientSchemas,
  closeCodeMeanings,
  closeCodes,
  disconnectReasons,
  edgeReasons,
  errorMessages,
  memberLeftReasons,
  permissions,
  roomSchemas,
  serverSchemas,
} from '../../src/protocol/index.ts';
import { describeSchema, type Schema } from '../../src/protocol/schema.ts';
import { claimsSchema } from '../../src/server/admission/tokens/claims.ts';
import { serveOptions } from '../../src/server/options.ts';
import { logEvents } from '../../src/server/telemetry/log-events.ts';
import { Metrics } from '../../src/server/telemetry/metrics.ts';
import { code, table } from './markdown.ts';

type Schemas = { readonly [type: string]: Schema };

/** Each function generates its part; a marker with an unknown name fails. */
export const generatedParts: { readonly [name: string]: () => string } = {
  'serve-options': () => optionTable(serveOptions),
  'client-messages': () => messages(clientSchemas),
  'server-messages': () => messages(serverSchemas),
  'room-messages': () => messages(roomSchemas),
  'node-messages': () => messages(nodeSchemas),
  'error-codes': () => table(['code', 'message'], rowsOf(errorMessages)),
  'client-error-codes': () => table(['code', 'message'], rowsOf(clientErrorMessages)),
  'close-codes': () =>
    table(
      ['code', 'name', 'meaning'],
      Object.entries(closeCodes).map(([name, number]) => [
        code(number),
        name,
        closeCodeMeanings[name as keyof typeof closeCodes],
      ]),
    ),
  'member-left-reasons': () => table(['reason', 'meaning'], rowsOf(memberLeftReasons)),
  'edge-reasons': () => table(['reason', 'meaning'], rowsOf(edgeReasons)),
  'token-claims': () => claimsTable(claimsSchema),
  permissions: () => table(['grant', 'allows'], rowsOf(permissions)),
  'disconnect-reasons': () => table(['reason', 'meaning'], rowsOf(disconnectReasons)),
  metrics: metricsTable,
  'log-events': () => table(['event', 'meaning'], rowsOf(logEvents)),
  'admin-operations': () =>
    table(
      ['request', 'fields', 'answers'],
      Object.values<AdminOperationShape>(adminOperations).map(({ method, path, input, summary }) => [
        code(`${method.toUpperCase()} ${path}`),
        Object.keys(input.properties ?? {})
          .filter((field) => !path.includes(`{${field}}`))
          .map(code)
          .join(', '),
        summary,
      ]),
    ),
  machines: () => chartNames.map(machineStates).join('\n\n'),
};

function rowsOf(meanings: Readonly<Record<string, string>>): string[][] {
  return Object.entries(meanings).map(([name, meaning]) => [code(name), meaning]);
}

function claimsTable({ properties, required }: Schema): string {
  return table(
    ['claim', 'value', 'meaning'],
    Object.entries(properties ?? {}).map(([name, schema]) => [
      `${code(name)}${required?.includes(name) ? ', required' : ''}`,
      describeSchema(schema),
      schema.description ?? '',
    ]),
  );
}

function optionTable(options: { readonly [name: string]: Option }): string {
  return table(
    ['option', 'variable', 'default', 'range', 'reload', 'meaning'],
    Object.entries(withSecretFiles(options)).map(([name, option]) => [
      code(flagOf(name, option)),
      option.isFlagOnly ? '' : code(variableName(name)),
      defaultOf(option),
      rangeOf(option),
      option.isReloadable ? 'yes' : '',
      option.help,
    ]),
  );
}

function flagOf(name: string, option: Option): string {
  if (option.kind === 'switch') return `--[no-]${flagName(name)}`;
  const value = option.kind === 'integer' ? 'N' : option.kind === 'choice' ? 'NAME' : option.value;
  return `--${flagName(name)} ${value}`;
}

function defaultOf({ kind, default: value }: Option): string {
  if (kind === 'switch') return value ? 'on' : 'off';
  return value === undefined || String(value) === '' ? '' : String(value);
}

function rangeOf(option: Option): string {
  if (option.kind === 'choice') return option.choices.join(', ');
  if (option.kind === 'list') return 'may be given more than once';
  if (option.kind !== 'integer') return '';
  return `${option.min} to ${option.max}${option.zero ? `; 0: ${option.zero}` : ''}`;
}

/** A heading and a table of fields for each message. */
function messages(schemas: Schemas): string {
  return Object.entries(schemas)
    .map(([type, schema]) => {
      const fields = fieldRows(schema).filter(
        ([name]) => name !== code('type') || schema.properties?.type?.enum,
      );
      const body = fields.length > 0 ? table(['field', 'value', 'meaning'], fields) : 'No fields.';
      const choice = schema.oneOf?.map(({ required }) => required.map(code).join(' and ')).join(' or ');
      return [`#### ${code(type)}`, schema.description, choice && `Exactly one of ${choice}.`, body]
        .filter(Boolean)
        .join('\n\n');
    })
    .join('\n\n');
}

/** The fields of an object; those of nested objects and lists follow it, as `pairing.epoch` and `items[].id`. */
function fieldRows(schema: Schema, prefix = ''): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const isNeeded =
      schema.required?.includes(name) || schema.oneOf?.some(({ required }) => required.includes(name));
    const path = `${prefix}${name}`;
    const inner = [field, ...(field.anyOf ?? [])].find(({ properties }) => properties);
    const items = field.items?.properties ? field.items : undefined;
    return [
      [code(`${path}${isNeeded ? '' : '?'}`), describeSchema(field), field.description ?? ''],
      ...(inner ? fieldRows(inner, `${path}.`) : []),
      ...(items ? fieldRows(items, `${path}[].`) : []),
    ];
  });
}

function metricsTable(): string {
  const metrics = new Metrics();
  metrics.stop();
  return table(
    ['metric', 'type', 'label', 'meaning'],
    metrics
      .describe()
      .map(({ name, type, help, labels }) => [code(name), type, labels.map(code).join(', '), help]),
  );
}

function machineStates(name: keyof typeof chartTable): string {
  const { root } = chartOf(chartTable[name]);
  const rows = statesOf(root)
    .filter(({ id }) => id !== root.id)
    .map(({ id, kind, description }) => [code(id.slice(root.id.length + 1)), kind, description]);
  return [`#### ${code(name)}`, root.description, table(['state', 'kind', 'meaning'], rows)].join('\n\n');
}

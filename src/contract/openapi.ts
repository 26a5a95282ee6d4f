/** The admin API as an OpenAPI 3.1 document, made from the same table that the server routes and checks with. */
import {
  type AdminOperationShape,
  adminErrors,
  adminOperations,
} from '../protocol/admin/admin-operations.ts';
import { error } from '../protocol/admin/admin-resources.ts';
import type { Document } from './json-schemas.ts';

/** Errors that any request may get. */
const COMMON = ['invalid_request', 'unauthorized', 'forbidden', 'internal_error'] as const;
/** Errors of requests that other nodes may have to answer. */
const OVER_NODES = ['too_many_requests', 'nodes_missing'] as const;

const json = (schema: object) => ({ 'application/json': { schema } });

function operation(name: string, shape: AdminOperationShape): Document {
  const { path, summary, input, body = [], status, answer, errors } = shape;
  const { properties = {}, required = [] } = input;
  const inPath = new Set([...path.matchAll(/\{(\w+)\}/g)].map(([, field]) => field));
  const parameters = Object.entries(properties)
    .filter(([field]) => !body.includes(field))
    .map(([field, { description, ...schema }]) => ({
      name: field,
      in: inPath.has(field) ? 'path' : 'query',
      required: required.includes(field),
      ...(description !== undefined && { description }),
      schema,
    }));
  const bodySchema = {
    type: 'object',
    properties: Object.fromEntries(body.map((field) => [field, properties[field]])),
  };
  return {
    operationId: name,
    summary,
    parameters,
    ...(body.length > 0 && { requestBody: { content: json(bodySchema) } }),
    responses: {
      [status]: { description: summary, content: json(answer) },
      ...refusals([...COMMON, ...errors, ...OVER_NODES]),
    },
  };
}

/** By status; several codes may share one. */
function refusals(codes: readonly (keyof typeof adminErrors)[]): Document {
  const responses: { [status: string]: { description: string; content: object } } = {};
  for (const code of codes) {
    const { status, message } = adminErrors[code];
    const known = responses[status];
    const description = `\`${code}\`: ${message}`;
    responses[status] = {
      description: known ? `${known.description} ${description}` : description,
      content: json({ $ref: '#/components/schemas/error' }),
    };
  }
  return responses;
}

/** @param version of the package */
export function openApi(version: string): Document {
  const paths: { [path: string]: { [method: string]: Document } } = {};
  for (const [name, shape] of Object.entries<AdminOperationShape>(adminOperations))
    paths[shape.path] = { ...paths[shape.path], [shape.method]: operation(name, shape) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pairlane admin API',
      version,
      description:
        'Sessions, pairings, rooms and apps of a server and of all nodes of its cluster. Open to the server’s own machine (--admin), or to whoever knows its token (--admin-token-file).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The server that gives this document, below its --base-path.' }],
    security: [{}, { token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: '--admin-token-file' } },
      schemas: { error },
    },
  };
}

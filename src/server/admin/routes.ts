/**
 * The admin API over HTTP: checks access, finds the operation of a path, and answers everything in JSON, including
 * errors.
 */
import { nearestName } from '../../common/nearest-name.ts';
import {
  type AdminErrorCode,
  type AdminOperation,
  type AdminOperationShape,
  adminErrors,
  adminOperationNames,
  adminOperations,
} from '../../protocol/admin/admin-operations.ts';
import { isRecord, type Schema } from '../../protocol/index.ts';
import { isCrossOrigin, isCrossSite, isLocal, readFacts } from '../admission/request-facts.ts';
import { bearerOf, isSameToken } from '../admission/shared-token.ts';
import { type Answer, NOT_KEPT } from '../http/answer.ts';
import { type PlainRequest, serveRequests } from '../http/serve-requests.ts';
import type { App, HttpRequest, HttpResponse } from '../http/shell/shell.ts';
import type { Admin } from './admin.ts';

export interface AdminRoutesDeps {
  readonly admin: Admin;
  /** Read at each request, since it may change. Undefined: this machine only. */
  readonly token: () => string | undefined;
  /** Whether requests from this machine need no token. */
  readonly isLocalOpen: boolean;
  readonly basePath: string;
  readonly refused: (kind: string) => void;
}

const MAX_BODY_BYTES = 16 * 1024;

export function addAdminRoutes(app: App, deps: AdminRoutesDeps): void {
  const { token, isLocalOpen, refused } = deps;
  const refusalOf = (res: HttpResponse, req: HttpRequest): Answer | undefined => {
    const facts = readFacts(res, req);
    const known = token();
    const isOfAnotherSite = isCrossOrigin(facts) || isCrossSite(facts);
    if (isOfAnotherSite || (known === undefined && !(isLocalOpen && isLocal(facts))))
      return errorAnswer('forbidden');
    if (known === undefined || isSameToken(bearerOf(req), known)) return undefined;
    refused('admin_token');
    const { headers = [], ...rest } = errorAnswer('unauthorized');
    return { ...rest, headers: [...headers, ['www-authenticate', 'Bearer']] };
  };
  serveRequests(app, '/admin/*', {
    maxBodyBytes: MAX_BODY_BYTES,
    refusalOf,
    tooLarge: errorAnswer('too_large'),
    answerTo: (request) => answerTo(request, deps),
  });
}

async function answerTo(request: PlainRequest, { admin, basePath }: AdminRoutesDeps): Promise<Answer> {
  const found = routeOf(request, basePath);
  if ('refusal' in found) return errorAnswer(found.refusal, found.message);
  try {
    const answer = await admin.answer(found.operation, found.input);
    if ('refusal' in answer) return errorAnswer(answer.refusal, answer.message);
    const { status } = adminOperations[found.operation];
    return { status: status === 201 ? '201 Created' : '200 OK', headers: HEADERS, body: jsonOf(answer.body) };
  } catch (error) {
    admin.failed(error);
    return errorAnswer('internal_error');
  }
}

type Route =
  | { readonly operation: AdminOperation; readonly input: object }
  | { readonly refusal: AdminErrorCode; readonly message?: string };

function routeOf({ method, path, query, body }: PlainRequest, basePath: string): Route {
  const asked = segmentsOf(path.slice(basePath.length));
  if (!asked) return { refusal: 'invalid_request', message: 'The path is not percent-encoded UTF-8.' };
  const fitting = adminOperationNames.flatMap((operation) => {
    const fields = fieldsOf(adminOperations[operation].path, asked);
    return fields ? [{ operation, fields }] : [];
  });
  if (fitting.length === 0) return { refusal: 'not_found' };
  const wanted = method === 'head' ? 'get' : method;
  const route = fitting.find(({ operation }) => adminOperations[operation].method === wanted);
  if (!route) return { refusal: 'method_not_allowed' };
  const { input: schema, ...rest }: AdminOperationShape = adminOperations[route.operation];
  const inBody = rest.body ?? [];
  const known = Object.keys(schema.properties ?? {}).filter((field) => !Object.hasOwn(route.fields, field));
  const given = bodyOf(body, inBody.length > 0);
  if (typeof given === 'string') return { refusal: 'invalid_request', message: given };
  const asQuery = Object.fromEntries(new URLSearchParams(query));
  const problem =
    strangerIn(
      asQuery,
      known.filter((field) => !inBody.includes(field)),
      'query',
    ) ?? strangerIn(given, inBody, 'body');
  if (problem !== undefined) return { refusal: 'invalid_request', message: problem };
  return {
    operation: route.operation,
    input: { ...numbersIn({ ...asQuery, ...route.fields }, schema), ...given },
  };
}

/** @returns undefined if the path is not valid UTF-8 */
function segmentsOf(path: string): string[] | undefined {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** The values in a path for the braces in its template; undefined if it does not match. */
function fieldsOf(template: string, asked: readonly string[]): Record<string, string> | undefined {
  const parts = template.split('/');
  if (parts.length !== asked.length) return undefined;
  const fields: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name !== undefined) fields[name] = asked[at] ?? '';
    else if (part !== asked[at]) return undefined;
  }
  return fields;
}

/** @returns the fields, or what is wrong */
function bodyOf(body: Buffer, isTaken: boolean): Record<string, unknown> | string {
  if (body.length === 0) return {};
  if (!isTaken) return 'This request has no body.';
  try {
    const value: unknown = JSON.parse(body.toString());
    return isRecord(value) ? value : 'The body should be a JSON object.';
  } catch {
    return 'The body should be a JSON object.';
  }
}

function strangerIn(given: object, known: readonly string[], where: string): string | undefined {
  const stranger = Object.keys(given).find((name) => !known.includes(name));
  if (stranger === undefined) return undefined;
  const meant = nearestName(stranger, known);
  const hint = meant
    ? `did you mean \`${meant}\`?`
    : known.length > 0
      ? `it has ${known.join(', ')}.`
      : 'it has none.';
  return `The ${where} has an unknown field; ${hint}`;
}

/** Path and query are text; fields that should be numbers are converted if they look like numbers. */
function numbersIn(fields: Record<string, string>, { properties = {} }: Schema): object {
  const isNumber = (name: string, text: string) =>
    properties[name]?.type === 'integer' && /^\d{1,16}$/.test(text);
  return Object.fromEntries(
    Object.entries(fields).map(([name, text]) => [name, isNumber(name, text) ? Number(text) : text]),
  );
}

const HEADERS: NonNullable<Answer['headers']> = [
  ['content-type', 'application/json; charset=utf-8'],
  NOT_KEPT,
  ['x-content-type-options', 'nosniff'],
];

const REASONS: { readonly [status: number]: string } = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

function errorAnswer(code: AdminErrorCode, message: string = adminErrors[code].message): Answer {
  const { status } = adminErrors[code];
  return {
    status: `${status} ${REASONS[status]}`,
    headers: HEADERS,
    body: jsonOf({ error: { code, message } }),
  };
}

const jsonOf = (body: object) => `${JSON.stringify(body)}\n`;

/** Sends requests to a server's admin API, and checks each answer against its operation's schema. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  type AdminOperation,
  adminOperationNames,
  adminOperations,
} from '../../../src/protocol/admin/admin-operations.ts';
import { error } from '../../../src/protocol/admin/admin-resources.ts';
import type { SignalingServer } from '../../../src/server/index.ts';

const ajv = new Ajv2020({ strict: false });

export interface AdminReply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer has, each test says.
  readonly body: any;
}

/**
 * @param path below /admin, such as `/sessions?app=`
 * @throws if the answer does not match the operation's schema
 */
export async function askAdmin(
  server: SignalingServer,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<AdminReply> {
  const url = `${server.url.replace('ws', 'http').replace(/\/$/, '')}/admin${path}`;
  const response = await fetch(url, {
    method,
    headers,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const reply = { status: response.status, body: await response.json() };
  const schema = response.ok ? adminOperations[operationOf(method, path)].answer : error;
  if (!ajv.validate(schema, reply.body)) throw new Error(`${method} ${path}: ${ajv.errorsText()}`);
  if (response.headers.get('content-type') !== 'application/json; charset=utf-8')
    throw new Error(`${method} ${path} answered no JSON`);
  return reply;
}

function operationOf(method: string, path: string): AdminOperation {
  const [asked = ''] = `/admin${path}`.split('?');
  const found = adminOperationNames.find(
    (name) =>
      adminOperations[name].method === method.toLowerCase() &&
      new RegExp(`^${adminOperations[name].path.replace(/\{\w+\}/g, '[^/]+')}$`).test(asked),
  );
  if (!found) throw new Error(`There is no operation ${method} ${path}`);
  return found;
}

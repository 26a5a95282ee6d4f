/** Checks the server's messages as they arrive. A decoded message matches its schema, but is still untrusted. */
import { shapeFault } from '../../common/message-shape.ts';
import {
  explain,
  isRecord,
  type ServerMessage,
  type ServerMessageType,
  serverSchemas,
} from '../../protocol/index.ts';
import { PairlaneError } from '../peer/errors.ts';

/** @returns undefined for a type that this version does not know: a newer server may send it */
export function decodeServerMessage(data: unknown): ServerMessage | PairlaneError | undefined {
  if (typeof data !== 'string') return new PairlaneError('invalid_server_message', 'a binary frame');
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return new PairlaneError('invalid_server_message', 'not JSON');
  }
  // A room with its members' metadata has more values than any message of a client; its size is already limited.
  const fault = shapeFault(value, Number.POSITIVE_INFINITY);
  if (fault) return new PairlaneError('invalid_server_message', fault);
  if (!isRecord(value) || typeof value.type !== 'string') {
    return new PairlaneError('invalid_server_message', 'no `type`');
  }
  if (!Object.hasOwn(serverSchemas, value.type)) return undefined;
  const problem = explain(serverSchemas[value.type as ServerMessageType], value);
  return problem === undefined
    ? (value as ServerMessage)
    : new PairlaneError('invalid_server_message', `${value.type}: ${problem}`);
}

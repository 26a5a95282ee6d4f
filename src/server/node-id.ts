/** A session's id carries its node: the first 32 bits of the UUID. So a message finds its way, and nobody keeps a list. */
import { randomInt, randomUUID } from 'node:crypto';

/** The number of a node: the first 32 bits of the ids of its sessions. 0 is nobody. */
export type NodeId = number;

export const MIN_NODE_ID = 1;
export const MAX_NODE_ID = 0xffff_ffff;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HEX_CHARS = 8;

export function randomNodeId(): NodeId {
  return randomInt(MIN_NODE_ID, MAX_NODE_ID + 1);
}

/** A session id as this server gives them. */
export function isSessionId(text: string): boolean {
  return UUID.test(text);
}

/** A new session's id; 122 bits of a UUID of version 4 less those of the node leave 90 to chance. */
export function sessionIdOn(node: NodeId): string {
  return node.toString(16).padStart(HEX_CHARS, '0') + randomUUID().slice(HEX_CHARS);
}

/** The node that a session began on; undefined for what is no session's id. */
export function nodeOfSessionId(id: string): NodeId | undefined {
  if (!isSessionId(id)) return undefined;
  const node = Number.parseInt(id.slice(0, HEX_CHARS), 16);
  return node >= MIN_NODE_ID ? node : undefined;
}

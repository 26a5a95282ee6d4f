/** A session's id contains its node: the first 32 bits of the UUID. So messages find their way without a directory. */
import { randomInt, randomUUID } from 'node:crypto';

/** The number of a node: the first 32 bits of its sessions' ids. 0 stands for no node. */
export type NodeId = number;

export const MIN_NODE_ID = 1;
export const MAX_NODE_ID = 0xffff_ffff;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HEX_CHARS = 8;

export function randomNodeId(): NodeId {
  return randomInt(MIN_NODE_ID, MAX_NODE_ID + 1);
}

/** Whether the text is a session id as servers create them. */
export function isSessionId(text: string): boolean {
  return UUID.test(text);
}

/** A new session's id. Of the 122 random bits of a version 4 UUID, 90 remain random besides the node's. */
export function sessionIdOn(node: NodeId): string {
  return node.toString(16).padStart(HEX_CHARS, '0') + randomUUID().slice(HEX_CHARS);
}

/** The node that a session began on; undefined if the text is not a session id. */
export function nodeOfSessionId(id: string): NodeId | undefined {
  if (!isSessionId(id)) return undefined;
  const node = Number.parseInt(id.slice(0, HEX_CHARS), 16);
  return node >= MIN_NODE_ID ? node : undefined;
}

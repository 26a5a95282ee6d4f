/** Which part handles which message of another node. */
import type { NodeMessage, NodeMessageOf, NodeMessageType } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';

export type NodeMessageHandlers = {
  readonly [T in NodeMessageType]: (node: NodeId, message: NodeMessageOf<T>) => void;
};

export function handleNodeMessage(handlers: NodeMessageHandlers, node: NodeId, message: NodeMessage): void {
  (handlers[message.type] as (node: NodeId, message: NodeMessage) => void)(node, message);
}

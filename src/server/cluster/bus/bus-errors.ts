/**
 * Why a bus refuses to start: what is wrong with its settings, and how to fix it. The message never contains an address
 * or a secret.
 */
import type { NodeId } from '../../node-id.ts';

export class BusError extends Error {
  override readonly name: string = 'BusError';
}

export class DuplicateNodeError extends BusError {
  override readonly name = 'DuplicateNodeError';

  constructor(id: NodeId) {
    super(
      `Another node of this cluster has the number ${id}. Give each node its own --node, or leave it out for a random one`,
    );
  }
}

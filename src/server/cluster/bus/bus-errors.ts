/**
 * Why a bus refuses to start: what is wrong with its settings, and how to fix it. The message never contains an address
 * or a secret.
 */
import type { NodeId } from '../../node-id.ts';

export class BusError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BusError';
  }
}

export class DuplicateNodeError extends BusError {
  constructor(id: NodeId) {
    super(
      `Another node of this cluster has the number ${id}. Give each node its own --node, or leave it out for a random one`,
    );
    this.name = 'DuplicateNodeError';
  }
}

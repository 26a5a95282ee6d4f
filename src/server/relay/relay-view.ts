/** What a relay server tells its operator of the network: the answer to `GET /api/relay`. */
import type { RelayHostKind } from '../../machines/relay-link/relay-table.ts';
import type { RelayNode } from './relay-node.ts';

export interface RelayView {
  readonly id: number;
  readonly name: string;
  readonly info: string;
  readonly adjacent_servers: readonly number[];
  readonly adjacent_clients: readonly number[];
  /** Every host that is known, but for the server itself. */
  readonly hosts: readonly {
    readonly id: number;
    readonly kind: RelayHostKind;
    readonly name: string;
    readonly info: string;
    readonly first_link: number;
  }[];
  readonly status_log: readonly string[];
}

const ascending = (a: number, b: number) => a - b;

/** All lists but the log are in order of their ids, so that two views compare. */
export function relayView(node: RelayNode): RelayView {
  const { table, identity, statusLog } = node;
  return {
    ...identity,
    adjacent_servers: [...table.adjacent('server')].sort(ascending),
    adjacent_clients: [...table.adjacent('client')].sort(ascending),
    hosts: [...table.hosts()]
      .sort((a, b) => a.id - b.id)
      .map(({ id, kind, name, info, firstHop }) => ({ id, kind, name, info, first_link: firstHop })),
    status_log: [...statusLog.texts],
  };
}

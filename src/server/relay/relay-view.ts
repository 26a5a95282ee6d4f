/** What a relay server shows its operator: the answer to `GET /api/relay`. */
import type { RelayHostKind } from '../../machines/relay-link/relay-table.ts';
import type { RelayNode } from './relay-node.ts';

export interface RelayView {
  readonly id: number;
  readonly name: string;
  readonly info: string;
  readonly adjacent_servers: readonly number[];
  readonly adjacent_clients: readonly number[];
  /** All known hosts, except the server itself. */
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

/** All lists except the log are ordered by id, so that two views can be compared. */
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

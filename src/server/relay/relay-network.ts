/**
 * The network as the inspector's page draws it. It is bounded, however many hosts there are and whatever they announce:
 * an info may be 64 KiB long.
 */
import type { RelayHost } from '../../machines/relay-link/relay-table.ts';
import type { Network, NetworkHost } from '../../protocol/index.ts';
import { cut, type LostHost } from './relay-history.ts';
import type { RelayNode } from './relay-node.ts';

/** A picture of more hosts is of no use to people. */
export const MAX_HOSTS = 2_000;
export const MAX_STATUSES = 50;

const rank = ({ kind, firstHop, id }: RelayHost) => (kind === 'server' ? 0 : 2) + (firstHop === id ? 0 : 1);

export function relayNetwork(node: RelayNode): Network {
  const { table, identity, statusLog, history } = node;
  const hosts = [...table.hosts(), ...history.lost].sort(
    (one, other) => rank(one) - rank(other) || one.id - other.id,
  );
  const parent = [...node.links].find(({ context, value }) => context.isParent && value === 'adjacentServer');
  return {
    id: identity.id,
    name: cut(identity.name),
    info: cut(identity.info),
    ...(parent?.context.hostId !== undefined && { parent_id: parent.context.hostId }),
    hosts: hosts.slice(0, MAX_HOSTS).map((host) => hostFacts(node, host)),
    hidden: Math.max(0, hosts.length - MAX_HOSTS),
    events: history.events,
    status_log: statusLog.texts.slice(-MAX_STATUSES).map(cut),
  };
}

function hostFacts(node: RelayNode, host: RelayHost | LostHost): NetworkHost {
  const { id, kind, name, info, firstHop } = host;
  const link = firstHop === id ? node.linkTo(id)?.number : undefined;
  return {
    id,
    kind,
    name: cut(name),
    info: cut(info),
    first_link: firstHop,
    ...(link !== undefined && { link }),
    ...('lost' in host && { lost: host.lost }),
  };
}

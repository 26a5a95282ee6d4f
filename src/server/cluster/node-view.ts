/** This node and its links as the inspector's page shows them. Of other nodes it knows what its links tell. */
import { type Clock, wallSecond } from '../../common/clock.ts';
import type { NodeEventFacts, NodeLinkFacts, NodeView } from '../../protocol/index.ts';
import type { NodeId } from '../node-id.ts';
import type { ServerPairing } from '../signaling/pairing.ts';
import type { Cluster } from './cluster.ts';
import { remotesOf } from './inspector-sources.ts';
import type { SessionLocations } from './migration/session-locations.ts';
import type { NodeEvent } from './node-events.ts';
import type { NodeLink } from './node-link.ts';

export const MAX_SHOWN_LINKS = 64;

export interface NodeViewDeps {
  readonly cluster: Cluster;
  readonly locations: Pick<SessionLocations, 'nodes'>;
  readonly sessions: ReadonlyMap<string, unknown>;
  readonly pairings: ReadonlySet<ServerPairing>;
  readonly clock: Clock;
}

export function nodeView({ cluster, locations, sessions, pairings, clock }: NodeViewDeps): NodeView {
  const wallTime = (at: number) => wallSecond(clock, at);
  const paired = countOf(nodesOf(pairings));
  const moved = countOf(locations.nodes());
  const facts = ({ node, value, openedAt }: NodeLink): NodeLinkFacts => ({
    node,
    state: String(value),
    since: wallTime(openedAt),
    pairings: paired.get(node) ?? 0,
    sessions: moved.get(node) ?? 0,
  });
  const links = [...cluster.links.links.values()].sort(
    (one, other) => Number(one.isOpen) - Number(other.isOpen) || one.node - other.node,
  );
  return {
    node: cluster.node,
    sessions: sessions.size,
    is_bus_up: cluster.links.isBusUp,
    links: links.slice(0, MAX_SHOWN_LINKS).map(facts),
    hidden: Math.max(0, links.length - MAX_SHOWN_LINKS),
    events: cluster.events.newest.map((event) => eventFacts(event, wallTime)),
  };
}

function eventFacts({ at, kind, node, id }: NodeEvent, wallTime: (at: number) => number): NodeEventFacts {
  return { at: wallTime(at), kind, node, ...(id !== undefined && { id }) };
}

function* nodesOf(pairings: Iterable<ServerPairing>): Generator<NodeId> {
  for (const pairing of pairings)
    for (const { node } of remotesOf(pairing)) if (node !== undefined) yield node;
}

function countOf(nodes: Iterable<NodeId>): Map<NodeId, number> {
  const counts = new Map<NodeId, number>();
  for (const node of nodes) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
}

/**
 * Pairings that a room wants between members of two nodes: the node of the member that joined later asks, and the other
 * node creates its side and says so. An answer that comes too late ends the side that it reports: no side stays alone.
 */
import type { EdgeReason } from '../../../machines/index.ts';
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { Edge } from '../../signaling/rooms/edge.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Links } from '../links.ts';
import type { RemotePairings } from '../pairing/remote-pairings.ts';

export interface RemoteMemberPairingsDeps {
  readonly links: Links;
  readonly signaling: Signaling;
  readonly remotePairings: RemotePairings;
}

interface Asked {
  readonly edge: Edge;
  readonly node: NodeId;
  readonly epoch: number;
}

export class RemoteMemberPairings {
  readonly #deps: RemoteMemberPairingsDeps;
  /** By edge: only the newest request counts. */
  readonly #asked = new Map<Edge, Asked>();

  constructor(deps: RemoteMemberPairingsDeps) {
    this.#deps = deps;
  }

  /** @returns why the other node is not asked; the other node is told this, too */
  ask(edge: Edge, asker: ServerSession, node: NodeId): EdgeReason | undefined {
    const { links, signaling } = this.#deps;
    for (const one of this.#asked.keys()) if (one.isDone) this.#asked.delete(one);
    this.#asked.delete(edge);
    const obstacle = this.#obstacleOf(asker);
    if (obstacle) {
      this.#tellMissing(edge, node, obstacle);
      return obstacle;
    }
    const epoch = signaling.pairings.epochs.next();
    this.#asked.set(edge, { edge, node, epoch });
    links.send(node, {
      type: 'pair_members',
      app: edge.room.app,
      room: edge.room.name,
      epoch,
      from: edge.askerId,
      to: edge.otherId,
      is_resumable: asker.isResumable,
    });
    return undefined;
  }

  /** That node is lost, and will not answer. */
  failed(node: NodeId): void {
    for (const asked of [...this.#asked.values()])
      if (asked.node === node) this.#refused(asked, 'unavailable');
  }

  onPairMembers(node: NodeId, message: NodeMessageOf<'pair_members'>): void {
    const { links, remotePairings, signaling } = this.#deps;
    const { app, room: name, epoch, from, to } = message;
    const room = signaling.rooms.find(app, name);
    const session = room?.memberships.get(to)?.session;
    const obstacle =
      !room?.memberships.has(from) || !session ? 'target_not_found' : obstacleTo(session, from);
    if (obstacle !== undefined || !session) {
      const reason = obstacle ?? 'target_not_found';
      links.send(node, { type: 'members_not_paired', epoch, to: from, reason });
      // For a pairing that exists, the edge itself knows more.
      if (room && reason !== 'already_paired') signaling.rooms.edges.refused(room, from, to, reason);
      return;
    }
    const { isResumable } = session;
    links.send(node, { type: 'members_paired', epoch, from: to, to: from, is_resumable: isResumable });
    const remote = remotePairings.create(from, node, message.is_resumable);
    signaling.pair(remote, session, { room: name }, epoch);
  }

  onMembersPaired(node: NodeId, message: NodeMessageOf<'members_paired'>): void {
    const { links, remotePairings, signaling } = this.#deps;
    const { epoch, from, to, is_resumable: isResumable } = message;
    const asked = this.#find(epoch);
    const session = signaling.directory.sessions.get(to);
    if (asked) this.#asked.delete(asked.edge);
    const isWanted = asked !== undefined && !asked.edge.isDone && !session?.isPairedWith(from);
    if (session && isWanted && session.hasFreeSeat) {
      const remote = remotePairings.create(from, node, isResumable);
      signaling.pair(session, remote, { room: asked.edge.room.name }, epoch);
      return;
    }
    links.send(node, { type: 'ended', epoch, from: to, to: from, reason: 'disconnected' });
    if (!session || !isWanted) return;
    // Its client was paired with somebody else meanwhile.
    this.#tellMissing(asked.edge, node, 'too_many_peers');
    this.#refused(asked, 'too_many_peers');
  }

  onMembersNotPaired(_node: NodeId, { epoch, reason }: NodeMessageOf<'members_not_paired'>): void {
    const asked = this.#find(epoch);
    if (asked) this.#refused(asked, reason as EdgeReason);
  }

  /** The asking member's node reports why the pairing is missing. */
  onEdgeMissing(_node: NodeId, { app, room: name, from, to, reason }: NodeMessageOf<'edge_missing'>): void {
    const { rooms } = this.#deps.signaling;
    const room = rooms.find(app, name);
    if (room) rooms.edges.refused(room, from, to, reason as EdgeReason);
  }

  #tellMissing({ room, askerId, otherId }: Edge, node: NodeId, reason: EdgeReason): void {
    const { app, name } = room;
    this.#deps.links.send(node, {
      type: 'edge_missing',
      app,
      room: name,
      from: askerId,
      to: otherId,
      reason,
    });
  }

  /** Pending requests count as seats, since they may be granted. */
  #obstacleOf(asker: ServerSession): EdgeReason | undefined {
    const asked = [...this.#asked.keys()].filter(({ askerId }) => askerId === asker.id).length;
    if (!asker.hasFreeSeat || asker.seats.length + asked >= asker.maxPeers) return 'too_many_peers';
    return asker.hasRoomForPeer ? undefined : 'peer_slow';
  }

  #find(epoch: number): Asked | undefined {
    return [...this.#asked.values()].find((asked) => asked.epoch === epoch);
  }

  #refused({ edge }: Asked, reason: EdgeReason): void {
    this.#asked.delete(edge);
    if (!edge.isDone) this.#deps.signaling.rooms.edges.refused(edge.room, edge.askerId, edge.otherId, reason);
  }
}

/** Why a client of this node cannot be paired with a client of another. */
function obstacleTo(session: ServerSession, from: string): EdgeReason | undefined {
  if (session.isPairedWith(from)) return 'already_paired';
  if (!session.hasFreeSeat) return 'too_many_peers';
  return session.hasRoomForPeer ? undefined : 'peer_slow';
}

/**
 * Pairings that a room wants of members of two nodes: the node of the one that joined later asks, the other one makes its
 * side and says so. An answer that comes too late ends the side that it tells of: no side stays alone.
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
  /** By the edges: the newest question counts. */
  readonly #asked = new Map<Edge, Asked>();

  constructor(deps: RemoteMemberPairingsDeps) {
    this.#deps = deps;
  }

  /** @returns why the other node is not asked */
  ask(edge: Edge, asker: ServerSession, node: NodeId): EdgeReason | undefined {
    const { links, signaling } = this.#deps;
    if (!asker.hasFreeSeat) return 'too_many_peers';
    if (!asker.client.hasRoomFor(0)) return 'peer_slow';
    const epoch = signaling.pairings.epochs.next();
    for (const one of this.#asked.keys()) if (one.isDone) this.#asked.delete(one);
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

  /** That node is lost, and answers nothing. */
  failed(node: NodeId): void {
    for (const asked of [...this.#asked.values()])
      if (asked.node === node) this.#refused(asked, 'unavailable');
  }

  onPairMembers(node: NodeId, message: NodeMessageOf<'pair_members'>): void {
    const { links, remotePairings, signaling } = this.#deps;
    const { app, room: name, epoch, from, to } = message;
    const refuse = (reason: EdgeReason) =>
      links.send(node, { type: 'members_not_paired', epoch, to: from, reason });
    const room = signaling.rooms.find(app, name);
    const session = room?.memberships.get(to)?.session;
    if (!room?.memberships.has(from) || !session) {
      refuse('target_not_found');
      return;
    }
    if (session.isPairedWith(from) || !session.hasFreeSeat) {
      refuse(session.isPairedWith(from) ? 'already_paired' : 'too_many_peers');
      return;
    }
    if (!session.client.hasRoomFor(0)) {
      refuse('peer_slow');
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
    const session = asked && signaling.directory.sessions.get(to);
    const isWanted = session && !asked.edge.isDone && !session.isPairedWith(from) && session.hasFreeSeat;
    if (asked) this.#asked.delete(asked.edge);
    if (isWanted) {
      const remote = remotePairings.create(from, node, isResumable);
      signaling.pair(session, remote, { room: asked.edge.room.name }, epoch);
    } else links.send(node, { type: 'ended', epoch, from: to, to: from, reason: 'disconnected' });
  }

  onMembersNotPaired(_node: NodeId, { epoch, reason }: NodeMessageOf<'members_not_paired'>): void {
    const asked = this.#find(epoch);
    if (asked) this.#refused(asked, reason as EdgeReason);
  }

  #find(epoch: number): Asked | undefined {
    return [...this.#asked.values()].find((asked) => asked.epoch === epoch);
  }

  #refused({ edge }: Asked, reason: EdgeReason): void {
    this.#asked.delete(edge);
    if (!edge.isDone) this.#deps.signaling.rooms.edges.refused(edge.room, edge.askerId, edge.otherId, reason);
  }
}

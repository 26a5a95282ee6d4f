/**
 * Sessions that go to another node: their client came there. This node gives them away with all that waits for the
 * client, forgets them, and keeps where they went.
 */
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Links } from '../links.ts';
import { takePairingSnapshot } from '../pairing/pairing-snapshot.ts';
import type { RemotePairings } from '../pairing/remote-pairings.ts';
import type { ResumableDialect } from './resumable-dialect.ts';
import type { SessionLocations } from './session-locations.ts';

export interface OutboundMigrationsDeps {
  readonly links: Links;
  readonly locations: SessionLocations;
  readonly remotePairings: RemotePairings;
  readonly signaling: Signaling;
  readonly dialect: ResumableDialect;
}

export class OutboundMigrations {
  readonly #deps: OutboundMigrationsDeps;

  constructor(deps: OutboundMigrationsDeps) {
    this.#deps = deps;
  }

  /** Another node has the client of a session that this one may have. */
  onMove(node: NodeId, message: NodeMessageOf<'move'>): void {
    const { signaling, dialect } = this.#deps;
    const session = signaling.directory.sessions.get(message.id);
    if (session && dialect.mayResume(session, message)) this.#move(session, node, message);
    else this.#refuse(node, message, session !== undefined);
  }

  /** Another node has a session that this one has, too: they did not hear of each other when its client came there. */
  superseded(session: ServerSession, node: NodeId): void {
    if (node !== this.#deps.locations.here) this.#giveAway(session, node);
  }

  /** Its client comes from another node, which nobody here has heard of: what is here is a stale copy. */
  dropStale(session: ServerSession): void {
    this.#giveAway(session, undefined);
  }

  #move(session: ServerSession, node: NodeId, { number, received }: NodeMessageOf<'move'>): void {
    const { links, locations, signaling, dialect, remotePairings } = this.#deps;
    const { keys } = signaling.directory;
    // What other nodes will say to its request would come here.
    if (session.pendingPairRequest) session.dispatch({ type: 'DENIED', code: 'unavailable' });
    const snapshot = {
      ...dialect.takeSnapshot(session, received, signaling.queue.now),
      keys: keys
        .allOf(session, signaling.queue.now)
        .map(({ key, ttlMs, uses }) => ({ key, ttl_ms: ttlMs, uses })),
      pairings: session.seats.flatMap((seat) =>
        seat.pairing ? [takePairingSnapshot(seat, seat.pairing, locations.here, remotePairings)] : [],
      ),
    };
    this.#giveAway(session, node);
    links.send(node, { type: 'moved', number, session: snapshot });
  }

  #refuse(node: NodeId, { number, id, token }: NodeMessageOf<'move'>, isHere: boolean): void {
    const { links, locations, dialect, signaling } = this.#deps;
    const next = isHere ? undefined : locations.nodeOf(id);
    links.send(node, {
      type: 'not_moved',
      number,
      may_restore: !isHere && signaling.sessions.restoreWindow.isOpen && dialect.isForeign(id, token),
      ...(next !== undefined && next !== node && { node: next }),
    });
  }

  /** @param node undefined when nobody knows where its client is: it will be here again soon */
  #giveAway(session: ServerSession, node: NodeId | undefined): void {
    const { remotePairings, locations } = this.#deps;
    const { client } = session;
    // Wherever it is now, its client has come back once more.
    const generation = client.generation + 1;
    for (const seat of session.seats) remotePairings.moveAway(seat, { node, generation });
    client.moveAway();
    session.dispatch({ type: 'MOVED' });
    if (node !== undefined) locations.set(session.id, { node, generation, isConfirmed: false });
  }
}

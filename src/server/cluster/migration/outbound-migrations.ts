/**
 * Sessions that go to another node because their client came back there. This node hands a session over with all that
 * waits for the client, forgets it, and remembers where it went.
 */
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { Party } from '../../signaling/pairing.ts';
import { Seat } from '../../signaling/seat.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import { WaitingBytes, type Waits } from '../../signaling/waiting-bytes.ts';
import { MAX_NODE_MESSAGE_BYTES } from '../bus/bus.ts';
import type { Links } from '../links.ts';
import type { NodeEvents } from '../node-events.ts';
import { takePairingSnapshot } from '../pairing/pairing-snapshot.ts';
import type { RemotePairings } from '../pairing/remote-pairings.ts';
import { RemoteSession } from '../pairing/remote-session.ts';
import type { ResumableDialect } from './resumable-dialect.ts';
import type { SessionLocations } from './session-locations.ts';

export interface OutboundMigrationsDeps {
  readonly links: Links;
  readonly locations: SessionLocations;
  readonly remotePairings: RemotePairings;
  readonly signaling: Signaling;
  readonly dialect: ResumableDialect;
  readonly events: Pick<NodeEvents, 'note'>;
}

export class OutboundMigrations {
  readonly #deps: OutboundMigrationsDeps;

  constructor(deps: OutboundMigrationsDeps) {
    this.#deps = deps;
  }

  /** Another node has the client of a session that this node may have. */
  onMove(node: NodeId, message: NodeMessageOf<'move'>): void {
    const { links, signaling, dialect } = this.#deps;
    // It was lost while this waited: a session that it was given now would be lost on the way.
    if (!links.inUse.includes(node)) return;
    const session = signaling.directory.sessions.get(message.id);
    if (session && dialect.mayResume(session, message)) this.#move(session, node, message);
    else this.#refuse(node, message, session !== undefined);
  }

  /**
   * Another node has a session that this node has, too: the two could not reach each other when its client came there.
   */
  superseded(session: ServerSession, node: NodeId): void {
    if (node !== this.#deps.locations.here) this.#giveAway(session, node);
  }

  /** The client comes from another node that no node here has heard of: the session here is a stale copy. */
  dropStale(session: ServerSession): void {
    this.#giveAway(session, undefined);
  }

  #move(session: ServerSession, node: NodeId, request: NodeMessageOf<'move'>): void {
    const { links, locations, signaling, dialect } = this.#deps;
    const { keys } = signaling.directory;
    shedBeyondOneMessage(session);
    // The answers to its pair request would come to this node.
    if (session.pendingPairRequest) session.dispatch({ type: 'DENIED', code: 'unavailable' });
    const snapshot = {
      ...dialect.takeSnapshot(session, request, signaling.queue.now),
      keys: keys
        .allOf(session, signaling.queue.now)
        .map(({ key, ttlMs, uses }) => ({ key, ttl_ms: ttlMs, uses })),
      pairings: session.seats.flatMap((seat) =>
        seat.pairing ? [takePairingSnapshot(seat, seat.pairing, locations.here)] : [],
      ),
    };
    this.#giveAway(session, node);
    links.send(node, { type: 'moved', number: request.number, session: snapshot });
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

  /** @param node undefined when it is unknown where its client is: it will soon be here again */
  #giveAway(session: ServerSession, node: NodeId | undefined): void {
    const { remotePairings, locations, events } = this.#deps;
    const { client } = session;
    // Wherever its client is now, it has come back once more.
    const generation = client.generation + 1;
    for (const seat of session.seats) remotePairings.moveAway(seat, { node, generation });
    client.moveAway();
    session.dispatch({ type: 'MOVED' });
    if (node === undefined) return;
    locations.set(session.id, { node, generation, isConfirmed: false });
    events.note('went', node, session.id);
  }
}

/** Everything goes in one message, in which a text may be twice as long: the pairings in which most waits are given up. */
function shedBeyondOneMessage(session: ServerSession): void {
  const waiting = new WaitingBytes(MAX_NODE_MESSAGE_BYTES / 2);
  waiting.addSource(() => [...session.waits, ...session.seats.flatMap(({ peer }) => waitsOf(peer))]);
  waiting.added(waiting.total);
}

function waitsOf(peer: Party | undefined): readonly Waits[] {
  return peer instanceof Seat || peer instanceof RemoteSession ? [peer] : [];
}

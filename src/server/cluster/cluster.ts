/**
 * This server as one node of a cluster: passes messages from the links to the parts that handle them. There is no
 * directory: a session's id tells which node it began on, and that node remembers where it went.
 */
import type { SessionEvent } from '../../machines/index.ts';
import type { NodeMessage, NodeMessageOf } from '../../protocol/cluster/index.ts';
import { isGivenByToken } from '../admission/tokens/grants.ts';
import type { NodeId } from '../node-id.ts';
import type { Elsewhere, OtherNodes, PairRequest } from '../signaling/other-nodes.ts';
import type { ServerSession } from '../signaling/session.ts';
import type { Signaling } from '../signaling/signaling.ts';
import { TurnQueue } from '../signaling/turn-queue.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ForeignSessions } from './foreign-sessions.ts';
import { inPieces } from './in-pieces.ts';
import { InboundMigrations, type MigrationAnswer } from './migration/inbound-migrations.ts';
import { OutboundMigrations } from './migration/outbound-migrations.ts';
import type { ResumableDialect, ResumeRequest } from './migration/resumable-dialect.ts';
import type { SessionLocation, SessionLocations } from './migration/session-locations.ts';
import { sessionsIn } from './migration/sessions-in.ts';
import { NodeEvents } from './node-events.ts';
import type { NodeLinks, NodeLinksHandler } from './node-links.ts';
import { handleNodeMessage, type NodeMessageHandlers } from './node-message-handlers.ts';
import { ChosenIdPairings } from './pairing/chosen-id-pairings.ts';
import { RemotePairRequests } from './pairing/remote-pair-requests.ts';
import type { RemotePairings } from './pairing/remote-pairings.ts';
import type { RemoteSession } from './pairing/remote-session.ts';
import { RemoteAdmin } from './remote-admin.ts';
import { RemoteIds } from './remote-ids.ts';
import { RemoteTopics } from './remote-topics.ts';
import { RemoteMemberPairings } from './rooms/remote-member-pairings.ts';
import { RoomReplicas } from './rooms/room-replicas.ts';

export interface ClusterDeps {
  readonly links: NodeLinks;
  readonly remotePairings: RemotePairings;
  readonly signaling: Signaling;
  readonly dialect: ResumableDialect;
  readonly log: Logger;
  /** Told whether the bus is unavailable. */
  readonly readiness: { add(reason: 'bus_away'): void; remove(reason: 'bus_away'): void };
}

/** How many ids go into one message. */
const IDS_PER_MESSAGE = 1_000;

export class Cluster implements OtherNodes, NodeLinksHandler {
  readonly node: NodeId;
  readonly links: NodeLinks;
  readonly pairRequests: RemotePairRequests;
  readonly admin: RemoteAdmin;
  readonly topics: RemoteTopics;
  /** Ids chosen by PeerJS clients. */
  readonly ids: RemoteIds;
  readonly rooms: RoomReplicas;
  readonly inboundMigrations: InboundMigrations;
  readonly outboundMigrations: OutboundMigrations;
  readonly events: NodeEvents;
  readonly #deps: ClusterDeps;
  readonly #locations: SessionLocations;
  readonly #handlers: NodeMessageHandlers;
  readonly #foreign: ForeignSessions;
  /** What other nodes say about sessions that come and go, by session id. */
  readonly #moves: TurnQueue<string>;

  constructor(deps: ClusterDeps) {
    this.#deps = deps;
    const { links, remotePairings, signaling, dialect, log } = deps;
    const { locations } = remotePairings;
    this.node = locations.here;
    this.#foreign = new ForeignSessions(this.node, signaling.directory);
    this.links = links;
    this.events = new NodeEvents(signaling.queue);
    this.#moves = new TurnQueue(
      () => signaling.queue.now,
      (id, error) =>
        log.error({ event: 'session_move_failed', id, err: error }, `Moving the session of ${id} failed`),
    );
    this.admin = new RemoteAdmin(links, signaling.queue);
    this.topics = new RemoteTopics(links);
    const chosenIdPairings = new ChosenIdPairings({ links, remotePairings, signaling });
    this.ids = new RemoteIds(this.node, links, chosenIdPairings);
    this.#locations = locations;
    const shared = { links, locations, signaling, dialect, events: this.events };
    const pairRequests = new RemotePairRequests({ links, locations, remotePairings, signaling });
    const outbound = new OutboundMigrations({ ...shared, remotePairings });
    const inbound = new InboundMigrations({ ...shared, outbound });
    const memberPairings = new RemoteMemberPairings({ links, remotePairings, signaling });
    const rooms = new RoomReplicas({ links, locations, signaling, pairings: memberPairings });
    this.rooms = rooms;
    this.pairRequests = pairRequests;
    this.outboundMigrations = outbound;
    this.inboundMigrations = inbound;
    this.#handlers = {
      hello: (node, { fingerprint }) => dialect.met(node, fingerprint),
      hosting: (node, message) => this.#onHosting(node, message),
      left: (node, message) => this.#onLeft(node, message),
      holding: (_node, message) => this.#onHolding(message),
      room: (node, message) => rooms.onRoom(node, message),
      room_left: (node, message) => rooms.onRoomLeft(node, message),
      rooms_told: (node) => rooms.onRoomsTold(node),
      pair_members: (node, message) => memberPairings.onPairMembers(node, message),
      members_paired: (node, message) => memberPairings.onMembersPaired(node, message),
      members_not_paired: (node, message) => memberPairings.onMembersNotPaired(node, message),
      edge_missing: (node, message) => memberPairings.onEdgeMissing(node, message),
      ask: (node, message) => pairRequests.onAsk(node, message),
      granted: (node, message) => pairRequests.onGranted(node, message),
      denied: (node, message) => pairRequests.onDenied(node, message),
      move: (node, message) => void this.#moves.add(message.id, () => inbound.onMove(node, message)),
      moved: (node, message) => {
        const id = inbound.sessionOf(message.number);
        if (id !== undefined) this.#moves.add(id, () => inbound.onMoved(node, message));
      },
      not_moved: (node, message) => inbound.onNotMoved(node, message),
      signal: (node, message) => remotePairings.onSignal(node, message),
      acked: (node, message) => remotePairings.onAcked(node, message),
      refused: (node, message) => remotePairings.onRefused(node, message),
      away: (node, message) => remotePairings.onAway(node, message),
      moving: (node, message) => remotePairings.onMoving(node, message),
      ended: (node, message) => remotePairings.onEnded(node, message),
      reclaim: (node, message) => remotePairings.onReclaim(node, message),
      admin_ask: (node, message) => this.admin.onAsk(node, message),
      admin_answer: (node, message) => this.admin.onAnswer(node, message),
      ids_taken: (node, message) => this.ids.onTaken(node, message),
      ids_left: (node, message) => this.ids.onLeft(node, message),
      said: (node, message) => this.ids.onSaid(node, message),
      pairing_kept: (node, message) => this.ids.onPairingKept(node, message),
      not_said: (_node, message) => this.ids.onNotSaid(message),
      topics_joined: (node, message) => this.topics.onJoined(node, message),
      topics_left: (node, message) => this.topics.onLeft(node, message),
      published: (_node, message) => this.topics.onPublished(message),
      reclaimed: (node, message) => remotePairings.onReclaimed(node, message),
    };
  }

  /** @throws when a setting of the bus is wrong */
  start(): Promise<void> {
    return this.links.start(this);
  }

  stop(): Promise<void> {
    this.#moves.hurryAll();
    return this.links.stop();
  }

  lookUp(sessionId?: string): Elsewhere {
    const isNodeKnown = sessionId !== undefined && this.#locations.nodeOf(sessionId) !== undefined;
    // An id given by a token does not tell where its client is: like a key, it is looked up at all nodes.
    const isAnywhere = sessionId === undefined || isGivenByToken(sessionId);
    if (!isNodeKnown && !isAnywhere) return 'unknown';
    if (!this.links.isBusUp) return 'unreachable';
    return !isNodeKnown && this.links.open.length === 0 ? 'unknown' : 'elsewhere';
  }

  requestPairing(session: ServerSession, target: PairRequest): void {
    this.pairRequests.request(session, target);
  }

  forgetRequest(session: ServerSession): void {
    this.pairRequests.forget(session);
  }

  partyFor({ targetId, node, isResumable }: Extract<SessionEvent, { type: 'GRANTED' }>): RemoteSession {
    return this.#deps.remotePairings.create(targetId, node, isResumable);
  }

  claimed(session: ServerSession): void {
    session.claimedAt = this.node;
    this.#foreign.held(session);
    for (const node of this.links.inUse) this.#tellHolders(node, [session]);
  }

  ended(session: ServerSession): void {
    const began = this.#locations.nodeOf(session.id);
    if (began !== undefined && this.links.isOpen(began))
      this.links.send(began, { type: 'left', id: session.id });
  }

  /** Fetches a session that a client says it had; see {@link InboundMigrations.fetch}. */
  fetch(request: ResumeRequest, answer: (answer: MigrationAnswer) => void): void {
    this.inboundMigrations.fetch(request, answer);
  }

  /** The session here is a stale copy: its client has come back to another node since. */
  dropStale(session: ServerSession): void {
    this.outboundMigrations.dropStale(session);
  }

  /** A session that may have begun at another node is here: tells that node. */
  arrived(session: ServerSession): void {
    this.#foreign.held(session);
    const locations = this.#locations;
    locations.delete(session.id);
    const began = locations.nodeOf(session.id);
    if (began !== undefined && this.links.isOpen(began))
      this.links.send(began, { type: 'hosting', sessions: [copyOf(session)] });
  }

  settled(session: ServerSession): void {
    this.rooms.arrived(session);
  }

  received(node: NodeId, message: NodeMessage): void {
    // What is said about a session comes after the move that was said before.
    if (this.#moves.size > 0) this.#hurryMoves(message);
    handleNodeMessage(this.#handlers, node, message);
  }

  opened(node: NodeId): void {
    this.events.note('opened', node);
    const { signaling, remotePairings, dialect } = this.#deps;
    this.links.send(node, { type: 'hello', fingerprint: dialect.fingerprint });
    const { sessions } = signaling.directory;
    const isHere = (session: ServerSession) => sessions.get(session.id) === session;
    const guests = [...this.#foreign.guestsOf(node)].filter(isHere).map(copyOf);
    for (const sessions of inPieces(guests, IDS_PER_MESSAGE))
      this.links.send(node, { type: 'hosting', sessions });
    const holders = [...this.#foreign.holders].filter(isHere);
    for (const some of inPieces(holders, IDS_PER_MESSAGE)) this.#tellHolders(node, some);
    remotePairings.reconciler.opened(node);
    this.rooms.opened(node);
    this.topics.opened(node);
    this.ids.opened(node);
  }

  lost(node: NodeId, wasThere: boolean): void {
    // What it said before still counts.
    this.#moves.hurryAll();
    if (wasThere) {
      this.events.note('lost', node);
      this.inboundMigrations.lostNodes.lost(node);
    }
    this.#locations.lost(node);
    this.admin.lost(node);
    this.topics.lost(node);
    this.ids.lost(node);
    this.pairRequests.failed(node, this.links.isBusUp ? 'target_not_found' : 'unavailable');
    this.inboundMigrations.failed(node);
    this.rooms.lost(node);
    this.#deps.remotePairings.reconciler.lost(node);
  }

  failed(node: NodeId, code: 'target_not_found' | 'unavailable'): void {
    this.pairRequests.failed(node, code);
  }

  busChanged(isUp: boolean): void {
    const { readiness } = this.#deps;
    if (isUp) {
      this.inboundMigrations.lostNodes.up();
      readiness.remove('bus_away');
    } else readiness.add('bus_away');
  }

  #hurryMoves(message: NodeMessage): void {
    const about = sessionsIn(message, (number) => this.inboundMigrations.sessionOf(number));
    if (about) for (const id of about) this.#moves.hurry(id);
    else this.#moves.hurryAll();
  }

  #onHosting(node: NodeId, { sessions, at = node }: NodeMessageOf<'hosting'>): void {
    for (const copy of sessions) this.#isHosted(copy, at);
  }

  #tellHolders(node: NodeId, sessions: readonly ServerSession[]): void {
    const holders = sessions.map(({ id, since, claimedAt: at }) => ({ id, since, at }));
    this.links.send(node, { type: 'holding', holders });
  }

  /**
   * Two nodes tell each other about holders of the same id, and both agree on which is the later one; the other one is
   * closed.
   */
  #onHolding({ holders }: NodeMessageOf<'holding'>): void {
    const { directory, sessions } = this.#deps.signaling;
    for (const { id, since, at } of holders) {
      const own = directory.sessions.get(id);
      // If time and node are the same, both are copies of one session.
      if (own && (own.since < since || (own.since === since && own.claimedAt > at))) sessions.replace(own);
    }
  }

  #onLeft(node: NodeId, { id }: NodeMessageOf<'left'>): void {
    if (this.#locations.get(id)?.node === node) this.#locations.delete(id);
  }

  /** A node says that it has a session; of two copies, the one whose client came back later counts. */
  #isHosted(copy: SessionCopy, node: NodeId): void {
    const { signaling } = this.#deps;
    const locations = this.#locations;
    const own = signaling.directory.sessions.get(copy.id);
    const location = { ...copy, node, isConfirmed: true };
    const known = own
      ? { generation: own.generation, node: this.node, isConfirmed: true }
      : locations.get(copy.id);
    if (known && known.node !== node && this.#isLater(known, location)) {
      const sessions = [{ ...copy, generation: known.generation }];
      this.links.send(node, { type: 'hosting', sessions, at: known.node });
      return;
    }
    if (own) {
      this.outboundMigrations.superseded(own, node);
      return;
    }
    if (known && known.node !== node)
      this.links.send(known.node, { type: 'hosting', sessions: [copy], at: node });
    locations.set(copy.id, location);
  }

  /**
   * Two copies can have the same generation: nodes that had lost each other may both have restored the session from one
   * secret, or its client may never have heard that it came to a node that then died.
   */
  #isLater(known: SessionLocation, other: SessionLocation): boolean {
    if (known.generation !== other.generation) return known.generation > other.generation;
    const isThere = known.node === this.node || this.links.isOpen(known.node);
    return isThere && known.isConfirmed && known.node < other.node;
  }
}

interface SessionCopy {
  readonly id: string;
  readonly generation: number;
}

function copyOf({ id, generation }: ServerSession): SessionCopy {
  return { id, generation };
}

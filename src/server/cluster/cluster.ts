/**
 * This server as one node of several: what comes over the links goes to those whose matter it is. Nobody keeps a
 * directory: a session's id says where it began, and that node notes where it went.
 */
import type { StepQueue, TimerWheel } from '../../machines/index.ts';
import type { NodeMessage, NodeMessageOf } from '../../protocol/cluster/index.ts';
import type { ResumeSecrets } from '../dialects/native/resume-secrets.ts';
import { nodeOfSessionId } from '../node-id.ts';
import type { Directory, PairingHost, SessionHost } from '../signaling/router.ts';
import type { ServerPairing, ServerSession } from '../signaling/sessions.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Bus, NodeId } from './bus/bus.ts';
import { InboundMigrations } from './migration/inbound-migrations.ts';
import { LostNodes } from './migration/lost-nodes.ts';
import { OutboundMigrations } from './migration/outbound-migrations.ts';
import { type SessionLocation, SessionLocations } from './migration/session-locations.ts';
import { NodeLinks } from './node-links.ts';
import { RemotePairRequests } from './pairing/remote-pair-requests.ts';
import type { RemotePairings } from './pairing/remote-pairings.ts';

export interface ClusterDeps {
  readonly node: NodeId;
  readonly bus: Bus;
  readonly log: Logger;
  readonly queue: StepQueue;
  readonly timers: TimerWheel;
  readonly remotePairings: RemotePairings;
  readonly directory: Directory;
  readonly sessionHost: () => SessionHost;
  readonly pairingHost: () => PairingHost;
  readonly secrets: ResumeSecrets;
  /** How long a session waits for its client. */
  readonly resumeGraceMs: number;
  readonly startPairing: (pairing: ServerPairing) => void;
  readonly nextEpoch: () => number;
  /** Whether clients of an earlier process of this node may still come back. */
  readonly mayRestore: () => boolean;
  /** The bus is there, or away. */
  readonly busChanged: (isUp: boolean) => void;
  readonly now: () => number;
  readonly wallTime: () => number;
}

/** How many ids go into one message. */
const IDS_PER_MESSAGE = 1_000;

export class Cluster {
  readonly node: NodeId;
  readonly links: NodeLinks;
  readonly remotePairRequests: RemotePairRequests;
  readonly inboundMigrations: InboundMigrations;
  readonly outboundMigrations: OutboundMigrations;
  readonly #deps: ClusterDeps;
  readonly #lostNodes: LostNodes;
  /** Sessions that were here, and where they went. */
  readonly #sessionLocations: SessionLocations;

  constructor(deps: ClusterDeps) {
    this.#deps = deps;
    this.node = deps.node;
    this.#sessionLocations = new SessionLocations(deps.node, deps.now);
    const nodeOf = (id: string) => this.nodeOf(id);
    this.#lostNodes = new LostNodes(deps.resumeGraceMs);
    this.links = new NodeLinks({
      ...deps,
      busChanged: (isUp) => {
        if (isUp) this.#lostNodes.up(deps.now());
        deps.busChanged(isUp);
      },
      received: (node, message) => this.#received(node, message),
      opened: (node) => this.#opened(node),
      lost: (node, wasThere) => this.#lost(node, wasThere),
      failed: (node, code) => this.remotePairRequests.failed(node, code),
    });
    this.remotePairRequests = new RemotePairRequests({ ...deps, links: this.links, nodeOf });
    this.inboundMigrations = new InboundMigrations({
      ...deps,
      links: this.links,
      lostNodes: this.#lostNodes,
      nodeOf,
      locationOf: (id) => this.locationOf(id),
      asked: (node, message) => this.#asked(node, message),
    });
    this.outboundMigrations = new OutboundMigrations({
      ...deps,
      links: this.links,
      nodeOf,
      note: ({ id, generation }, node) =>
        this.#sessionLocations.set(id, { node, generation, isConfirmed: false }),
    });
  }

  /** @throws when the bus was told something wrong */
  start(): Promise<void> {
    return this.links.start();
  }

  stop(): Promise<void> {
    return this.links.stop();
  }

  /** The other node that has a session, as far as its id and this node's notes tell; undefined when none has. */
  nodeOf(sessionId: string): NodeId | undefined {
    const began = this.#sessionLocations.get(sessionId)?.node ?? nodeOfSessionId(sessionId);
    return began === this.node ? undefined : began;
  }

  /** Where a session went that was here, or began here. */
  locationOf(sessionId: string): SessionLocation | undefined {
    return this.#sessionLocations.get(sessionId);
  }

  /** Whether a session is on its way here. */
  isExpected(sessionId: string): boolean {
    return this.inboundMigrations.isExpected(sessionId);
  }

  /** Whether another node may have a client: by its id, or, without one, whoever made a key. */
  elsewhere(sessionId?: string): 'unknown' | 'elsewhere' | 'unreachable' {
    if (sessionId !== undefined && this.nodeOf(sessionId) === undefined) return 'unknown';
    if (!this.links.isBusUp) return 'unreachable';
    return sessionId === undefined && this.links.open.length === 0 ? 'unknown' : 'elsewhere';
  }

  /** A session is here that may have begun elsewhere: that node is told. */
  arrived(session: ServerSession): void {
    this.#sessionLocations.delete(session.id);
    const began = this.nodeOf(session.id);
    if (began !== undefined && this.links.isOpen(began))
      this.links.send(began, { type: 'hosting', sessions: [idOf(session)] });
  }

  /** A session is over. */
  left(session: ServerSession): void {
    const began = this.nodeOf(session.id);
    if (began !== undefined && this.links.isOpen(began))
      this.links.send(began, { type: 'left', id: session.id });
  }

  #received(node: NodeId, message: NodeMessage): void {
    const { remotePairRequests, inboundMigrations } = this;
    const { secrets, log } = this.#deps;
    switch (message.type) {
      case 'hello':
        if (message.fingerprint !== secrets.fingerprint)
          log.warn(
            { node },
            `Node ${node} has another secret: when one of us dies, its clients cannot come back to the other. Give all nodes the same --secret`,
          );
        return;
      case 'ask':
        remotePairRequests.asked(node, message);
        return;
      case 'granted':
        remotePairRequests.granted(node, message);
        return;
      case 'denied':
        remotePairRequests.denied(node, message);
        return;
      case 'move':
        this.#asked(node, message);
        return;
      case 'moved':
        inboundMigrations.moved(node, message);
        return;
      case 'not_moved':
        inboundMigrations.notMoved(node, message);
        return;
      case 'hosting':
        for (const one of message.sessions) this.#isHosted(one, message.at ?? node);
        return;
      case 'left':
        if (this.#sessionLocations.get(message.id)?.node === node) this.#sessionLocations.delete(message.id);
        return;
      default:
        this.#deps.remotePairings.received(node, message);
    }
  }

  /** A node has the client of a session that this one has, or soon will have. */
  #asked(node: NodeId, message: NodeMessageOf<'move'>): void {
    if (!this.inboundMigrations.keepWaiting(node, message)) this.outboundMigrations.asked(node, message);
  }

  #opened(node: NodeId): void {
    const { directory, remotePairings, secrets } = this.#deps;
    this.links.send(node, { type: 'hello', fingerprint: secrets.fingerprint });
    const guests = [...directory.sessions.values()]
      .filter(({ id }) => nodeOfSessionId(id) === node)
      .map(idOf);
    for (let next = 0; next < guests.length; next += IDS_PER_MESSAGE)
      this.links.send(node, { type: 'hosting', sessions: guests.slice(next, next + IDS_PER_MESSAGE) });
    remotePairings.reconciler.opened(node);
  }

  #lost(node: NodeId, wasThere: boolean): void {
    if (wasThere) this.#lostNodes.lost(node, this.#deps.now());
    this.#sessionLocations.lost(node);
    this.remotePairRequests.failed(node, this.links.isBusUp ? 'target_not_found' : 'unavailable');
    this.inboundMigrations.failed(node);
    this.#deps.remotePairings.reconciler.lost(node);
  }

  /** A node says that it has a session; of two copies, the one whose client came back later counts. */
  #isHosted(one: { id: string; generation: number }, node: NodeId): void {
    const own = this.#deps.directory.sessions.get(one.id);
    const note = { ...one, node, isConfirmed: true };
    const known = own
      ? { ...idOf(own), node: this.node, isConfirmed: true }
      : this.#sessionLocations.get(one.id);
    if (known && known.node !== node && isLater(known, note)) {
      this.links.send(node, {
        type: 'hosting',
        sessions: [{ ...one, generation: known.generation }],
        at: known.node,
      });
      return;
    }
    if (own) this.outboundMigrations.superseded(own, node);
    else {
      if (known && known.node !== node)
        this.links.send(known.node, { type: 'hosting', sessions: [one], at: node });
      this.#sessionLocations.set(one.id, note);
    }
  }
}

function idOf({ id, generation }: ServerSession): { id: string; generation: number } {
  return { id, generation };
}

/** Two copies can be of one generation: nodes that had lost each other made them of the same secret. */
function isLater(a: SessionLocation, b: SessionLocation): boolean {
  if (a.generation !== b.generation) return a.generation > b.generation;
  return a.isConfirmed && a.node < b.node;
}

/**
 * Sessions that go to another node: its client came there. This node gives it away with all that waits for the client,
 * forgets it, and notes where it went.
 */
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import { closeCodes } from '../../../protocol/index.ts';
import { mayResume, type ResumeSecrets } from '../../dialects/native/resume-secrets.ts';
import type { Directory, PairingHost, SessionHost } from '../../signaling/router.ts';
import type { ServerSession } from '../../signaling/sessions.ts';
import type { NodeId } from '../bus/bus.ts';
import type { NodeLinks } from '../node-links.ts';
import type { RemotePairings } from '../pairing/remote-pairings.ts';
import { RemoteSession } from '../pairing/remote-session.ts';
import { takeSnapshot } from './session-snapshot.ts';

export interface OutboundMigrationsDeps {
  readonly node: NodeId;
  readonly links: NodeLinks;
  readonly remotePairings: RemotePairings;
  readonly directory: Directory;
  readonly sessionHost: () => SessionHost;
  readonly pairingHost: () => PairingHost;
  readonly secrets: ResumeSecrets;
  readonly nodeOf: (sessionId: string) => NodeId | undefined;
  /** A session that was here is at that node now. */
  readonly note: (session: ServerSession, node: NodeId) => void;
  /** Whether sessions of an earlier process of this node may still be out there. */
  readonly mayRestore: () => boolean;
  readonly now: () => number;
}

export class OutboundMigrations {
  readonly #deps: OutboundMigrationsDeps;

  constructor(deps: OutboundMigrationsDeps) {
    this.#deps = deps;
  }

  /** Another node has the client of a session that this one may have. */
  asked(node: NodeId, { number, id, token, received }: NodeMessageOf<'move'>): void {
    const { directory, links, secrets, sessionHost, nodeOf, mayRestore, now } = this.#deps;
    const session = directory.sessions.get(id);
    if (session && mayResume(session, { type: 'resume', id, token, received })) {
      session.delivery?.ack(received);
      // What other nodes will say to its request would come here.
      if (session.pendingPairRequest)
        sessionHost().dispatch(session, { type: 'DENIED', code: 'unavailable' });
      const packed = takeSnapshot(session, directory.keys, this.#deps.node, now());
      this.#giveAway(session, node);
      links.send(node, { type: 'moved', number, session: packed });
      return;
    }
    const next = session ? undefined : nodeOf(id);
    links.send(node, {
      type: 'not_moved',
      number,
      may_restore:
        session === undefined && mayRestore() && secrets.foreignGeneration(id, token) !== undefined,
      ...(next !== undefined && next !== node && { node: next }),
    });
  }

  /** Another node has a session that this one has, too: they did not hear of each other when its client came there. */
  superseded(session: ServerSession, node: NodeId): void {
    if (node !== this.#deps.node) this.#giveAway(session, node);
  }

  /** Its client comes from another node, which nobody here has heard of: what is here is a stale copy. */
  forget(session: ServerSession): void {
    this.#giveAway(session, undefined);
  }

  /** @param node undefined when nobody knows where its client is: it will be here again soon */
  #giveAway(session: ServerSession, node: NodeId | undefined): void {
    const { remotePairings, sessionHost, pairingHost, note } = this.#deps;
    const { pairing, socket } = session;
    // Wherever it is now, its client has come back once more.
    session.generation += 1;
    const peer = pairing?.other(session.side);
    if (pairing && peer instanceof RemoteSession) {
      const { generation } = session;
      remotePairings.tell(peer, 'moving', { node: node ?? this.#deps.node, generation });
      pairingHost().dispatch(pairing, { type: 'MOVED', from: session.side });
    } else if (pairing) remotePairings.unseat(session, pairing, node);
    session.pairing = undefined;
    session.socket = undefined;
    if (socket) {
      socket.getUserData().session = undefined;
      socket.end(closeCodes.takenOver, 'You came back on another socket');
    }
    sessionHost().dispatch(session, { type: 'MOVED' });
    if (node !== undefined) note(session, node);
  }
}

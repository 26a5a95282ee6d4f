/**
 * Serves a session again: resumes it here, adopts it from another node, or creates it again from what its client proves
 * and claims. decide-return.ts decides which.
 */
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import {
  type ClientMessageOf,
  closeCodes,
  MAX_UNACKED_BYTES,
  MAX_UNACKED_FRAMES,
} from '../../../protocol/index.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import { FROM, type Logger } from '../../telemetry/logger.ts';
import { grantsIn, mayResume, receivedBy, restoreClient } from './client-snapshot.ts';
import { peersOf, type SessionOpener } from './create-session.ts';
import type { ReturnFacts } from './decide-return.ts';
import { type ClientSocket, type NativeClient, resumableOf } from './native-client.ts';
import type { PairingRestorer, SessionFetcher } from './return-ports.ts';

export interface SessionReviverDeps {
  readonly opener: SessionOpener;
  readonly signaling: Signaling;
  readonly pairings: PairingRestorer;
  /** Undefined for a server that runs alone. */
  readonly nodes: SessionFetcher | undefined;
  readonly log: Logger;
}

export type Resume = ClientMessageOf<'resume'>;

/** Cost per message that is sent again: the head and the tail of its frame. */
const FRAME_BYTES = 48;

export class SessionReviver {
  readonly opener: SessionOpener;
  readonly nodes: SessionFetcher | undefined;
  readonly #deps: SessionReviverDeps;

  constructor(deps: SessionReviverDeps) {
    this.opener = deps.opener;
    this.nodes = deps.nodes;
    this.#deps = deps;
  }

  /** What this node knows about a session that a client wants back. */
  factsOf(
    message: Resume,
  ): Pick<ReturnFacts, 'isHere' | 'fitsSession' | 'fitsLostSession' | 'isRestoreWindowOpen'> {
    const session = this.#session(message);
    return {
      isHere: session !== undefined,
      fitsSession: mayResume(session, message),
      fitsLostSession: this.#lostGeneration(message) !== undefined,
      isRestoreWindowOpen: this.#deps.signaling.sessions.restoreWindow.isOpen,
    };
  }

  /**
   * Drops a stale copy: two nodes may have lost each other, and the client has come back to the other one since; or the
   * server was restarted, and somebody came with an older secret.
   */
  dropStale({ id, token }: Resume): void {
    const { sessions, directory } = this.#deps.signaling;
    const { secrets } = this.opener;
    const session = directory.sessions.get(id);
    const client = resumableOf(session);
    if (!session || !client || client.resume.token.accepts(token)) return;
    const generation = secrets.foreignGeneration(id, token) ?? -1;
    if (this.nodes) {
      if (generation >= client.generation) this.nodes.dropStale(session);
      return;
    }
    const { restoredWith = '' } = client.resume;
    // Without other nodes, every foreign secret is from before the restart.
    const restoredFrom = secrets.foreignGeneration(id, restoredWith) ?? Number.POSITIVE_INFINITY;
    if (generation > restoredFrom && sessions.restoreWindow.isOpen)
      sessions.close(session, closeCodes.takenOver, 'Its client has come with a newer secret');
  }

  /** Resumes a session that is at this node. */
  resume(socket: ClientSocket, message: Resume): void {
    const session = this.#session(message);
    const client = resumableOf(session);
    if (!session || !client) return;
    client.resume.delivery.ack(receivedBy(client.resume, message));
    this.#nextGeneration(client, message.token);
    this.#attach(client, socket, message);
    this.#welcomeBack(client, message);
    this.#deps.signaling.sessions.resumed(session);
  }

  /** Creates a session again that was lost with its server, since the client's secret proves that it had it. */
  restore(socket: ClientSocket, message: Resume): void {
    const { log, pairings, signaling } = this.#deps;
    const { id, token, first, pairing, pairings: claims = pairing && [pairing] } = message;
    const generation = (this.#lostGeneration(message) ?? 0) + 1;
    const data = socket.getUserData();
    const { address, grants } = data;
    const peers = peersOf(data);
    const resume = this.opener.newResumeState(id, generation, peers, token);
    resume?.delivery.expect(first ?? 1);
    const client = this.opener.create(id, {
      address,
      ...(grants && { grants }),
      resume,
      generation,
      peers,
    });
    const session = this.#attach(client, socket, message);
    log.info(
      { event: 'session_restored', id, [FROM]: address },
      `Client ${id} is back from before the restart`,
    );
    signaling.sessions.claimId(session);
    this.opener.greet(client, { received: resume?.delivery.received ?? 0, restarted: true });
    this.nodes?.arrived(session);
    pairings.restoreClaimed(session, claims ?? []);
    this.nodes?.settled(session);
    signaling.sessions.resumed(session);
  }

  /**
   * Adopts a session from another node; it is kept even if its client has gone again.
   * @param socket undefined when its client did not wait
   */
  adopt(socket: ClientSocket | undefined, message: Resume, snapshot: SessionSnapshot, from: number): void {
    const { log, pairings, signaling } = this.#deps;
    const { id, token } = message;
    const { directory, sessions, queue } = signaling;
    // The snapshot came too late: its client did not wait, and is at another node by now.
    if (!socket && pairings.knowsLaterCopy(id, snapshot.generation)) return;
    const resume = restoreClient(snapshot, (epoch, senderSeq, bytes) =>
      session.seatIn(epoch)?.ackedFrame(senderSeq, bytes),
    );
    const { address = '', grants = grantsIn(snapshot) } = socket?.getUserData() ?? {};
    const { generation, max_peers: peers } = snapshot;
    const client = this.opener.create(id, {
      address,
      ...(grants && { grants }),
      resume,
      generation,
      peers,
    });
    const session = client.session as ServerSession;
    client.rate.restore(queue.now, snapshot.rate);
    client.isKeyOnly = snapshot.is_key_only;
    session.since = snapshot.since ?? 0;
    session.claimedAt = snapshot.claimed_at ?? 0;
    if (snapshot.asked) session.asked = snapshot.asked;
    for (const { key, ttl_ms, uses } of snapshot.keys)
      directory.keys.adopt(session, key, queue.now, ttl_ms, uses);
    this.#nextGeneration(client, token);
    const line = { event: 'session_moved_here', id, node: from, [FROM]: address } as const;
    log.info(line, `Client ${id} came from node ${from}`);
    this.nodes?.arrived(session);
    if (socket) {
      this.#attach(client, socket, message);
      this.#welcomeBack(client, message);
      sessions.resumed(session);
    } else {
      sessions.disconnected(session, false);
      client.waits();
    }
    for (const pairing of snapshot.pairings) pairings.restoreMoved(session, pairing);
    this.nodes?.settled(session);
  }

  #session({ id }: Resume): ServerSession | undefined {
    return this.#deps.signaling.directory.sessions.get(id);
  }

  /**
   * The generation of a lost session according to its client's secret; undefined if the session is here, or the secret
   * is not one of ours.
   */
  #lostGeneration(message: Resume): number | undefined {
    const { id, token, first } = message;
    if (this.#session(message) || first === undefined) return undefined;
    return this.opener.secrets.foreignGeneration(id, token);
  }

  #nextGeneration(client: NativeClient, usedToken: string): void {
    client.generation += 1;
    client.resume?.token.rotate(usedToken, this.opener.secrets.issue(client.id, client.generation));
  }

  #welcomeBack(client: NativeClient, { token }: Resume): void {
    const { resume } = client;
    if (!resume) return;
    const isRestarted = token === resume.restoredWith;
    this.opener.greet(client, {
      received: resume.delivery.received,
      ...(isRestarted && { restarted: true }),
    });
    client.sendUnacked();
  }

  #attach(
    client: NativeClient,
    socket: ClientSocket,
    { unacked = 0, unacked_bytes = 0 }: Resume,
  ): ServerSession {
    const session = client.session as ServerSession;
    client.attach(socket);
    const frames = Math.min(unacked, MAX_UNACKED_FRAMES);
    client.rate.credit(frames, Math.min(unacked_bytes, MAX_UNACKED_BYTES) + frames * FRAME_BYTES);
    const { grants } = socket.getUserData();
    if (grants) this.#deps.signaling.sessions.accept(session, grants);
    session.heardAt = this.#deps.signaling.queue.now;
    return session;
  }
}

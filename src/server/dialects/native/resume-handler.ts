/**
 * Clients that come back, each on a socket whose first message names the session that it had. Here it is resumed; from
 * another node it is fetched; and one that died with its server is made again from what its client proves and says.
 */

import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import {
  type ClientMessageOf,
  closeCodes,
  MAX_UNACKED_BYTES,
  MAX_UNACKED_FRAMES,
} from '../../../protocol/index.ts';
import { type Grants, idWithin, noLimits } from '../../admission/tokens/grants.ts';
import type { ServerOptions } from '../../options.ts';
import type { RestoreWindow } from '../../signaling/restore-window.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { grantsIn, mayResume, restoreClient } from './client-snapshot.ts';
import { peersOf, type SessionOpener } from './create-session.ts';
import { decideReturn, type NodesSay } from './decide-return.ts';
import { decode } from './decode-client-message.ts';
import { encodeNotice } from './encode-notice.ts';
import type { ClientSocket } from './native-client.ts';
import { type NativeClient, resumableOf } from './native-client.ts';
import type { ResumeSecrets } from './resume-secrets.ts';
import type { FetchAnswer, PairingClaim, PairingRestorer, SessionFetcher } from './return-ports.ts';

export interface ResumeHandlerDeps {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly signaling: Signaling;
  readonly opener: SessionOpener;
  readonly secrets: ResumeSecrets;
  readonly restoreWindow: RestoreWindow;
  readonly pairings: PairingRestorer;
  /** Undefined for a server that is alone. */
  readonly nodes: SessionFetcher | undefined;
  readonly drain: { wantsBackAfterMs(): number | undefined };
}

type Resume = ClientMessageOf<'resume'>;

const FIRST_MESSAGE = 'the first message';
const RECOVERY = 'its rate';
const MAX_RECOVERY_MS = 2_000;
/** Around each message that is sent again: the head and the tail of its frame. */
const FRAME_BYTES = 48;

export class ResumeHandler {
  readonly #deps: ResumeHandlerDeps;

  constructor(deps: ResumeHandlerDeps) {
    this.#deps = deps;
  }

  opened(socket: ClientSocket): void {
    const { options, metrics, signaling } = this.#deps;
    if (this.#turnAway(socket)) return;
    const timeoutMs = options.firstMessageTimeoutMs || Number.POSITIVE_INFINITY;
    signaling.queue.arm(socket.getUserData(), FIRST_MESSAGE, timeoutMs, () => {
      metrics.refused.add('first_message');
      socket.end(closeCodes.timedOut, 'You did not say which session is yours');
    });
  }

  /** It has no session yet. While other nodes are asked for it, nothing else that it says counts. */
  received(socket: ClientSocket, bytes: ArrayBuffer): void {
    const { signaling } = this.#deps;
    const data = socket.getUserData();
    if (data.phase) return;
    const read = this.#read(bytes);
    // It is asked for none.
    if (read === 'auth') return;
    signaling.queue.timers.disarmAll(data);
    if (this.#turnAway(socket)) return;
    const message = read && withinApp(read, data.grants);
    if (!message) {
      this.#openAnew(socket);
      return;
    }
    this.#dropStale(message);
    const settle = () => this.#settle(socket, message, this.#deps.nodes ? 'unasked' : 'alone', true);
    const afterMs = this.#recoversInMs(message);
    if (afterMs === 0) {
      settle();
      return;
    }
    data.phase = 'asking';
    signaling.queue.arm(data, RECOVERY, afterMs, () => {
      delete data.phase;
      if (!this.#turnAway(socket)) settle();
    });
  }

  /** Who is refused messages sheds nothing by coming back: it comes in when it may send half a burst again. */
  #recoversInMs({ id, token }: Resume): number {
    const { options, signaling } = this.#deps;
    const client = resumableOf(signaling.directory.sessions.get(id));
    if (!client?.rate.isFlooded || !client.resume.token.accepts(token)) return 0;
    return Math.min(MAX_RECOVERY_MS, client.rate.recoversInMs(signaling.queue.now, options));
  }

  /** What it said made something of ours throw. It may have a session by now, or none. */
  failed(socket: ClientSocket, error: unknown): void {
    const session = socket.getUserData().client?.session;
    if (session) {
      this.#deps.signaling.sessions.fail(session, error, 'comeBack');
      return;
    }
    this.#deps.log.error({ event: 'client_failed', err: error }, 'A client that came back failed');
    socket.end(closeCodes.internalError, 'Internal error');
  }

  #read(bytes: ArrayBuffer): Resume | 'auth' | undefined {
    const { maxMessageBytes } = this.#deps.options;
    if (maxMessageBytes > 0 && bytes.byteLength > maxMessageBytes) return undefined;
    const decoded = decode(new Uint8Array(bytes));
    const message = 'frame' in decoded ? decoded.frame.message : undefined;
    if (message?.type === 'auth') return 'auth';
    return message?.type === 'resume' ? message : undefined;
  }

  /** Its client may have come back to another node since: these had lost each other, and ours is a stale copy. */
  #dropStale({ id, token }: Resume): void {
    const { nodes, secrets, signaling } = this.#deps;
    const session = signaling.directory.sessions.get(id);
    const client = resumableOf(session);
    if (!nodes || !session || !client || client.resume.token.accepts(token)) return;
    const generation = secrets.foreignGeneration(id, token) ?? -1;
    if (generation >= client.generation) nodes.dropStale(session);
  }

  /** @param isWaiting whether its socket is open and served by nobody else */
  #settle(
    socket: ClientSocket,
    message: Resume,
    said: Exclude<NodesSay, 'moved'> | Extract<FetchAnswer, object>,
    isWaiting: boolean,
  ): void {
    const { signaling, secrets, restoreWindow, nodes } = this.#deps;
    const { id, token, first } = message;
    const session = signaling.directory.sessions.get(id);
    const lostGeneration = session || first === undefined ? undefined : secrets.foreignGeneration(id, token);
    const decision = decideReturn({
      nodes: typeof said === 'object' ? 'moved' : said,
      isWaiting,
      isHere: session !== undefined,
      fitsSession: mayResume(session, message),
      fitsLostSession: lostGeneration !== undefined,
      isRestoreWindowOpen: restoreWindow.isOpen,
    });
    switch (decision) {
      case 'resume':
        this.#resume(session as ServerSession, socket, message);
        return;
      case 'fetch':
        socket.getUserData().phase = 'asking';
        nodes?.fetch(message, (answer) => this.#answered(socket, message, answer));
        return;
      case 'adopt':
        if (typeof said === 'object')
          this.#adopt(isWaiting ? socket : undefined, message, said.session, said.from);
        return;
      case 'restore':
        this.#restore(socket, message, (lostGeneration ?? 0) + 1);
        return;
      case 'retry':
        socket.end(closeCodes.tryAgainLater, 'Your session cannot be reached now');
        return;
      case 'refuse':
        this.#openAnew(socket);
        return;
      case 'ignore':
        return;
    }
  }

  /** Other nodes said what they have of a session. Meanwhile the socket may be gone or served, or the session here. */
  #answered(socket: ClientSocket, message: Resume, answer: FetchAnswer): void {
    const data = socket.getUserData();
    const isOpen = data.phase !== 'closed';
    if (isOpen) delete data.phase;
    const isWaiting = isOpen && !data.client && !this.#turnAway(socket);
    this.#settle(socket, message, answer, isWaiting);
  }

  /** While the server drains, it is sent away again. */
  #turnAway(socket: ClientSocket): boolean {
    const afterMs = this.#deps.drain.wantsBackAfterMs();
    if (afterMs === undefined) return false;
    this.#deps.metrics.refused.add('draining');
    socket.send(JSON.stringify(encodeNotice({ type: 'restarting', afterMs }, false)), false);
    socket.end(closeCodes.serviceRestart, 'Server is restarting');
    return true;
  }

  /** It gets a new session, unless it came in only because it said that it has one. */
  #openAnew(socket: ClientSocket): void {
    const { opener, metrics } = this.#deps;
    if (opener.isOver(socket)) {
      metrics.refused.add('connections');
      socket.end(closeCodes.tryAgainLater, 'There are as many clients as may be');
      return;
    }
    refuse(opener.open(socket));
  }

  #resume(session: ServerSession, socket: ClientSocket, message: Resume): void {
    const client = resumableOf(session);
    if (!client) return;
    const { token, received } = message;
    client.resume.delivery.ack(received);
    this.#nextGeneration(client, token);
    this.#attach(client, socket, message);
    this.#deps.opener.greet(client, { received: client.resume.delivery.received });
    client.sendUnacked();
    this.#deps.signaling.sessions.resumed(session);
  }

  #restore(socket: ClientSocket, message: Resume, generation: number): void {
    const { opener, log, nodes, pairings, signaling } = this.#deps;
    const { id, first, pairing, pairings: claims = pairing && [pairing] } = message;
    const data = socket.getUserData();
    const { address, grants } = data;
    const peers = peersOf(data);
    const resume = opener.newResumeState(id, generation, peers);
    resume?.delivery.expect(first ?? 1);
    const client = opener.create(id, { address, ...(grants && { grants }), resume, generation, peers });
    const session = this.#attach(client, socket, message);
    log.info({ event: 'session_restored', id }, `Client ${id} is back from before the restart`);
    signaling.sessions.claimId(session);
    opener.greet(client, { received: resume?.delivery.received ?? 0, restarted: true });
    nodes?.arrived(session);
    pairings.restoreClaimed(session, claims ?? []);
    signaling.sessions.resumed(session);
  }

  /** A session comes from another node, and is kept even when its client is gone again. */
  #adopt(socket: ClientSocket | undefined, message: Resume, snapshot: SessionSnapshot, from: number): void {
    const { log, opener, nodes, pairings, signaling } = this.#deps;
    const { id, token } = message;
    const { directory, sessions, queue } = signaling;
    // It came too late: its client did not wait, and is elsewhere by now.
    if (!socket && pairings.knowsLaterCopy(id, snapshot.generation)) return;
    const resume = restoreClient(snapshot, (epoch, senderSeq, bytes) =>
      session.seatIn(epoch)?.ackedFrame(senderSeq, bytes),
    );
    const { address = '', grants = grantsIn(snapshot) } = socket?.getUserData() ?? {};
    const { generation, max_peers: peers } = snapshot;
    const client = opener.create(id, { address, ...(grants && { grants }), resume, generation, peers });
    const session = client.session as ServerSession;
    client.rate.restore(queue.now, snapshot.rate);
    client.isKeyOnly = snapshot.is_key_only;
    session.since = snapshot.since ?? 0;
    for (const { key, ttl_ms, uses } of snapshot.keys)
      directory.keys.adopt(session, key, queue.now, ttl_ms, uses);
    this.#nextGeneration(client, token);
    log.info({ event: 'session_moved_here', id, node: from }, `Client ${id} came from node ${from}`);
    nodes?.arrived(session);
    if (socket) {
      this.#attach(client, socket, message);
      opener.greet(client, { received: resume.delivery.received });
      client.sendUnacked();
      sessions.resumed(session);
    } else {
      sessions.disconnected(session, false);
      client.waits();
    }
    for (const pairing of snapshot.pairings) pairings.restoreMoved(session, pairing);
  }

  #nextGeneration(client: NativeClient, usedToken: string): void {
    client.generation += 1;
    client.resume?.token.rotate(usedToken, this.#deps.secrets.issue(client.id, client.generation));
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
    if (grants) session.grants = grants;
    session.heardAt = this.#deps.signaling.queue.now;
    return session;
  }
}

/**
 * What a client wants back, as the server knows it. It names its session and its peers as its app does.
 * @returns undefined for the session of somebody else
 */
function withinApp(message: Resume, grants: Grants = noLimits): Resume | undefined {
  if (grants.sub !== undefined && grants.sub !== message.id) return undefined;
  const { pairing, pairings } = message;
  const own = (claim: PairingClaim) => ({ ...claim, peer_id: idWithin(grants, claim.peer_id) });
  return {
    ...message,
    id: idWithin(grants, message.id),
    ...(pairing && { pairing: own(pairing) }),
    ...(pairings && { pairings: pairings.map(own) }),
  };
}

function refuse(client: NativeClient): void {
  client.notify({ type: 'refused', code: 'resume_failed', for: 'resume' });
}

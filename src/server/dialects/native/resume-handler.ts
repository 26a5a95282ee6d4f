/**
 * Clients that come back. The first message on their new socket names the session that they had, which is resumed here,
 * fetched from another node or, if it was lost with its server, created again from what its client proves and claims.
 */
import { closeCodes } from '../../../protocol/index.ts';
import { type Grants, idWithin, noLimits } from '../../admission/tokens/grants.ts';
import type { ServerOptions } from '../../options.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import { TurnQueue } from '../../signaling/turn-queue.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { EarlyFrames } from '../early-frames.ts';
import { decideReturn, type NodesSay } from './decide-return.ts';
import { decode } from './decode-client-message.ts';
import { encodeNotice } from './encode-notice.ts';
import { type ClientSocket, type NativeClient, resumableOf } from './native-client.ts';
import type { FetchAnswer, PairingClaim } from './return-ports.ts';
import type { Resume, SessionReviver } from './revive-session.ts';

export interface ResumeHandlerDeps {
  readonly options: ServerOptions;
  readonly telemetry: Telemetry;
  readonly signaling: Signaling;
  readonly reviver: SessionReviver;
  readonly early: EarlyFrames;
  readonly drain: { wantsBackAfterMs(): number | undefined };
}

const FIRST_MESSAGE = 'the first message';
const RECOVERY = 'its rate';
const MAX_RECOVERY_MS = 2_000;
/** Bounds what waits where clients come and go faster than they have their turns: a closed socket is no connection. */
const MOST_WAITING = 10_000;

export class ResumeHandler {
  readonly #deps: ResumeHandlerDeps;
  readonly #queue: TurnQueue<ClientSocket>;

  constructor(deps: ResumeHandlerDeps) {
    this.#deps = deps;
    const { queue } = deps.signaling;
    this.#queue = new TurnQueue(
      () => queue.now,
      (socket, error) => this.failed(socket, error),
    );
  }

  opened(socket: ClientSocket): void {
    const { options, telemetry, signaling } = this.#deps;
    if (this.turnAway(socket)) return;
    const timeoutMs = options.firstMessageTimeoutMs || Number.POSITIVE_INFINITY;
    signaling.queue.arm(socket.getUserData(), FIRST_MESSAGE, timeoutMs, () => {
      telemetry.metrics.refused.add('first_message');
      socket.end(closeCodes.timedOut, 'You did not say which session is yours');
    });
  }

  /**
   * Handles a message on a socket that has no session yet. Once it has named one, all further messages are ignored until
   * it is given that or another.
   */
  received(socket: ClientSocket, bytes: ArrayBuffer): void {
    const { signaling, early } = this.#deps;
    const data = socket.getUserData();
    if (data.phase === 'named') early.count(socket, bytes.byteLength);
    if (data.phase === 'named' || data.phase === 'closed') return;
    const read = this.#read(bytes);
    // No token is required, so `auth` is ignored; a second one names no session, as any other message.
    if (read === 'auth' && !data.phase) {
      data.phase = 'auth';
      return;
    }
    signaling.queue.timers.disarmAll(data);
    if (this.turnAway(socket)) return;
    const message = read && read !== 'auth' ? withinApp(read, data.grants) : undefined;
    if (!message) {
      this.#openAnew(socket);
      return;
    }
    data.phase = 'named';
    this.#queue.add(socket, () => {
      if (!this.turnAway(socket)) this.#named(socket, message);
    });
  }

  /** Its socket was closed. */
  closed(socket: ClientSocket): void {
    this.#queue.remove(socket);
  }

  /** A client was lost with its socket: does what follows from that after what came before. */
  lost(socket: ClientSocket, work: () => void): void {
    if (this.#queue.size < MOST_WAITING) this.#queue.add(socket, work);
    else work();
  }

  /** The client has named its session, and its turn has come. */
  #named(socket: ClientSocket, message: Resume): void {
    const { signaling, reviver } = this.#deps;
    reviver.dropStale(message);
    const decide = () => this.#decide(socket, message, reviver.nodes ? 'unasked' : 'alone', true);
    const afterMs = this.#recoversInMs(message);
    if (afterMs === 0) {
      decide();
      return;
    }
    signaling.queue.arm(socket.getUserData(), RECOVERY, afterMs, () => {
      if (!this.turnAway(socket)) decide();
    });
  }

  /**
   * A client whose messages are refused for flooding gains nothing by coming back: it is let in once it may send half a
   * burst again.
   */
  #recoversInMs({ id, token }: Resume): number {
    const { options, signaling } = this.#deps;
    const client = resumableOf(signaling.directory.sessions.get(id));
    if (!client?.rate.isFlooded || !client.resume.token.accepts(token)) return 0;
    return Math.min(MAX_RECOVERY_MS, client.rate.recoversInMs(signaling.queue.now, options));
  }

  /** Handling a client's message threw. The socket may have a session by now, or none. */
  failed(socket: ClientSocket, error: unknown): void {
    const { client, phase } = socket.getUserData();
    const session = client?.session;
    if (session) {
      this.#deps.signaling.sessions.fail(session, error, 'receive');
      return;
    }
    this.#deps.telemetry.log.error({ event: 'client_failed', err: error }, 'A client that came back failed');
    if (phase !== 'closed') socket.end(closeCodes.internalError, 'Internal error');
  }

  #read(bytes: ArrayBuffer): Resume | 'auth' | undefined {
    const { maxMessageBytes } = this.#deps.options;
    if (maxMessageBytes > 0 && bytes.byteLength > maxMessageBytes) return undefined;
    const decoded = decode(new Uint8Array(bytes));
    const message = 'frame' in decoded ? decoded.frame.message : undefined;
    if (message?.type === 'auth') return 'auth';
    return message?.type === 'resume' ? message : undefined;
  }

  /** @param isWaiting whether its socket is open and not yet attached to a session */
  #decide(
    socket: ClientSocket,
    message: Resume,
    said: Exclude<NodesSay, 'moved'> | Extract<FetchAnswer, object>,
    isWaiting: boolean,
  ): void {
    const { reviver } = this.#deps;
    const decision = decideReturn({
      nodes: typeof said === 'object' ? 'moved' : said,
      isWaiting,
      ...reviver.factsOf(message),
    });
    switch (decision) {
      case 'resume':
        reviver.resume(socket, message);
        return;
      case 'fetch':
        reviver.nodes?.fetch(message, (answer) => this.#answered(socket, message, answer));
        return;
      case 'adopt':
        if (typeof said === 'object')
          reviver.adopt(isWaiting ? socket : undefined, message, said.session, said.from);
        return;
      case 'restore':
        reviver.restore(socket, message);
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

  /**
   * Handles the other nodes' answer. Meanwhile the socket may have closed or got a session, or the session may have
   * come here.
   */
  #answered(socket: ClientSocket, message: Resume, answer: FetchAnswer): void {
    const data = socket.getUserData();
    const isWaiting = data.phase !== 'closed' && !data.client && !this.turnAway(socket);
    this.#decide(socket, message, answer, isWaiting);
  }

  /** Sends the client away again while the server drains. @returns whether it does */
  turnAway(socket: ClientSocket): boolean {
    const afterMs = this.#deps.drain.wantsBackAfterMs();
    if (afterMs === undefined) return false;
    this.#deps.telemetry.metrics.refused.add('draining');
    socket.send(JSON.stringify(encodeNotice({ type: 'restarting', afterMs }, false)), false);
    socket.end(closeCodes.serviceRestart, 'Server is restarting');
    return true;
  }

  /** Gives the client a new session, unless it was let in above the limit only because it claimed to have one. */
  #openAnew(socket: ClientSocket): void {
    const { reviver, telemetry } = this.#deps;
    const { opener } = reviver;
    if (opener.isOver(socket)) {
      telemetry.metrics.refused.add('connections');
      socket.end(closeCodes.tryAgainLater, 'There are as many clients as may be');
      return;
    }
    refuse(opener.open(socket));
  }
}

/**
 * The session that a client wants back, with ids as the server knows them; the client uses its app's ids.
 * @returns undefined if the session belongs to somebody else
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

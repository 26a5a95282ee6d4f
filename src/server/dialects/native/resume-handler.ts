/**
 * Clients that come back, each on a socket whose first message names the session that it had. Here it is resumed; from
 * another node it is fetched; and one that died with its server is made again from what its client proves and says.
 */
import { closeCodes } from '../../../protocol/index.ts';
import { type Grants, idWithin, noLimits } from '../../admission/tokens/grants.ts';
import type { ServerOptions } from '../../options.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
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
  readonly drain: { wantsBackAfterMs(): number | undefined };
}

const FIRST_MESSAGE = 'the first message';
const RECOVERY = 'its rate';
const MAX_RECOVERY_MS = 2_000;

export class ResumeHandler {
  readonly #deps: ResumeHandlerDeps;

  constructor(deps: ResumeHandlerDeps) {
    this.#deps = deps;
  }

  opened(socket: ClientSocket): void {
    const { options, telemetry, signaling } = this.#deps;
    if (this.#turnAway(socket)) return;
    const timeoutMs = options.firstMessageTimeoutMs || Number.POSITIVE_INFINITY;
    signaling.queue.arm(socket.getUserData(), FIRST_MESSAGE, timeoutMs, () => {
      telemetry.metrics.refused.add('first_message');
      socket.end(closeCodes.timedOut, 'You did not say which session is yours');
    });
  }

  /** It has no session yet. While other nodes are asked for it, nothing else that it says counts. */
  received(socket: ClientSocket, bytes: ArrayBuffer): void {
    const { signaling, reviver } = this.#deps;
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
    reviver.dropStale(message);
    const decide = () => this.#decide(socket, message, reviver.nodes ? 'unasked' : 'alone', true);
    const afterMs = this.#recoversInMs(message);
    if (afterMs === 0) {
      decide();
      return;
    }
    data.phase = 'asking';
    signaling.queue.arm(data, RECOVERY, afterMs, () => {
      delete data.phase;
      if (!this.#turnAway(socket)) decide();
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
    this.#deps.telemetry.log.error({ event: 'client_failed', err: error }, 'A client that came back failed');
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

  /** @param isWaiting whether its socket is open and served by nobody else */
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
        socket.getUserData().phase = 'asking';
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

  /** Other nodes said what they have of a session. Meanwhile the socket may be gone or served, or the session here. */
  #answered(socket: ClientSocket, message: Resume, answer: FetchAnswer): void {
    const data = socket.getUserData();
    const isOpen = data.phase !== 'closed';
    if (isOpen) delete data.phase;
    const isWaiting = isOpen && !data.client && !this.#turnAway(socket);
    this.#decide(socket, message, answer, isWaiting);
  }

  /** While the server drains, it is sent away again. */
  #turnAway(socket: ClientSocket): boolean {
    const afterMs = this.#deps.drain.wantsBackAfterMs();
    if (afterMs === undefined) return false;
    this.#deps.telemetry.metrics.refused.add('draining');
    socket.send(JSON.stringify(encodeNotice({ type: 'restarting', afterMs }, false)), false);
    socket.end(closeCodes.serviceRestart, 'Server is restarting');
    return true;
  }

  /** It gets a new session, unless it came in only because it said that it has one. */
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

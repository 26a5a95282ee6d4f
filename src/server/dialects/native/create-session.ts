/** Creates sessions: for new clients, or under the id of a client that had it at another node or before a restart. */
import { ReliableDelivery } from '../../../protocol/index.ts';
import { type Grants, idWithin, noLimits, publicIdOf } from '../../admission/tokens/grants.ts';
import { sessionIdOn } from '../../node-id.ts';
import type { Sessions } from '../../signaling/sessions.ts';
import { FROM, type Logger } from '../../telemetry/logger.ts';
import type { ClientSocket, SocketData } from './native-client.ts';
import { type ClientOwn, NativeClient, type Places, type ResumeState } from './native-client.ts';
import type { Outbox } from './outbox.ts';
import { type ResumeSecrets, ResumeToken } from './resume-secrets.ts';

export interface SessionOpenerDeps {
  readonly places: Places;
  readonly sessions: Sessions;
  readonly outbox: Outbox;
  readonly secrets: ResumeSecrets;
  readonly log: Logger;
}

export class SessionOpener {
  readonly secrets: ResumeSecrets;
  readonly #deps: SessionOpenerDeps;

  constructor(deps: SessionOpenerDeps) {
    this.secrets = deps.secrets;
    this.#deps = deps;
  }

  /**
   * Whether there are too many connections. A client that announced its return was let in above the limit, and may turn
   * out to have nothing to return to.
   */
  isOver(socket: ClientSocket): boolean {
    return this.#deps.places.isOver(socket.getUserData().address);
  }

  /** Gives a socket a session of its own. */
  open(socket: ClientSocket): NativeClient {
    const { log, secrets, sessions } = this.#deps;
    const data = socket.getUserData();
    const { grants = noLimits, address } = data;
    const id = idWithin(grants, grants.sub ?? sessionIdOn(secrets.node));
    const older = sessions.withId(id);
    if (older) sessions.replace(older);
    const peers = peersOf(data);
    const resume = data.kind === 'plain' ? undefined : this.newResumeState(id, 0, peers);
    const client = this.create(id, { address, grants, resume, peers, generation: 0 }, socket);
    log.info({ event: 'session_opened', id, [FROM]: address }, `Client ${id} connected`);
    if (client.session) sessions.claimId(client.session);
    this.greet(client, {});
    return client;
  }

  /**
   * @param from the client's address and grants
   * @param socket undefined for a session that gets one later, if its client is still there
   */
  create(
    id: string,
    {
      address,
      grants,
      ...own
    }: ClientOwn & Pick<SocketData, 'address'> & { readonly grants?: Grants | undefined },
    socket?: ClientSocket,
  ): NativeClient {
    const { sessions, outbox, places } = this.#deps;
    const client = new NativeClient(id, address, places, outbox, own);
    if (socket) {
      client.socket = socket;
      client.opened(socket);
      socket.getUserData().client = client;
    }
    client.session = sessions.open(id, client, grants);
    return client;
  }

  /**
   * @param restoredWith see {@link ResumeState}
   * @returns undefined if sessions cannot be resumed
   */
  newResumeState(
    id: string,
    generation: number,
    peers: number | undefined,
    restoredWith?: string,
  ): ResumeState | undefined {
    const { sessions, secrets } = this.#deps;
    if (sessions.settings.resumeGraceMs === 0) return undefined;
    const next = secrets.issue(id, generation);
    const token = restoredWith === undefined ? new ResumeToken(next) : new ResumeToken(restoredWith, next);
    return { delivery: new ReliableDelivery(peers), token, restoredWith };
  }

  /** The first message of every connection. */
  greet(client: NativeClient, more: { received?: number; restarted?: true }): void {
    const { outbox, sessions } = this.#deps;
    outbox.send(client, {
      type: 'your_id',
      id: publicIdOf(client.id),
      ping_interval_ms: sessions.settings.pingIntervalMs,
      ...(client.peers !== undefined && { max_peers: client.peers }),
      ...(client.resume && { resume: client.resume.token.value }),
      ...more,
    });
  }
}

/**
 * How many peers the client may have at once: as many as it asked for, or as its token allows if that is fewer.
 * Undefined if it did not ask.
 */
export function peersOf({ peers, grants }: Pick<SocketData, 'peers' | 'grants'>): number | undefined {
  return peers === undefined ? undefined : Math.min(peers, grants?.maxPeers ?? peers);
}

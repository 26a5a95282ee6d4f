/** A session begins: for a client that is new here, or under the id of one that had it elsewhere or before. */
import { ReliableDelivery } from '../../../protocol/index.ts';
import { idWithin, noLimits, publicIdOf } from '../../admission/tokens/grants.ts';
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

  /** Whether one that said that it comes back, and does not, is one too many. */
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
   * @param from where its client connected from, and what it may do
   * @param socket left out for a session that gets one later, if its client is still there
   */
  create(
    id: string,
    { address, grants, ...own }: ClientOwn & Pick<SocketData, 'address' | 'grants'>,
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

  /** @returns undefined where no session waits for its client */
  newResumeState(id: string, generation: number, peers: number | undefined): ResumeState | undefined {
    const { sessions, secrets } = this.#deps;
    if (sessions.settings.resumeGraceMs === 0) return undefined;
    return { delivery: new ReliableDelivery(peers), token: new ResumeToken(secrets.issue(id, generation)) };
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

/** How many peers its client may have at once, if it said; its token may allow fewer than it asked for. */
export function peersOf({ peers, grants }: Pick<SocketData, 'peers' | 'grants'>): number | undefined {
  return peers === undefined ? undefined : Math.min(peers, grants?.maxPeers ?? peers);
}

/**
 * The sessions of a server, and the host that steps them; dialects report here what becomes of a client's connection.
 */
import type { Clock } from '../../common/clock.ts';
import {
  MachineHost,
  type SessionEvent,
  type SessionSettings,
  type StepQueue,
  sessionMachine,
} from '../../machines/index.ts';
import { type CloseCode, closeCodes } from '../../protocol/index.ts';
import {
  areOfToken,
  CLOCK_SKEW_S,
  type Grants,
  noLimits,
  type TokenGrants,
} from '../admission/tokens/grants.ts';
import { FROM, type Logger } from '../telemetry/logger.ts';
import type { Client } from './client.ts';
import type { Directory } from './directory.ts';
import type { Pairings } from './pairings.ts';
import { RestoreWindow } from './restore-window.ts';
import type { Rooms } from './rooms/rooms.ts';
import type { Seat } from './seat.ts';
import { ServerSession, type SessionHost, type SessionOwner } from './session.ts';
import { sessionEffects } from './session-effects.ts';

export interface SessionsDeps {
  readonly queue: StepQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly directory: Directory;
  readonly pairings: Pairings;
  readonly rooms: Pick<Rooms, 'join' | 'lock'>;
}

/**
 * As a fraction of the ping interval. A step for every message would cost more than sending a ping this much too early.
 */
const HEARD_EVERY = 0.1;

const ALL_PERMISSIONS = noLimits.may.join(' ');

export class Sessions implements SessionOwner {
  readonly host: SessionHost;
  readonly settings: SessionSettings;
  readonly queue: StepQueue;
  /** How long clients of an earlier process may still come back. */
  readonly restoreWindow: RestoreWindow;
  readonly #directory: Directory;
  readonly #pairings: Pairings;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #heardEveryMs: number;
  #lastClaim = 0;

  /** @param settings one object for all sessions */
  constructor(settings: SessionSettings, deps: SessionsDeps) {
    const { queue } = deps;
    this.settings = settings;
    this.queue = queue;
    this.restoreWindow = new RestoreWindow(queue, settings.resumeGraceMs);
    this.#directory = deps.directory;
    this.#pairings = deps.pairings;
    this.#log = deps.log;
    this.#clock = deps.clock;
    this.#heardEveryMs = settings.pingIntervalMs * HEARD_EVERY || Number.POSITIVE_INFINITY;
    this.host = new MachineHost(sessionMachine, {
      queue,
      executors: sessionEffects(deps),
      onError: (session, error, effect) => this.fail(session, error, effect),
    });
  }

  get now(): number {
    return this.queue.now;
  }

  /** @param id prefixed with its app, if clients bring tokens */
  open(id: string, client: Client, grants: Grants = noLimits): ServerSession {
    const session = new ServerSession(id, client, this.queue.now, this);
    session.grants = grants;
    this.#directory.opened(session);
    const { maxPeers, isResumable } = client;
    this.host.start(session, {
      id,
      maxPeers,
      isResumable,
      may: permissionsIn(grants),
      settings: this.settings,
    });
    if (areOfToken(grants)) this.accept(session, grants);
    return session;
  }

  /** Applies the grants of the client's token from now on, until it expires. */
  accept(session: ServerSession, grants: TokenGrants): void {
    session.grants = grants;
    const endsAt = grants.expiresAt + CLOCK_SKEW_S * 1_000;
    const lifetimeMs = Math.max(0, endsAt - this.#clock.wallTime());
    this.host.dispatch(session, { type: 'TOKEN_ACCEPTED', lifetimeMs, may: permissionsIn(grants) });
  }

  /** An id given by a token belongs to its newest holder: this session, at all nodes, from now on. */
  claimId(session: ServerSession): void {
    if (session.grants.sub === undefined) return;
    this.#lastClaim = Math.max(Math.floor(this.#clock.wallTime()) * 1_000, this.#lastClaim + 1);
    session.since = this.#lastClaim;
    this.#directory.otherNodes.claimed(session);
  }

  /** Another client has presented a token for the session's id. */
  replace(session: ServerSession): void {
    this.#log.info(
      { event: 'session_replaced', id: session.id, [FROM]: session.client.address },
      `Client ${session.id} is replaced by one with the same id`,
    );
    this.close(session, closeCodes.replaced, 'Another client has come with a token for your id');
  }

  withId(id: string): ServerSession | undefined {
    return this.#directory.sessions.get(id);
  }

  dispatch(session: ServerSession, event: SessionEvent): void {
    this.host.dispatch(session, event);
  }

  overfull({ pairing, side }: Seat): void {
    if (pairing) this.#pairings.end(pairing, side, 'overfull');
  }

  /** Its client sent something. @param now milliseconds of the server's clock */
  heard(session: ServerSession, now: number): void {
    if (!session.isPinged && now - session.heardAt < this.#heardEveryMs) return;
    session.heardAt = now;
    this.host.dispatch(session, { type: 'HEARD' });
  }

  /** Its client is back on a new connection. */
  resumed(session: ServerSession): void {
    this.host.dispatch(session, { type: 'RESUMED' });
  }

  /**
   * Its client's connection is gone.
   * @param isGoodbye the client closed it on purpose, and will not come back
   */
  disconnected(session: ServerSession, isGoodbye: boolean): void {
    this.host.dispatch(session, { type: 'SOCKET_CLOSED', isGoodbye });
  }

  close(session: ServerSession, code: CloseCode, reason: string): void {
    this.host.dispatch(session, { type: 'CLOSED_BY_SERVER', code, reason });
  }

  /** An effect threw: the session ends, and no other session is affected. */
  fail(session: ServerSession, error: unknown, where: string): void {
    this.#log.error(
      { event: 'session_failed', id: session.id, effect: where, err: error },
      `Session ${session.id} failed in ${where}`,
    );
    this.close(session, closeCodes.internalError, 'Internal error');
  }
}

/** The same string for all clients without a token, and for most with one. */
function permissionsIn({ may }: Grants): string {
  return may === noLimits.may ? ALL_PERMISSIONS : may.join(' ');
}

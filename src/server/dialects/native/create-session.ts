/** A session begins: for a client that is new here, or under the id of one that had it elsewhere or before. */
import type { SessionSettings } from '../../../machines/index.ts';
import { ReliableDelivery } from '../../../protocol/index.ts';
import type { NodeId } from '../../cluster/bus/bus.ts';
import type { WebSocket } from '../../http/uws.ts';
import { sessionIdOn } from '../../node-id.ts';
import type { SessionHost } from '../../signaling/router.ts';
import { ServerSession, type SocketData } from '../../signaling/sessions.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Outbox } from './outbox.ts';
import { type ResumeSecrets, ResumeToken } from './resume-secrets.ts';

export interface WelcomeDeps {
  readonly node: NodeId;
  /** One object for all sessions. */
  readonly settings: SessionSettings;
  readonly log: Logger;
  readonly sessions: Map<string, ServerSession>;
  readonly sessionHost: SessionHost;
  readonly outbox: Outbox;
  readonly secrets: ResumeSecrets;
}

/** @param socket undefined for a session that gets one later, if its client is still there */
export function createSession(
  deps: WelcomeDeps,
  socket: WebSocket<SocketData> | undefined,
  now: number,
  id: string = sessionIdOn(deps.node),
  generation = 0,
): ServerSession {
  const { settings, sessions, sessionHost, secrets } = deps;
  const data = socket?.getUserData();
  const session = new ServerSession(id, socket, data?.address ?? '', now, generation);
  const isResumable = data?.kind !== 'plain' && settings.resumeGraceMs > 0;
  if (isResumable) {
    session.delivery = new ReliableDelivery();
    session.resumeToken = new ResumeToken(secrets.issue(id, generation));
  }
  if (data) data.session = session;
  sessions.set(id, session);
  sessionHost.start(session, { id, isResumable, settings });
  return session;
}

/** Gives a socket a session of its own. */
export function openSession(deps: WelcomeDeps, socket: WebSocket<SocketData>, now: number): ServerSession {
  const session = createSession(deps, socket, now);
  deps.log.info({ id: session.id }, `Client ${session.id} connected`);
  sendId(deps, session, {});
  return session;
}

/** The first message of every connection. */
export function sendId(
  { outbox, settings }: WelcomeDeps,
  session: ServerSession,
  more: { received?: number; restarted?: true },
): void {
  const { id, resumeToken } = session;
  outbox.sendPlain(session, {
    type: 'your_id',
    id,
    ping_interval_ms: settings.pingIntervalMs,
    ...(resumeToken && { resume: resumeToken.value }),
    ...more,
  });
}

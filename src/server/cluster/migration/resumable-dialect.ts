/** What the migration of sessions asks of the dialect whose clients come back: it alone knows what waits for them. */
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import type { ClientMessageOf } from '../../../protocol/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { ServerSession } from '../../signaling/session.ts';

/** How a client names the session that it wants back, and what it has received. */
export type ResumeRequest = Pick<ClientMessageOf<'resume'>, 'id' | 'token' | 'received'>;

export interface ResumableDialect {
  /** By which two nodes know whether they have the same secret. */
  readonly fingerprint: string;
  /** A node is there. @param fingerprint its own */
  met(node: NodeId, fingerprint: string): void;
  /** The node that issued the secret for that id; undefined when none with the same secret did. */
  issuerOf(id: string, token: string): NodeId | undefined;
  /** Whether another process with the same secret issued it for that id. */
  isForeign(id: string, token: string): boolean;
  /** Whether the request fits a session that we have: its secret, and numbers that are possible. */
  mayResume(session: ServerSession, request: ResumeRequest): boolean;
  /** @param received the number of the last frame that the client has */
  takeSnapshot(
    session: ServerSession,
    received: number,
    now: number,
  ): Omit<SessionSnapshot, 'keys' | 'pairings'>;
}

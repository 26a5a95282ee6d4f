/**
 * What the migration of sessions needs from the dialect whose clients can come back, since only that dialect knows what
 * waits for them.
 */
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import type { ClientMessageOf } from '../../../protocol/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { ServerSession } from '../../signaling/session.ts';

/** How a client names the session that it wants back, and what it has received. */
export type ResumeRequest = Pick<ClientMessageOf<'resume'>, 'id' | 'token' | 'received'>;

export interface ResumableDialect {
  /** Lets two nodes find out whether they have the same secret. */
  readonly fingerprint: string;
  /**
   * A link to that node was opened.
   * @param fingerprint of that node's secret
   */
  met(node: NodeId, fingerprint: string): void;
  /** The node that issued the secret for that id; undefined if no node with the same key did. */
  issuerOf(id: string, token: string): NodeId | undefined;
  /** Whether another process with the same key issued it for that id. */
  isForeign(id: string, token: string): boolean;
  /** Whether the request is valid for a session of this node: right secret, and possible numbers. */
  mayResume(session: ServerSession, request: ResumeRequest): boolean;
  takeSnapshot(
    session: ServerSession,
    request: Omit<ResumeRequest, 'id'>,
    now: number,
  ): Omit<SessionSnapshot, 'keys' | 'pairings'>;
}

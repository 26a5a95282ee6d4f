/** How a client is dealt with that comes back and names its session: one decision of a few facts. */

/** What the other nodes say of the session: there are none, they were not asked yet, or what they answered. */
export type NodesSay = 'alone' | 'unasked' | 'moved' | 'late' | 'lost' | 'refused';

export interface ReturnFacts {
  readonly nodes: NodesSay;
  /** Whether its socket is open and served by nobody else. */
  readonly isWaiting: boolean;
  /** Whether the session is here. */
  readonly isHere: boolean;
  /** Whether its secret is that of the session here, and its numbers are possible. */
  readonly fitsSession: boolean;
  /** Whether its secret shows that it had the session, and it says where to go on. */
  readonly fitsLostSession: boolean;
  /** Whether a server without other nodes may have forgotten the session in a restart. */
  readonly isRestoreWindowOpen: boolean;
}

export type ReturnDecision =
  /** The session is here, and goes on. */
  | 'resume'
  /** Other nodes are asked for it. */
  | 'fetch'
  /** It came from another node. */
  | 'adopt'
  /** It died with its server, and is made again from what the client proves and says. */
  | 'restore'
  /** Who has it does not answer: the client is to try again. */
  | 'retry'
  /** It gets a new session. */
  | 'refuse'
  /** Nobody waits for an answer. */
  | 'ignore';

export function decideReturn(facts: ReturnFacts): ReturnDecision {
  const { nodes, isHere } = facts;
  // Whoever gave it to us has it no longer: it is kept even when its client is gone again.
  if (nodes === 'moved' && !isHere) return 'adopt';
  if (!facts.isWaiting) return 'ignore';
  if (isHere && facts.fitsSession) return 'resume';
  if (nodes === 'late') return 'retry';
  if (isHere) return 'refuse';
  if (nodes === 'unasked') return 'fetch';
  const isLost = nodes === 'lost' || (nodes === 'alone' && facts.isRestoreWindowOpen);
  return isLost && facts.fitsLostSession ? 'restore' : 'refuse';
}

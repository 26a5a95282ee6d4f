/** Decides what to do with a client that comes back and names its session: a pure function of a few facts. */

/** What the other nodes say about the session: there are no other nodes, they were not asked yet, or their answer. */
export type NodesSay = 'alone' | 'unasked' | 'moved' | 'late' | 'lost' | 'refused';

export interface ReturnFacts {
  readonly nodes: NodesSay;
  /** Whether its socket is open and not yet attached to a session. */
  readonly isWaiting: boolean;
  /** Whether the session is at this node. */
  readonly isHere: boolean;
  /** Whether the client's secret is that of the session here, and its numbers are possible. */
  readonly fitsSession: boolean;
  /** Whether the client's secret proves that it had the session, and it says which number comes first. */
  readonly fitsLostSession: boolean;
  /** Whether a server without other nodes may have lost the session in a restart. */
  readonly isRestoreWindowOpen: boolean;
}

export type ReturnDecision =
  /** The session is here, and goes on. */
  | 'resume'
  /** Ask the other nodes for it. */
  | 'fetch'
  /** It came from another node. */
  | 'adopt'
  /** It was lost with its server, and is created again from what the client proves and claims. */
  | 'restore'
  /** The node that has it does not answer: the client should try again. */
  | 'retry'
  /** The client gets a new session. */
  | 'refuse'
  /** Nobody waits for an answer any more. */
  | 'ignore';

export function decideReturn(facts: ReturnFacts): ReturnDecision {
  const { nodes, isHere } = facts;
  // The node that handed it over no longer has it, so it is kept even if its client has gone again.
  if (nodes === 'moved' && !isHere) return 'adopt';
  if (!facts.isWaiting) return 'ignore';
  if (isHere && facts.fitsSession) return 'resume';
  if (nodes === 'late') return 'retry';
  if (isHere) return 'refuse';
  if (nodes === 'unasked') return 'fetch';
  const isLost = nodes === 'lost' || (nodes === 'alone' && facts.isRestoreWindowOpen);
  return isLost && facts.fitsLostSession ? 'restore' : 'refuse';
}

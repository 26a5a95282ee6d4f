/** What the core asks of the other nodes of a cluster, with an implementation for a server that runs alone. */
import type { SessionEvent } from '../../machines/index.ts';
import type { Party } from './pairing.ts';
import type { ServerSession } from './session.ts';

/** What is known about a client that is not at this node. */
export type Elsewhere = 'unknown' | 'elsewhere' | 'unreachable';

export interface OtherNodes {
  /** Whether another node may have a client with that id or, without an id, the owner of a key. */
  lookUp(sessionId?: string): Elsewhere;
  /**
   * Asks the node that has the client, or all nodes for the owner of the key. The answer arrives as an event of the
   * session.
   */
  requestPairing(session: ServerSession, target: PairRequest): void;
  /** The request was answered, or is given up. */
  forgetRequest(session: ServerSession): void;
  /** The party that stands for the client of another node with whom the session was granted a pairing. */
  partyFor(granted: Extract<SessionEvent, { type: 'GRANTED' }>): Party;
  /** A client presented a token for its id: any other holder of that id has to go. */
  claimed(session: ServerSession): void;
  /** The session is over. */
  ended(session: ServerSession): void;
}

export interface PairRequest {
  readonly targetId: string | undefined;
  readonly key: string | undefined;
  /** Passed on to the responder: any JSON value. */
  readonly metadata?: unknown;
  /** The span that becomes the parent of the pairing's trace. */
  readonly traceparent?: string | undefined;
}

export const noOtherNodes: OtherNodes = {
  lookUp: () => 'unknown',
  requestPairing() {},
  forgetRequest() {},
  partyFor() {
    throw new Error('A server without other nodes was granted a client of one');
  },
  claimed() {},
  ended() {},
};

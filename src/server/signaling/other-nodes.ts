/** What the core asks of the other nodes of a cluster. A server that is alone has none, and that is an answer, too. */
import type { SessionEvent } from '../../machines/index.ts';
import type { Party } from './pairing.ts';
import type { ServerSession } from './session.ts';

/** What is known of a client that is not here. */
export type Elsewhere = 'unknown' | 'elsewhere' | 'unreachable';

export interface OtherNodes {
  /** Whether another node may have a client: by its id, or, without one, whoever made a key. */
  lookUp(sessionId?: string): Elsewhere;
  /** Asks the node that has the client, or all of them who made the key; the answer is an event of the session. */
  requestPairing(session: ServerSession, target: PairRequest): void;
  /** There is an answer, or none is waited for any longer. */
  forgetRequest(session: ServerSession): void;
  /** The client of another node that a session was granted. */
  partyFor(granted: Extract<SessionEvent, { type: 'GRANTED' }>): Party;
  /** A client has come with a token for its id: whoever came with one for the same id before is to go. */
  claimed(session: ServerSession): void;
  /** A session is over. */
  ended(session: ServerSession): void;
}

export interface PairRequest {
  readonly targetId: string | undefined;
  readonly key: string | undefined;
  /** For the other one: any JSON value. */
  readonly metadata?: unknown;
  /** The span that the pairing's trace is to be a part of. */
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

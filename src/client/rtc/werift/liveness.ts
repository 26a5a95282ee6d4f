/**
 * Notices that nothing arrives from the peer. werift checks consent every 5 s and waits for 30 s (RFC 7675): its user
 * would send into the void for half a minute before ICE is restarted. Here the peer is checked whenever it was quiet,
 * and a connection has failed when several checks in a row were not answered. It counts checks rather than time, so
 * that a process that was suspended does not mistake its own absence for its peer's.
 */

const QUESTIONS = 5;

/** What this file uses of werift's ICE agent beyond its typings. */
export interface LiveIceAgent {
  readonly nominated: CandidatePair | undefined;
  readonly localUsername: string;
  readonly remoteUsername: string;
  readonly remotePassword: string;
  readonly iceControlling: boolean;
  buildRequest(fields: object): unknown;
  stopConsentLifecycle(): void;
  setState(state: 'failed'): void;
}

interface CandidatePair {
  readonly localCandidate: unknown;
  readonly remoteAddr: unknown;
  readonly packetsReceived: number;
  readonly requestsReceived: number;
  responsesReceived: number;
  readonly protocol: {
    request(request: unknown, address: unknown, key: Buffer, options: object): Promise<unknown>;
  };
}

/**
 * Watches one ICE agent for its whole life.
 * @param isConnected before that, other deadlines apply
 * @param silenceMs how long nothing may arrive
 * @returns a function that ends it
 */
export function watchLiveness(
  agent: LiveIceAgent,
  isConnected: () => boolean,
  silenceMs: number,
): () => void {
  let last: { pair: CandidatePair; heard: number } | undefined;
  let unanswered = 0;
  const intervalMs = silenceMs / QUESTIONS;
  const timer = setInterval(() => {
    const pair = isConnected() ? agent.nominated : undefined;
    const heard = pair ? pair.packetsReceived + pair.requestsReceived + pair.responsesReceived : 0;
    const isQuiet = pair !== undefined && last?.pair === pair && last.heard === heard;
    last = pair && { pair, heard };
    unanswered = isQuiet ? unanswered + 1 : 0;
    if (!pair || !isQuiet) return;
    // An answer counts until the connection is given up, though the next question was asked before it.
    if (unanswered <= QUESTIONS) ask(agent, pair, silenceMs);
    else {
      unanswered = 0;
      agent.stopConsentLifecycle();
      agent.setState('failed');
    }
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

function ask(agent: LiveIceAgent, pair: CandidatePair, timeoutMs: number): void {
  const { localUsername, remoteUsername, iceControlling } = agent;
  const request = agent.buildRequest({
    nominate: false,
    localUsername,
    remoteUsername,
    iceControlling,
    localCandidate: pair.localCandidate,
  });
  pair.protocol
    .request(request, pair.remoteAddr, Buffer.from(agent.remotePassword), {
      retransmissions: 0,
      responseTimeout: timeoutMs,
    })
    .then(
      () => {
        pair.responsesReceived += 1;
      },
      // No answer: the next tick counts it.
      () => {},
    );
}

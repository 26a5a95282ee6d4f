/**
 * Trickle ICE for werift. Unpatched, werift waits for all candidates before it goes on (up to 5 s if a STUN server
 * cannot be reached), uses a public STUN server when it was given none, does not pair a relay address found after the
 * peer's candidates, loses one found after it was closed, and gathers this machine's own addresses even if only relay
 * addresses are allowed and no TURN server is usable.
 */
import type { RTCIceTransport } from 'werift';

/** After the first host candidate: the sockets of the other interfaces are bound at the same moment. */
const OTHER_INTERFACES_MS = 10;

/** RFC 8445 section 6.1.2.6: a pair that was not checked yet. */
const WAITING = 1;

type Transactions = Record<string, { failWithTimeout?: () => void }>;

interface Protocol {
  readonly localCandidate?: unknown;
  readonly transactions?: Transactions;
  /** Set if it goes through a TURN server. */
  readonly turn?: { readonly transactions: Transactions };
  close?(): Promise<void>;
}

interface CandidatePair {
  readonly state: number;
  readonly protocol: Protocol;
  handle: unknown;
}

/** What this file uses of werift's ICE agent beyond its typings. */
export interface GatheringIceAgent {
  state: string;
  stunServer?: unknown;
  turnServer?: unknown;
  readonly options: { readonly forceTurn?: boolean; turnUsername?: string; turnPassword?: string };
  getCandidatePromises(addresses: readonly string[], timeout?: number): Promise<unknown>[];
  readonly protocols: Protocol[];
  readonly checkList: CandidatePair[];
  readonly remotePassword: string;
  pairLocalProtocol(protocol: Protocol): void;
  checkStart(pair: CandidatePair): unknown;
}

/** werift's own state is overwritten when gathering ends. */
const closed = new WeakSet<GatheringIceAgent>();

/** Lets a transport gather in the background, once the first candidates are there. */
export function trickle(transport: RTCIceTransport, urls: readonly string[]): void {
  const agent = transport.connection as unknown as GatheringIceAgent;
  if (!urls.some((url) => /^stuns?:/.test(url))) agent.stunServer = undefined;
  keepAddresses(agent);
  if (urls.length === 0) return;
  transport.onIceCandidate.subscribe(() => pairLate(agent));
  const gather = transport.gather.bind(transport);
  transport.gather = () => {
    const first = new Promise<void>((resolve) => {
      transport.onIceCandidate.once(() => setTimeout(resolve, OTHER_INTERFACES_MS));
    });
    const gathering = gather().then(() => closeLate(agent));
    return Promise.race([gathering, first]);
  };
}

/** If only relay addresses are allowed, no other address is revealed, even without a TURN server to provide one. */
function keepAddresses(agent: GatheringIceAgent): void {
  const { turnServer, options } = agent;
  if (!options.forceTurn || (turnServer && options.turnUsername && options.turnPassword)) return;
  agent.getCandidatePromises = () => [];
}

/** A request to a STUN server that does not answer would keep the process alive for seconds. */
export function stopAsking(transport: RTCIceTransport): void {
  const agent = transport.connection as unknown as GatheringIceAgent;
  closed.add(agent);
  for (const { transactions, turn } of agent.protocols) {
    for (const question of Object.values({ ...transactions, ...turn?.transactions })) {
      question.failWithTimeout?.();
    }
  }
}

/** Pairs a new candidate with the peer's candidates that are already known; checks may be under way. */
function pairLate(agent: GatheringIceAgent): void {
  if (!agent.remotePassword) return;
  for (const protocol of agent.protocols) {
    if (!protocol.localCandidate) continue;
    const known = new Set(agent.checkList);
    agent.pairLocalProtocol(protocol);
    if (agent.state !== 'checking') continue;
    for (const pair of agent.checkList) {
      if (!known.has(pair) && pair.state === WAITING) pair.handle = agent.checkStart(pair);
    }
  }
}

/** A relay address that was granted after the connection was closed would be refreshed forever. */
async function closeLate(agent: GatheringIceAgent): Promise<void> {
  if (!closed.has(agent)) return;
  // Its check loop, which looks at the state every 20 ms, would run forever.
  agent.state = 'closed';
  for (const protocol of agent.protocols.splice(0)) await protocol.close?.();
}

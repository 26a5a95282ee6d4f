/**
 * The way back from an ICE restart. When an offer that restarts ICE yields to one of the peer, the credentials, candidates
 * and path from before it are in force again (W3C WebRTC 4.4.1.5, RFC 8829 section 4.1.10.2). werift drops them as soon as
 * it makes the offer, and does not take them back: it would answer an offer that restarts nothing with new credentials and
 * without the peer's candidates, and neither side would find the other again.
 */
import type { RTCIceTransport } from 'werift';

/** What a restart replaces, in werift's ICE agent and in its transport; it changes none of the values themselves. */
const OF_AGENT = [
  'generation',
  'localUsername',
  'localPassword',
  'remoteUsername',
  'remotePassword',
  'localCandidatesStart',
  'localCandidates',
  'localCandidatesEnd',
  '_remoteCandidates',
  'remoteCandidatesEnd',
  'earlyChecks',
  'earlyChecksDone',
  'state',
  'checkList',
  'checkListDone',
  'checkListState',
  'nominated',
  'nominating',
];
const OF_TRANSPORT = ['iceRestarts', 'waitStart'];

/** What this file uses of werift's transport and its ICE agent beyond their typings. */
interface IceTransport {
  readonly connection: IceAgent;
  readonly iceGather: { gatheringState: string };
  readonly state: string;
  setState(state: string): void;
}

interface IceAgent {
  readonly generation: number;
  readonly localUsername: string;
  readonly consentFresh: boolean;
  readonly protocols: readonly { readonly localCandidate?: { generation: number; ufrag: string } }[];
  queryConsent(): void;
}

/**
 * To be called before ICE is restarted.
 * @returns takes the restart back
 */
export function rollbackOf(given: RTCIceTransport): () => void {
  const transport = given as unknown as IceTransport;
  const { connection: agent, iceGather, state } = transport;
  const { consentFresh } = agent;
  const { gatheringState } = iceGather;
  const ofAgent = picked(agent, OF_AGENT);
  const ofTransport = picked(transport, OF_TRANSPORT);
  return () => {
    Object.assign(agent, ofAgent);
    for (const { localCandidate } of agent.protocols) {
      if (!localCandidate) continue;
      localCandidate.generation = agent.generation;
      localCandidate.ufrag = agent.localUsername;
    }
    // The restart ended the questions whether the peer still wants our data (RFC 7675); without them, none is sent.
    if (consentFresh) agent.queryConsent();
    Object.assign(transport, ofTransport);
    iceGather.gatheringState = gatheringState;
    transport.setState(state);
  };
}

function picked(object: object, names: readonly string[]): object {
  const fields = object as Readonly<Record<string, unknown>>;
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}

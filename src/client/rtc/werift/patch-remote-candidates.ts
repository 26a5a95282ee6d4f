/**
 * The peer's candidates in werift's ICE agent. It asks for names of IPv4 only, for 10 s, also of TCP candidates that it
 * will not use, and keeps asking when the connection is closed; it drops what it cannot use without a word; and once
 * the peer has no more candidates and none of them can be checked, it gives up, although checks of the peer may still
 * come and make a pair (RFC 8863).
 */
import type { CandidateRefusal } from '../../../machines/index.ts';
import { Lifetime } from './lifetime.ts';
import { isMdnsName, resolveMdnsName } from './mdns.ts';

/** Names that are asked for at the same time. A browser has one for each interface. */
const MAX_LOOKUPS = 32;

/** RFC 8445 section 6.1.2.6: states of a pair that is yet to be checked. */
const FROZEN = 0;
const WAITING = 1;

interface Candidate {
  host: string;
  readonly transport: string;
}

/** What this file uses of werift's ICE agent beyond its typings. */
interface IceAgent {
  readonly state: string;
  readonly generation: number;
  readonly remoteUsername: string;
  readonly checkList: readonly { readonly state: number }[];
  readonly remoteCandidates: readonly unknown[];
  addRemoteCandidate(candidate: Candidate | undefined): Promise<void>;
  schedulingChecks(): boolean;
}

interface Progress {
  generation: number;
  lookups: number;
  hasEnded: boolean;
}

type Tell = (refusal: CandidateRefusal) => void;

const progress = new WeakMap<IceAgent, Progress>();
const listeners = new WeakMap<object, Tell>();
/** Refusals that came while a description was being applied, before anybody could listen. */
const untold = new WeakMap<object, CandidateRefusal[]>();

/** Tells of refusals of an ICE agent, also of those that it has made already. */
export function listenToRefusals(agent: object, tell: Tell): void {
  listeners.set(agent, tell);
  for (const refusal of untold.get(agent) ?? []) tell(refusal);
  untold.delete(agent);
}

/** Patches every ICE agent. Neither method rejects: werift would not catch it. */
export function patchRemoteCandidates(prototype: object): void {
  const ice = prototype as IceAgent;
  const { addRemoteCandidate, schedulingChecks } = ice;
  ice.addRemoteCandidate = async function (this: IceAgent, candidate) {
    const now = progressOf(this);
    if (!candidate) {
      now.hasEnded = true;
      return;
    }
    if (candidate.transport.toLowerCase() !== 'udp') {
      refuse(this, 'not_udp');
      return;
    }
    if (/[a-z]/i.test(candidate.host) && !candidate.host.includes(':')) {
      const address = await lookUp(candidate.host, now);
      // ICE was restarted, or all is over, meanwhile.
      if (progress.get(this) !== now || this.state === 'closed') return;
      if (address === undefined) {
        refuse(this, 'name_not_found');
        return;
      }
      candidate.host = address;
    }
    const before = this.remoteCandidates.length;
    await addRemoteCandidate.call(this, candidate);
    if (this.remoteCandidates.length === before) refuse(this, 'invalid');
  };
  ice.schedulingChecks = function (this: IceAgent) {
    const { hasEnded, lookups } = progressOf(this);
    const isIdle = !this.checkList.some(({ state }) => state === WAITING || state === FROZEN);
    if (hasEnded && lookups === 0 && isIdle && this.checkList.length > 0) return false;
    return schedulingChecks.call(this);
  };
}

/** Anew with each generation of ICE credentials. */
function progressOf(agent: IceAgent): Progress {
  let now = progress.get(agent);
  if (now?.generation !== agent.generation) {
    now = { generation: agent.generation, lookups: 0, hasEnded: false };
    progress.set(agent, now);
  }
  return now as Progress;
}

async function lookUp(host: string, now: Progress): Promise<string | undefined> {
  if (!isMdnsName(host) || now.lookups >= MAX_LOOKUPS) return undefined;
  now.lookups += 1;
  try {
    return await resolveMdnsName(host, Lifetime.current?.signal);
  } finally {
    now.lookups -= 1;
  }
}

function refuse(agent: object, refusal: CandidateRefusal): void {
  const tell = listeners.get(agent);
  if (tell) tell(refusal);
  else untold.set(agent, [...(untold.get(agent) ?? []), refusal]);
}

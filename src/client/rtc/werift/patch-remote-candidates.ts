/**
 * The peer's candidates in werift's ICE agent. Unpatched, werift looks names up for IPv4 only, for 10 s, even of TCP
 * candidates that it will not use, and even after the connection is closed; it drops unusable candidates silently; and
 * once the peer has no more candidates and none can be checked, it gives up, although checks by the peer may still
 * arrive and form a pair (RFC 8863).
 */
import type { CandidateRefusal } from '../../../machines/without-xstate.ts';
import { Lifetime } from './lifetime.ts';
import { isMdnsName, resolveMdnsName } from './mdns.ts';

/** How many names are looked up at the same time. A browser has one per interface. */
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
  readonly localUsername: string;
  readonly checkList: readonly { readonly state: number }[];
  readonly remoteCandidates: readonly unknown[];
  addRemoteCandidate(candidate: Candidate | undefined): Promise<void>;
  schedulingChecks(): boolean;
}

interface Progress {
  /** Others for each generation; its number comes twice if a restart is taken back. */
  localUsername: string;
  lookups: number;
  hasEnded: boolean;
}

type Tell = (refusal: CandidateRefusal) => void;

const progress = new WeakMap<IceAgent, Progress>();
const listeners = new WeakMap<object, Tell>();
/** Refusals made while a description was being applied, before anybody could listen. */
const untold = new WeakMap<object, CandidateRefusal[]>();

/** Reports an ICE agent's refusals, including those already made. */
export function listenToRefusals(agent: object, tell: Tell): void {
  listeners.set(agent, tell);
  for (const refusal of untold.get(agent) ?? []) tell(refusal);
  untold.delete(agent);
}

/** Patches every ICE agent. Neither method rejects, since werift would not catch it. */
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
      // Meanwhile ICE was restarted, or the agent was closed.
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

/** Reset for each generation of ICE credentials. */
function progressOf(agent: IceAgent): Progress {
  let now = progress.get(agent);
  if (now?.localUsername !== agent.localUsername) {
    now = { localUsername: agent.localUsername, lookups: 0, hasEnded: false };
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

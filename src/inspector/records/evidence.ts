/**
 * What the two clients of a pairing reported about their connection: in words, at a given moment, and what it says
 * about the cause.
 */
import {
  type CandidateKind,
  type Evidence,
  type Flow,
  isEvidence,
  type PairingRecord,
} from '../../protocol/index.ts';

type Side = 'initiator' | 'responder';
const sides: readonly Side[] = ['initiator', 'responder'];

/** The newest evidence of each side at that line. */
export function evidenceAt({ lines }: PairingRecord, index = lines.length - 1): ReadonlyMap<Side, Evidence> {
  const known = new Map<Side, Evidence>();
  for (const line of lines.slice(0, index + 1))
    if (isEvidence(line)) known.set(line.side, { ...known.get(line.side), ...line.evidence });
  return known;
}

export interface Checks {
  readonly sent: number;
  readonly answered: number;
  /** From the other side. */
  readonly received: number;
}

export function checksIn({ pairs = [] }: Evidence): Checks {
  return {
    received: pairs.reduce((sum, { received = 0 }) => sum + received, 0),
    sent: pairs.reduce((sum, { sent }) => sum + sent, 0),
    answered: pairs.reduce((sum, { answered }) => sum + answered, 0),
  };
}

/** `checking, 3 pairs, 12 checks of which 0 were answered`. */
export function describeEvidence(evidence: Evidence): string {
  const { ice, dtls, sctp, pairs = [], flow, errors = [] } = evidence;
  if (flow) return describeFlow(flow);
  const count = pairs.reduce((sum, pair) => sum + pair.pairs, 0);
  const { sent, answered } = checksIn(evidence);
  const selected = pairs.find((pair) => pair.selected);
  const parts = [
    ice && `ICE ${ice}`,
    dtls && dtls !== 'new' && `DTLS ${dtls}`,
    sctp && dtls === 'connected' && `SCTP ${sctp}`,
    `${count} pair${count === 1 ? '' : 's'}`,
    sent > 0 && `${answered} of ${sent} checks answered`,
    selected && `data over ${selected.local} to ${selected.remote}`,
    errors.length > 0 && `errors ${errors.join(', ')}`,
  ];
  return parts.filter(Boolean).join(', ');
}

function describeFlow({ rtt_ms, buffered, sent, answered }: Flow): string {
  const rtt = rtt_ms === undefined ? [] : [`round trip ${rtt_ms} ms`];
  return [...rtt, `${answered} of ${sent} checks answered`, `${buffered} B wait`].join(', ');
}

/** How far the two came, and what that rules out; undefined if it says nothing. */
export interface CauseFromEvidence {
  readonly text: string;
  readonly remedy: string;
}

type Kinds = ReadonlySet<CandidateKind | 'mDNS host'>;
/** The kinds of candidates that each side offered. */
export type OfferedKinds = Readonly<Record<Side, Kinds>>;

const nameOf = { initiator: 'A', responder: 'B' } as const;
const otherOf = { initiator: 'responder', responder: 'initiator' } as const;

/** Whether its checks were answered and ICE has succeeded; werift reports `completed` before there is a pair. */
export function hasMet({ ice, pairs = [] }: Evidence): boolean {
  const isContent = ice === 'connected' || ice === 'completed' || pairs.some(({ selected }) => selected);
  return isContent && pairs.some(({ state }) => state === 'succeeded');
}

type Known = ReadonlyMap<Side, Evidence>;
type Cause = (evidence: Known, kinds: OfferedKinds | undefined) => CauseFromEvidence | undefined;

/** How far the two came at most, the furthest first: the step after it has failed. */
const causes: readonly Cause[] = [
  // First, because the side whose DTLS has succeeded does not know yet that the other's has not.
  metWithoutDtls,
  securedWithoutSctp,
  refusedByTurn,
  hiddenByMdns,
  oneWay,
  cutOff,
  withoutAddresses,
  unanswered,
  unreachedServer,
];

/**
 * @param evidence of a pairing that failed after offer and answer were exchanged
 * @param kinds of the candidates that were offered
 */
export function causeIn(evidence: Known, kinds?: OfferedKinds): CauseFromEvidence | undefined {
  for (const cause of causes) {
    const found = cause(evidence, kinds);
    if (found) return found;
  }
  return undefined;
}

function metIn(evidence: Known): [Side, Evidence][] {
  return [...evidence].filter(([, each]) => hasMet(each));
}

/** ICE and DTLS have succeeded, but no data gets through. */
export function securedWithoutSctp(evidence: Known): CauseFromEvidence | undefined {
  const found = metIn(evidence).find(
    ([, { dtls, sctp }]) => dtls === 'connected' && sctp !== undefined && sctp !== 'connected',
  );
  return (
    found && {
      text: `ICE and DTLS came up at ${nameOf[found[0]]}, and SCTP did not`,
      remedy:
        'Something drops large packets: look at the MTU of a VPN or tunnel, and at firewalls that inspect DTLS.',
    }
  );
}

function metWithoutDtls(evidence: Known): CauseFromEvidence | undefined {
  const found = metIn(evidence).find(([, { dtls }]) => dtls !== undefined && dtls !== 'connected');
  return (
    found && {
      text: `A candidate pair worked at ${nameOf[found[0]]}, and DTLS did not come up (${found[1].dtls})`,
      remedy:
        'The certificate may not fit the fingerprint in the SDP: see whether something between the two changes or swaps descriptions, and that both take setup roles that fit. Or a firewall lets checks through and DTLS not.',
    }
  );
}

function refusedByTurn(evidence: Known): CauseFromEvidence | undefined {
  const found = [...evidence].find(([, { errors = [] }]) =>
    errors.some((code) => code === 401 || code === 438),
  );
  return (
    found && {
      text: `The TURN server refused ${nameOf[found[0]]}'s credentials (error 401)`,
      remedy:
        'Set --turn-secret to the TURN server’s static-auth-secret, and check that both clocks are right: credentials carry the time.',
    }
  );
}

function hiddenByMdns(evidence: Known, kinds: OfferedKinds | undefined): CauseFromEvidence | undefined {
  const side = kinds && sides.find((each) => kinds[each].size === 1 && kinds[each].has('mDNS host'));
  if (!side || checksOf(evidence).answered > 0) return undefined;
  return {
    text: `${nameOf[side]} hides its address behind an mDNS name, which means something in its own network only, and offered no other`,
    remedy:
      'Set --stun-url, so that a browser also offers the address that the internet sees, and --turn-url with --turn-secret for networks that block UDP.',
  };
}

/** Checks arrive at one side, but its own do not arrive at the other. */
function oneWay(evidence: Known): CauseFromEvidence | undefined {
  for (const side of sides) {
    const [own, other] = [evidence.get(side), evidence.get(otherOf[side])];
    if (!own || !other) continue;
    const [one, two] = [checksIn(own), checksIn(other)];
    if (one.answered + two.answered + one.received > 0 || one.sent === 0 || two.received === 0) continue;
    const [from, to] = [nameOf[side], nameOf[otherOf[side]]];
    return {
      text: `UDP gets from ${from} to ${to}, and not back: ${to} received ${two.received} checks, and none of ${from}'s ${one.sent} was answered`,
      remedy: `Look at the firewall before ${from}, and at asymmetric routes; ${TURN}`,
    };
  }
  return undefined;
}

/** No STUN or TURN server answers, and neither does the peer. */
function cutOff(evidence: Known): CauseFromEvidence | undefined {
  const found = [...evidence].find(([, { errors = [] }]) => errors.includes(701));
  if (!found || checksIn(found[1]).sent === 0 || checksOf(evidence).answered > 0) return undefined;
  const name = nameOf[found[0]];
  return {
    text: `${name} reached no STUN or TURN server (error 701), and none of its checks was answered: UDP may not get out of its network`,
    remedy: UNREACHED,
  };
}

function withoutAddresses(evidence: Known, kinds: OfferedKinds | undefined): CauseFromEvidence | undefined {
  const { sent, answered } = checksOf(evidence);
  const isLocal = (side: Side) =>
    kinds !== undefined &&
    kinds[side].size > 0 &&
    [...kinds[side]].every((kind) => kind === 'host' || kind === 'mDNS host');
  if (sent === 0 || answered > 0 || !sides.every(isLocal)) return undefined;
  return {
    text: `Both offered only addresses of their own networks, and none of ${sent} checks was answered: UDP does not get through between the two`,
    remedy:
      'Set --stun-url, so that they learn the addresses that the internet sees, and --turn-url with --turn-secret.',
  };
}

function unanswered(evidence: Known, kinds: OfferedKinds | undefined): CauseFromEvidence | undefined {
  const checks = [...evidence].map(([side, each]) => ({ side, ...checksIn(each) }));
  const { sent, answered } = checksOf(evidence);
  if (sent === 0 || answered > 0) return undefined;
  const told = checks
    .filter((each) => each.sent > 0)
    .map((each) => `${nameOf[each.side]} sent ${each.sent} checks`)
    .join(', ');
  const isPublic = kinds !== undefined && sides.every((side) => kinds[side].has('srflx'));
  const why = isPublic
    ? 'their routers or firewalls let no UDP of the other one in'
    : 'UDP does not get through between the two';
  return {
    text: `${told}, and none was answered: ${why}`,
    remedy: `${TURN[0]?.toUpperCase()}${TURN.slice(1)}`,
  };
}

function unreachedServer(evidence: Known): CauseFromEvidence | undefined {
  const found = [...evidence].find(([, { errors = [] }]) => errors.includes(701));
  return (
    found && {
      text: `${nameOf[found[0]]} could not reach its STUN or TURN server (error 701)`,
      remedy: UNREACHED,
    }
  );
}

function checksOf(evidence: Known): Checks {
  const all = [...evidence.values()].map(checksIn);
  const sum = (field: keyof Checks) => all.reduce((total, each) => total + each[field], 0);
  return { sent: sum('sent'), answered: sum('answered'), received: sum('received') };
}

const TURN = 'set --turn-url and --turn-secret, with a turns: URL over TCP 443 for networks that block UDP.';
const UNREACHED =
  'Check the address and port of --stun-url and --turn-url from that network: pairlane doctor --turn-url URL says which way is open.';

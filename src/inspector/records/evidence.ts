/** What the two of a pairing told of their connection: in words, at a moment, and what it says about the cause. */
import { type Evidence, isEvidence, type PairingRecord } from '../../protocol/index.ts';

type Side = 'initiator' | 'responder';

/** The newest of each side that is known at that line. */
export function evidenceAt({ lines }: PairingRecord, index = lines.length - 1): ReadonlyMap<Side, Evidence> {
  const known = new Map<Side, Evidence>();
  for (const line of lines.slice(0, index + 1)) if (isEvidence(line)) known.set(line.side, line.evidence);
  return known;
}

export interface Checks {
  readonly sent: number;
  readonly answered: number;
}

export function checksIn({ pairs = [] }: Evidence): Checks {
  return {
    sent: pairs.reduce((sum, { sent }) => sum + sent, 0),
    answered: pairs.reduce((sum, { answered }) => sum + answered, 0),
  };
}

/** `checking, 3 pairs, 12 checks of which 0 were answered`. */
export function describeEvidence(evidence: Evidence): string {
  const { ice, dtls, sctp, pairs = [], errors = [] } = evidence;
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

/** How far the two came, and what that excludes; undefined when it says nothing. */
export interface CauseFromEvidence {
  readonly text: string;
  readonly remedy: string;
}

const nameOf = { initiator: 'A', responder: 'B' } as const;

/** Whether its checks were answered and ICE is content; werift calls it completed before there is a pair. */
export function hasMet({ ice, pairs = [] }: Evidence): boolean {
  const isContent = ice === 'connected' || ice === 'completed' || pairs.some(({ selected }) => selected);
  return isContent && pairs.some(({ state }) => state === 'succeeded');
}

/** @param evidence of a pairing that failed after offer and answer were exchanged */
export function causeIn(evidence: ReadonlyMap<Side, Evidence>): CauseFromEvidence | undefined {
  const all = [...evidence];
  const refused = all.find(([, { errors = [] }]) => errors.some((code) => code === 401 || code === 438));
  if (refused)
    return {
      text: `The TURN server refused ${nameOf[refused[0]]}'s credentials (error 401)`,
      remedy:
        'Set --turn-secret to the TURN server’s static-auth-secret, and check that both clocks are right: credentials carry the time.',
    };
  const up = all.filter(([, each]) => hasMet(each));
  const noSctp = up.find(
    ([, { dtls, sctp }]) => dtls === 'connected' && sctp !== undefined && sctp !== 'connected',
  );
  if (noSctp)
    return {
      text: `ICE and DTLS came up at ${nameOf[noSctp[0]]}, and SCTP did not`,
      remedy:
        'Something drops large packets: look at the MTU of a VPN or tunnel, and at firewalls that inspect DTLS.',
    };
  const noDtls = up.find(([, { dtls }]) => dtls !== undefined && dtls !== 'connected');
  if (noDtls)
    return {
      text: `A candidate pair worked at ${nameOf[noDtls[0]]}, and DTLS did not come up (${noDtls[1].dtls})`,
      remedy:
        'The certificate may not fit the fingerprint in the SDP: see whether something between the two changes or swaps descriptions, and that both take setup roles that fit.',
    };
  const unreached = all.find(([, { errors = [] }]) => errors.includes(701));
  const checks = all.map(([side, each]) => ({ side, ...checksIn(each) }));
  const sent = checks.reduce((sum, each) => sum + each.sent, 0);
  const answered = checks.reduce((sum, each) => sum + each.answered, 0);
  if (sent > 0 && answered === 0)
    return {
      text: `${checks
        .filter((each) => each.sent > 0)
        .map((each) => `${nameOf[each.side]} sent ${each.sent} checks`)
        .join(', ')}, and none was answered: UDP does not get through between the two`,
      remedy: unreached
        ? UNREACHED
        : 'Set --turn-url and --turn-secret, with a turns: URL over TCP 443 for networks that block UDP.',
    };
  if (unreached)
    return {
      text: `${nameOf[unreached[0]]} could not reach its STUN or TURN server (error 701)`,
      remedy: UNREACHED,
    };
  return undefined;
}

const UNREACHED =
  'Check the address and port of --stun-url and --turn-url from that network: pairlane doctor --turn-url URL says which way is open.';

/**
 * The outcome of a pairing in sentences. Each claims only what the record supports: a client that never reports its
 * state may well be connected.
 */
import {
  type CandidateKind,
  isEvidence,
  isStep,
  type PairingRecord,
  type RecordStep,
} from '../../protocol/index.ts';
import { diagnoseLink } from './diagnose-relay-link.ts';
import { diagnoseSession } from './diagnose-session.ts';
import { causeIn, evidenceAt, hasMet, securedWithoutSctp } from './evidence.ts';
import type { Finding } from './finding.ts';
import { deadlineOf, refusalRemedies, remedyForCandidates } from './remedies.ts';
import { descriptionsIn } from './sdp-comparison.ts';
import { whyNot } from './sequence-diagram.ts';
import { begunIn, isAway, momentAt } from './timeline.ts';

type Side = 'initiator' | 'responder';
const sides: readonly Side[] = ['initiator', 'responder'];
const nameOf = { initiator: 'A', responder: 'B' } as const;
const otherOf = { initiator: 'responder', responder: 'initiator' } as const;

interface Found extends Omit<Finding, 'evidence'> {
  readonly shownBy?: readonly (RecordStep | undefined)[];
}

const badFirst = (one: Found, other: Found) => Number(other.kind === 'bad') - Number(one.kind === 'bad');

/** SCTP is established within a second or two of DTLS, or not at all. */
const SCTP_DEADLINE_MS = 2_000;

/** With ICE and DTLS alone two engines report themselves as connected; data needs SCTP. */
function withoutChannel(record: PairingRecord, connected: RecordStep): Found[] {
  const late = record.lines.findLast(
    (line) => isEvidence(line) && line.t - connected.t > SCTP_DEADLINE_MS && line.evidence.sctp !== undefined,
  );
  const cause = late && securedWithoutSctp(evidenceAt(record));
  if (!cause) return [];
  return [
    {
      kind: 'bad',
      text: `${cause.text}: no data channel opens.`,
      shownBy: [connected],
      remedy: cause.remedy,
    },
  ];
}

/** @returns the outcome first, then what is bad, what is open, and what is normal */
export function diagnose(record: PairingRecord): Finding[] {
  if (record.header.kind === 'link') return diagnoseLink(record);
  if (record.header.kind === 'session') return diagnoseSession(record);
  const steps = record.lines.filter(isStep);
  const pairing = steps.filter(({ of }) => of === 'pairing');
  const isGame = record.header.game !== undefined;
  const connected = pairing.find(({ to }) => to === 'connected');
  const outcome =
    begunIn(record) === 'connected'
      ? connectedBefore(steps, pairing)
      : connected
        ? [...connectionFindings(steps, pairing, connected), ...withoutChannel(record, connected)].sort(
            badFirst,
          )
        : [
            asDisturbed(
              record.header.disturbed,
              whyNotConnected(record, steps, pairing, isGame, evidenceAt(record)),
            ),
          ];
  const others = [
    ...refusals(pairing),
    ...ignored(pairing),
    ...absences(record, pairing),
    ...ending(pairing, isGame ? 'the game' : 'the pairing'),
  ];
  const rank = ({ kind }: Found) => Number(kind === 'note');
  const indexOf = new Map(record.lines.map((line, index) => [line, index]));
  return [...outcome, ...others.sort((one, other) => rank(one) - rank(other))].map(
    ({ shownBy, ...found }) => {
      const evidence = (shownBy ?? []).flatMap((step) => (step && indexOf.get(step)) ?? []);
      return { ...found, ...(evidence.length > 0 && { evidence }) };
    },
  );
}

function isOver(pairing: readonly RecordStep[]): boolean {
  return pairing.at(-1)?.to === 'disconnected';
}

function connectionFindings(
  steps: readonly RecordStep[],
  pairing: readonly RecordStep[],
  connected: RecordStep,
): Found[] {
  const offer = pairing.find(({ event }) => event.type === 'OFFER_RECEIVED');
  const took = offer === undefined ? '' : `, ${Math.round(connected.t - offer.t)} ms after the offer`;
  const text = `Both clients reported that they are connected${took}.`;
  return withLoss({ kind: 'good', text, shownBy: [offer, connected] }, steps, pairing, connected);
}

/** They were connected before recording began. */
function connectedBefore(steps: readonly RecordStep[], pairing: readonly RecordStep[]): Found[] {
  return withLoss({ kind: 'good', text: 'The two were connected when this record began.' }, steps, pairing);
}

/** @param connected left out: before the first step */
function withLoss(
  good: Found,
  steps: readonly RecordStep[],
  pairing: readonly RecordStep[],
  connected?: RecordStep,
): Found[] {
  const after = connected?.t ?? Number.NEGATIVE_INFINITY;
  const lost = pairing.find(
    ({ t, event, taken }) =>
      t > after && event.type === 'REPORT_RECEIVED' && event.isConnected === false && taken.length > 0,
  );
  if (!lost) return [...lostByFailure(steps, connected), good];
  const isBack = pairing.some(({ t, to }) => t > lost.t && to === 'connected');
  const loss: Found = {
    kind: isBack ? 'note' : 'bad',
    text: `${from(lost)} reported that the connection was lost${isBack ? '; it came back' : ''}.`,
    shownBy: [lost],
  };
  return isBack ? [good, loss] : [loss, good];
}

/** A client reported that the connection was established and has failed since. */
function lostByFailure(steps: readonly RecordStep[], connected: RecordStep | undefined): Found[] {
  const failure = failureOf(connected ? steps.filter(({ t }) => t > connected.t) : steps);
  if (!failure) return [];
  const after = connected && Math.round((failure.step.t - connected.t) / 100) / 10;
  return [
    {
      kind: 'bad',
      text: `${from(failure.step)} lost the connection${after === undefined ? '' : ` ${after} s after it stood`} (${failure.text}).`,
      shownBy: [connected, failure.step],
      remedy:
        'Look at the other one: its page or program may have ended, its network may have changed, or a router forgot the way.',
    },
  ];
}

const MISFIT =
  'Compare the two descriptions below “Connection”: something between the two may change them, or one of the two engines made them wrong.';

/** What the server itself lost is in no record of its. */
function asDisturbed(disturbed: string | undefined, found: Found): Found {
  if (disturbed === undefined) return found;
  return {
    ...found,
    text: `The server disturbed signals on purpose (--chaos ${disturbed}), and what it lost counts as not sent: ${found.text}`,
    remedy: 'Try again without --chaos, or once its time is over: what is lost looks like any other failure.',
  };
}

function whyNotConnected(
  record: PairingRecord,
  steps: readonly RecordStep[],
  pairing: readonly RecordStep[],
  isGame: boolean,
  evidence: ReturnType<typeof evidenceAt>,
): Found {
  const isClosed = isOver(pairing);
  const kind = isClosed ? 'bad' : 'open';
  const verb = isClosed ? 'never sent' : 'has not sent';
  const offer = relayed(pairing, 'OFFER_RECEIVED').at(-1);
  const failure = failureOf(steps);
  const [last] = pairing.slice(-1);
  const begun = begunIn(record);
  if (!offer && begun !== undefined && begun !== 'paired' && begun !== 'forming')
    return {
      kind,
      ...(failure?.deadline && { remedy: failure.deadline }),
      shownBy: [failure?.step ?? last],
      text: 'They had begun to negotiate when this record began: what they said before is not in it.',
    };
  if (!offer)
    return {
      kind,
      ...(failure?.deadline && { remedy: failure.deadline }),
      shownBy: [failure?.step ?? last],
      text: isGame ? `No player ${isClosed ? 'ever' : 'has'} sent an offer.` : `A ${verb} an offer.`,
    };
  const offerer: Side = offer.event.from === 'responder' ? 'responder' : 'initiator';
  const isAnswered = relayed(pairing, 'ANSWER_RECEIVED').length > 0;
  const wrong = isAnswered
    ? undefined
    : descriptionsIn(record)?.terms.find(({ conflict }) => conflict !== undefined);
  if (wrong)
    return {
      kind,
      text: `${wrong.conflict}, and ${nameOf[otherOf[offerer]]} ${verb} an answer.`,
      shownBy: [offer, failure?.step ?? last],
      remedy: MISFIT,
    };
  if (!isAnswered)
    return {
      kind,
      text: `${nameOf[otherOf[offerer]]} ${verb} an answer.`,
      shownBy: [offer, failure?.step ?? last],
      remedy:
        failure?.deadline ??
        `Look into ${nameOf[otherOf[offerer]]}: its page may be in the background, or its WebRTC engine refused the offer.`,
    };
  const failed = failure ?? givenUp(pairing, evidence);
  const misfit = failed && descriptionsIn(record)?.terms.find(({ conflict }) => conflict !== undefined);
  if (failed && misfit)
    return {
      kind: 'bad',
      text: `${misfit.conflict} (${failed.text}).`,
      shownBy: [offer, failed.step],
      remedy: MISFIT,
    };
  const kinds = { initiator: kindsOf(pairing, 'initiator'), responder: kindsOf(pairing, 'responder') };
  const cause = failed && causeIn(evidence, kinds);
  if (failed && cause)
    return {
      kind: 'bad',
      text: `${cause.text} (${failed.text}).`,
      shownBy: [failed.step],
      remedy: cause.remedy,
    };
  if (failed)
    return {
      kind: 'bad',
      text: `No candidate pair worked (${failed.text}): ${sides.map((side) => offeredBy(pairing, side)).join(', ')}.`,
      shownBy: [failed.step],
      remedy: remedyForCandidates(kindsOf(pairing, 'initiator'), kindsOf(pairing, 'responder')),
    };
  const reporters = sides.filter((side) =>
    pairing.some(({ event }) => event.type === 'REPORT_RECEIVED' && event.from === side && event.isConnected),
  );
  if (reporters.length === 1) {
    const [side] = reporters as [Side];
    return {
      kind,
      text: `${nameOf[side]} reported that it is connected, ${nameOf[otherOf[side]]} did not.`,
      shownBy: [pairing.find(({ event }) => event.type === 'REPORT_RECEIVED' && event.from === side)],
    };
  }
  const unknown = isGame
    ? 'Offer and answer were exchanged. Players do not report whether they connected'
    : 'Offer and answer were exchanged, but no client reported its state, so whether they connected is not known';
  return {
    kind: 'open',
    text: `${unknown}: ${sides.map((side) => offeredBy(pairing, side)).join(', ')}.`,
  };
}

interface Failure {
  readonly text: string;
  readonly step: RecordStep;
  /** Which deadline expired, if one did. */
  readonly deadline?: string;
}

/** A client's own report of a failure: an announcement of its machine, or a `report`. */
function failureOf(steps: readonly RecordStep[]): Failure | undefined {
  for (const step of steps) {
    if (step.message?.type === 'report' && step.message.state === 'failed')
      return { step, text: `${from(step)} reported that its connection failed` };
    const announced = step.effects.find(({ type }) => type === 'announceFailure')?.params?.failure;
    if (announced === undefined || String(announced).startsWith('signaling')) continue;
    const deadline = deadlineOf(String(announced));
    const words = String(announced).replaceAll('_', ' ');
    const text = `${from(step)}: ${words}${deadline ? `, ${deadline.name}` : ''}`;
    return { step, text, ...(deadline && { deadline: deadline.remedy }) };
  }
  return undefined;
}

/** Sooner than this, somebody may just have changed their mind. */
const GIVEN_UP_AFTER_MS = 2_000;

/** A client that leaves before it is connected, although it reported its attempts, has found no path. */
function givenUp(
  pairing: readonly RecordStep[],
  evidence: ReturnType<typeof evidenceAt>,
): Failure | undefined {
  const [step] = pairing.slice(-1);
  const answer = relayed(pairing, 'ANSWER_RECEIVED').at(-1);
  if (step?.event.type !== 'UNPAIR_RECEIVED' || !answer || evidence.size === 0) return undefined;
  const haveMet = [...evidence.values()].some(hasMet);
  if (step.t - answer.t < GIVEN_UP_AFTER_MS && !haveMet) return undefined;
  return { step, text: `${from(step)} gave up after ${Math.round((step.t - answer.t) / 100) / 10} s` };
}

function relayed(pairing: readonly RecordStep[], event: string): RecordStep[] {
  return pairing.filter(
    (step) => step.event.type === event && step.effects.some(({ type }) => type === 'relayToPeer'),
  );
}

/** The kinds of candidates that a side offered, trickled or in its SDP. */
export function kindsOf(
  pairing: readonly RecordStep[],
  side: Side,
): ReadonlySet<CandidateKind | 'mDNS host'> {
  const kinds = new Set<CandidateKind | 'mDNS host'>();
  for (const { of, event, message, effects } of pairing) {
    if (of !== 'pairing' || event.from !== side || !effects.some(({ type }) => type === 'relayToPeer'))
      continue;
    const { candidate, sdp } = message ?? {};
    if (candidate && candidate.kind !== 'end') kinds.add(candidate.mdns ? 'mDNS host' : candidate.kind);
    for (const kind of Object.keys(sdp?.candidates ?? {}))
      kinds.add(kind === 'mdns' ? 'mDNS host' : (kind as CandidateKind));
  }
  return kinds;
}

function offeredBy(pairing: readonly RecordStep[], side: Side): string {
  const kinds = kindsOf(pairing, side);
  if (kinds.size === 0) return `${nameOf[side]} offered no candidates`;
  const only = kinds.size === 1 ? 'only ' : '';
  return `${nameOf[side]} offered ${only}${[...kinds].join(' and ')} candidates`;
}

function refusals(pairing: readonly RecordStep[]): Found[] {
  return pairing.flatMap((step) =>
    step.effects
      .filter(({ type }) => type === 'refuse')
      .map(({ params }): Found => {
        const code = String(params?.code);
        // Both offered at once, and the polite one yields: normal in perfect negotiation.
        const isNormal = code === 'offer_collision';
        const remedy = refusalRemedies[code];
        return {
          kind: isNormal ? 'note' : 'bad',
          text: `${from(step)} was refused its ${messageName(step)}: ${code}.${isNormal ? ' Both offered at once, which is normal.' : ''}`,
          shownBy: [step],
          ...(remedy && { remedy }),
        };
      }),
  );
}

function ignored(pairing: readonly RecordStep[]): Found[] {
  const dropped = new Map<string, RecordStep[]>();
  for (const step of pairing) {
    if (step.taken.length > 0 || step.event.type === 'xstate.init' || !step.verdicts) continue;
    const text = `${from(step)}'s ${messageName(step)} was dropped: ${whyNot(step)}.`;
    dropped.set(text, [...(dropped.get(text) ?? []), step]);
  }
  return [...dropped].map(([text, shownBy]) => ({
    kind: 'bad',
    text: shownBy.length > 1 ? `${text} (${shownBy.length} times)` : text,
    shownBy,
    ...(text.includes('isCurrentEpoch') && { remedy: refusalRemedies.epoch }),
  }));
}

/** Clients that may come back. */
function absences(record: PairingRecord, pairing: readonly RecordStep[]): Found[] {
  if (isOver(pairing)) return [];
  const { states, elsewhere } = momentAt(record, record.lines.length - 1);
  return sides.flatMap((side) => {
    const state = states.get(elsewhere.has(side) ? `remote_${side}` : side);
    if (state === undefined || !isAway(state)) return [];
    const text =
      state === 'cutOff'
        ? `The node of ${nameOf[side]} is lost; ${nameOf[side]} may come back to another.`
        : `${nameOf[side]} lost its socket, and may come back.`;
    return [{ kind: 'open' as const, text }];
  });
}

/** @param what a client may leave */
function ending(pairing: readonly RecordStep[], what: string): Found[] {
  const last = pairing.at(-1);
  if (last?.to === 'moved')
    return [
      { kind: 'open', text: `${from(last)} went to another node, and the pairing with it.`, shownBy: [last] },
    ];
  if (last?.to !== 'disconnected') return [];
  if (last.event.type === 'UNPAIR_RECEIVED')
    return [{ kind: 'open', text: `${from(last)} left ${what}.`, shownBy: [last] }];
  const why: Readonly<Record<string, string>> = {
    timed_out: 'answered no ping within --ping-timeout-ms, and the server closed it',
    refused: 'was closed by the server',
    unpaired: `left ${what}`,
  };
  const text = `${from(last)} ${why[String(last.event.reason)] ?? 'lost its socket'}.`;
  return [{ kind: 'open', text, shownBy: [last] }];
}

function from({ of, event }: RecordStep): string {
  if (of !== 'pairing') return of.endsWith('initiator') ? 'A' : 'B';
  return event.from === 'responder' ? 'B' : 'A';
}

function messageName({ event }: RecordStep): string {
  return event.type.replace('_RECEIVED', '').toLowerCase();
}

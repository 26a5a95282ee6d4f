/**
 * What became of a pairing, in sentences. Each says only what the record supports: a client that never reports its
 * state may well be connected.
 */
import { type CandidateKind, isStep, type PairingRecord, type RecordStep } from '../../protocol/index.ts';
import { diagnoseLink } from './diagnose-relay-link.ts';
import { whyNot } from './sequence-diagram.ts';
import { isAway, momentAt } from './timeline.ts';

type Side = 'initiator' | 'responder';
const sides: readonly Side[] = ['initiator', 'responder'];
const nameOf = { initiator: 'A', responder: 'B' } as const;
const otherOf = { initiator: 'responder', responder: 'initiator' } as const;

export interface Finding {
  readonly kind: 'good' | 'bad' | 'open';
  readonly text: string;
}

export function diagnose(record: PairingRecord): Finding[] {
  const steps = record.lines.filter(isStep);
  if (record.header.kind === 'link') return diagnoseLink(record);
  const pairing = steps.filter(({ of }) => of === 'pairing');
  const isGame = record.header.kind === 'game';
  const connectedAt = pairing.find(({ to }) => to === 'connected')?.t;
  const outcome =
    connectedAt !== undefined
      ? connectionFindings(pairing, connectedAt)
      : [whyNotConnected(steps, pairing, isGame)];
  return [
    ...outcome,
    ...refusals(pairing),
    ...ignored(pairing),
    ...(isGame ? endingOfGame(steps, pairing) : [...absences(record, pairing), ...ending(pairing)]),
  ];
}

function isOver(pairing: readonly RecordStep[]): boolean {
  return pairing.at(-1)?.to === 'disconnected';
}

function connectionFindings(pairing: readonly RecordStep[], connectedAt: number): Finding[] {
  const lost = pairing.find(
    ({ t, event, taken }) =>
      t > connectedAt && event.type === 'REPORT_RECEIVED' && event.isConnected === false && taken.length > 0,
  );
  const offeredAt = pairing.find(({ event }) => event.type === 'OFFER_RECEIVED')?.t;
  const took = offeredAt === undefined ? '' : `, ${Math.round(connectedAt - offeredAt)} ms after the offer`;
  return [
    { kind: 'good', text: `Both clients reported that they are connected${took}.` },
    ...(lost ? [{ kind: 'bad' as const, text: `${from(lost)} reported that the connection was lost.` }] : []),
  ];
}

function whyNotConnected(
  steps: readonly RecordStep[],
  pairing: readonly RecordStep[],
  isGame: boolean,
): Finding {
  const isClosed = isOver(pairing);
  const kind = isClosed ? 'bad' : 'open';
  const verb = isClosed ? 'never sent' : 'has not sent';
  const offer = relayed(pairing, 'OFFER_RECEIVED').at(-1);
  if (!offer)
    return {
      kind,
      text: isGame ? `No player ${isClosed ? 'ever' : 'has'} sent an offer.` : `A ${verb} an offer.`,
    };
  const offerer: Side = offer.event.from === 'responder' ? 'responder' : 'initiator';
  if (relayed(pairing, 'ANSWER_RECEIVED').length === 0)
    return { kind, text: `${nameOf[otherOf[offerer]]} ${verb} an answer.` };
  const failure = failureOf(steps);
  if (failure)
    return {
      kind: 'bad',
      text: `No candidate pair worked (${failure}): ${sides.map((side) => offeredBy(pairing, side)).join(', ')}.`,
    };
  const reporters = sides.filter((side) =>
    pairing.some(({ event }) => event.type === 'REPORT_RECEIVED' && event.from === side && event.isConnected),
  );
  if (reporters.length === 1) {
    const [side] = reporters as [Side];
    return { kind, text: `${nameOf[side]} reported that it is connected, ${nameOf[otherOf[side]]} did not.` };
  }
  const unknown = isGame
    ? 'Offer and answer were exchanged. Players do not report whether they connected'
    : 'Offer and answer were exchanged, but no client reported its state, so whether they connected is not known';
  return {
    kind: 'open',
    text: `${unknown}: ${sides.map((side) => offeredBy(pairing, side)).join(', ')}.`,
  };
}

/** A client's own word that it failed: a report, or what its machine announced. */
function failureOf(steps: readonly RecordStep[]): string | undefined {
  for (const step of steps) {
    if (step.message?.type === 'report' && step.message.state === 'failed')
      return `${from(step)} reported that its connection failed`;
    const announced = step.effects.find(({ type }) => type === 'announceFailure')?.params?.failure;
    if (announced === 'connection_failed' || announced === 'connection_timeout')
      return `${step.of === 'peer_initiator' ? 'A' : 'B'}: ${String(announced).replace('_', ' ')}`;
  }
  return undefined;
}

function relayed(pairing: readonly RecordStep[], event: string): RecordStep[] {
  return pairing.filter(
    (step) => step.event.type === event && step.effects.some(({ type }) => type === 'relayToPeer'),
  );
}

/** Which kinds of candidates a side offered, trickled or in its SDP. */
function offeredBy(pairing: readonly RecordStep[], side: Side): string {
  const kinds = new Set<CandidateKind | 'mDNS host'>();
  for (const { event, message, effects } of pairing) {
    if (event.from !== side || !effects.some(({ type }) => type === 'relayToPeer')) continue;
    const { candidate, sdp } = message ?? {};
    if (candidate && candidate.kind !== 'end') kinds.add(candidate.mdns ? 'mDNS host' : candidate.kind);
    for (const kind of Object.keys(sdp?.candidates ?? {}))
      kinds.add(kind === 'mdns' ? 'mDNS host' : (kind as CandidateKind));
  }
  if (kinds.size === 0) return `${nameOf[side]} offered no candidates`;
  const only = kinds.size === 1 ? 'only ' : '';
  return `${nameOf[side]} offered ${only}${[...kinds].join(' and ')} candidates`;
}

function refusals(pairing: readonly RecordStep[]): Finding[] {
  return pairing.flatMap((step) =>
    step.effects
      .filter(({ type }) => type === 'refuse')
      .map(({ params }) => ({
        kind: 'bad' as const,
        text: `${from(step)} was refused its ${messageName(step)}: ${String(params?.code)}.`,
      })),
  );
}

function ignored(pairing: readonly RecordStep[]): Finding[] {
  const counts = new Map<string, number>();
  for (const step of pairing) {
    if (step.taken.length > 0 || step.event.type === 'xstate.init' || !step.verdicts) continue;
    const text = `${from(step)}'s ${messageName(step)} was dropped: ${whyNot(step)}.`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => ({
    kind: 'bad',
    text: count > 1 ? `${text} (${count} times)` : text,
  }));
}

/** Who may come back. */
function absences(record: PairingRecord, pairing: readonly RecordStep[]): Finding[] {
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

function ending(pairing: readonly RecordStep[]): Finding[] {
  const last = pairing.at(-1);
  if (last?.to === 'moved')
    return [{ kind: 'open', text: `${from(last)} went to another node, and the pairing with it.` }];
  if (last?.to !== 'disconnected') return [];
  if (last.event.type === 'UNPAIR_RECEIVED')
    return [{ kind: 'open', text: `${from(last)} left the pairing.` }];
  const why: Readonly<Record<string, string>> = {
    timed_out: 'answered no ping, and the server closed it',
    refused: 'was closed by the server',
  };
  return [{ kind: 'open', text: `${from(last)} ${why[String(last.event.reason)] ?? 'lost its socket'}.` }];
}

/** A player leaves its game, which its own machine tells, and thereby the pairing. */
function endingOfGame(steps: readonly RecordStep[], pairing: readonly RecordStep[]): Finding[] {
  const last = pairing.at(-1);
  if (last?.to !== 'disconnected') return [];
  const side = last.event.from === 'responder' ? 'responder' : 'initiator';
  const hasLeft = steps.some(({ of, event }) => of === side && event.type === 'LEAVE_REQUESTED');
  return [{ kind: 'open', text: `${nameOf[side]} ${hasLeft ? 'left the game' : 'lost its socket'}.` }];
}

function from({ of, event }: RecordStep): string {
  if (of !== 'pairing') return of.endsWith('initiator') ? 'A' : 'B';
  return event.from === 'responder' ? 'B' : 'A';
}

function messageName({ event }: RecordStep): string {
  return event.type.replace('_RECEIVED', '').toLowerCase();
}

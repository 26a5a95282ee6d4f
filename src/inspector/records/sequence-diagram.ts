/**
 * A record as a sequence diagram: what client A, the server and client B sent each other, and how the machines moved,
 * in order. What the server sent is derived from its machines' effects, by a table.
 */
import {
  type CandidateFacts,
  isEvidence,
  isStep,
  type Lane,
  type MessageFacts,
  type PairingRecord,
  type RecordEnd,
  type RecordEvidence,
  type RecordFirst,
  type RecordHeader,
  type RecordLine,
  type RecordStep,
  type SdpFacts,
  type StateValueJson,
} from '../../protocol/index.ts';
import { describeEvidence } from './evidence.ts';
import { PEER_AWAY, PEER_BACK, type SequenceWords, sequenceWordsOf } from './sequence-labels.ts';
import { describeNode, describeState, isAway } from './timeline.ts';

export type Place = 'initiator' | 'server' | 'responder';

export interface Arrow {
  readonly from: Place;
  readonly to: Place;
  readonly text: string;
}

export interface SequenceRow {
  /** The line of the record that the row shows. */
  readonly index: number;
  readonly t: number;
  readonly arrows: readonly Arrow[];
  /** Where the note is shown: a machine's step, or why there was none. */
  readonly place: Place;
  readonly note: string;
  /** `beat`: a heartbeat, of which there may be very many in a row. */
  readonly kind: 'move' | 'stay' | 'ignored' | 'refused' | 'beat' | 'end';
  /** The round trip of an answered heartbeat. */
  readonly roundTripMs?: number;
}

type Side = 'initiator' | 'responder';
const otherSide = { initiator: 'responder', responder: 'initiator' } as const;

const placeOf: Readonly<Record<Lane, Place>> = {
  pairing: 'server',
  initiator: 'server',
  responder: 'server',
  peer_initiator: 'initiator',
  peer_responder: 'responder',
  remote_initiator: 'server',
  remote_responder: 'server',
  link: 'server',
};

export function sequenceOf(record: PairingRecord): SequenceRow[] {
  const builder = new SequenceBuilder(record.header);
  return record.lines.flatMap((line, index) => builder.add(line, index));
}

/** Builds rows line by line, as lines come in. */
export class SequenceBuilder {
  readonly #words: SequenceWords;
  readonly #states = new Map<Lane, StateValueJson>();
  readonly #pingedAt = new Map<Lane, number>();
  /** The clients that were told that their peer is away. */
  readonly #toldAway = new Set<Place>();

  constructor(header: Pick<RecordHeader, 'kind' | 'game' | 'dialect'>) {
    this.#words = sequenceWordsOf(header);
  }

  /** @returns the rows that the line adds: none or one */
  add(line: RecordLine, index: number): SequenceRow[] {
    if ('end' in line) return [endRow(line.end, line.t, index, this.#words)];
    if (isEvidence(line)) return [evidenceRow(line, index)];
    const before = this.#states.get(line.of);
    if (!isStep(line)) {
      const { value } = line.first;
      if (value !== undefined) this.#states.set(line.of, value);
      if (value !== undefined && isAway(value)) this.#toldAway.add(otherSide[sideOf(line)]);
      return [];
    }
    this.#states.set(line.of, line.to);
    const row = { ...stepRow(line, index, before, this.#words), ...this.#roundTrip(line) };
    return [{ ...row, arrows: row.arrows.filter((arrow) => this.#isNews(arrow)) }];
  }

  #roundTrip({ of, t, event, effects }: RecordStep): { roundTripMs?: number } {
    if (effects.some(({ type }) => type === 'sendPing')) this.#pingedAt.set(of, t);
    const pingedAt = this.#pingedAt.get(of);
    if (event.type !== 'HEARD' || pingedAt === undefined) return {};
    this.#pingedAt.delete(of);
    return { roundTripMs: t - pingedAt };
  }

  /** False for notices that the server does not repeat: that the peer is away, or back. */
  #isNews({ to, text }: Arrow): boolean {
    if (text === PEER_BACK) return this.#toldAway.delete(to);
    if (text !== PEER_AWAY) return true;
    const isNew = !this.#toldAway.has(to);
    this.#toldAway.add(to);
    return isNew;
  }
}

function stepRow(
  step: RecordStep,
  index: number,
  before: StateValueJson | undefined,
  words: SequenceWords,
): SequenceRow {
  const { of, event, to, t } = step;
  const isStart = event.type === 'xstate.init';
  const isIgnored = step.taken.length === 0 && !isStart;
  const [left, entered] = changeOf(before, to);
  const hasMoved = left !== entered;
  const isRemote = of === 'remote_initiator' || of === 'remote_responder';
  const owner = `${words.ownerOf[of] ?? of}${isRemote ? ` ${describeNode(step.node)}` : ''}`;
  const base = { index, t, arrows: arrowsOf(step, words), place: placeOf[of] };
  if (isIgnored)
    return {
      ...base,
      kind: 'ignored',
      note: `${owner} ignored ${describeEvent(step)}: ${whyNot(step)}`,
    };
  const refused = step.effects.find(({ type }) => type === 'refuse');
  if (refused)
    return {
      ...base,
      kind: 'refused',
      note: `${owner} refused ${describeEvent(step)}: ${refused.params?.code}`,
    };
  if (isBeat(step)) return { ...base, kind: 'beat', note: `${owner}: ${describeEvent(step)}` };
  if (hasMoved)
    return {
      ...base,
      kind: 'move',
      note: `${owner}: ${[left, entered].filter(Boolean).join(' → ')}`,
    };
  return { ...base, kind: 'stay', note: `${owner}: ${describeEvent(step)}` };
}

function isBeat({ event }: RecordStep): boolean {
  return event.type === 'HEARD' || event.type.startsWith('xstate.after.pingInterval.');
}

/** Both states as text, without the regions that are the same. */
function changeOf(before: StateValueJson | undefined, to: StateValueJson): [string, string] {
  if (before === undefined) return ['', describeState(to)];
  const [left, entered] = [before, to].map((value) => describeState(value).split(', ')) as [
    string[],
    string[],
  ];
  const only = (these: string[], others: string[]) =>
    these.filter((part) => !others.includes(part)).join(', ');
  return [only(left, entered), only(entered, left)];
}

/** In a record, a delayed transition's event has XState's name; people know it by its delay. */
export function describeEvent({ event }: RecordStep): string {
  const delay = /^xstate\.after\.([^.]+)\./.exec(event.type)?.[1];
  return delay ? `after ${delay}` : event.type;
}

/** The guards that failed, with what they checked. */
export function whyNot({ verdicts = [], event }: RecordStep): string {
  const refusals = verdicts
    .filter(({ passed }) => !passed)
    .map(({ guard, params }) => `${guard}${params ? `(${Object.values(params).join(', ')})` : ''} said no`);
  if (refusals.length === 0) return 'this state has no transition for it';
  const asked = Object.entries(event)
    .filter(([field]) => field !== 'type' && field !== 'from')
    .map(([field, value]) => `${field} ${value}`);
  return `${refusals.join(', ')}${asked.length > 0 ? ` (${asked.join(', ')})` : ''}`;
}

function arrowsOf(step: RecordStep, { messageOfEvent, sentFor }: SequenceWords): Arrow[] {
  const { of, event, effects, message } = step;
  if (of === 'peer_initiator' || of === 'peer_responder') return [];
  const side = sideOf(step);
  // Records come from strangers, too: a type may be the name of what every object has.
  const named = Object.hasOwn(messageOfEvent, event.type) ? messageOfEvent[event.type] : undefined;
  // The side that a step belongs to; for a pairing, the sender of the message.
  const said = message ? describeMessage({ ...message, type: named ?? message.type }) : (named ?? '');
  const arrows: Arrow[] = said ? [{ from: side, to: 'server', text: said }] : [];
  for (const effect of effects) {
    const sent = Object.hasOwn(sentFor, effect.type) ? sentFor[effect.type] : undefined;
    for (const { to, text } of sent?.(effect, said) ?? []) {
      const sides: Side[] =
        to === 'both' ? ['initiator', 'responder'] : [to === 'self' ? side : otherSide[side]];
      for (const target of sides) arrows.push({ from: 'server', to: target, text });
    }
  }
  return arrows;
}

/** Evidence is not a message between the two, so it is shown at the client's side. */
function sideOf(line: RecordStep | RecordFirst): Side {
  if (line.of !== 'pairing') return line.of.endsWith('responder') ? 'responder' : 'initiator';
  return isStep(line) && line.event.from === 'responder' ? 'responder' : 'initiator';
}

export function describeMessage({
  type,
  sdp,
  candidate,
  state,
  from,
  to,
  code,
  bytes,
}: MessageFacts): string {
  const facts = [
    sdp && describeSdp(sdp),
    candidate && describeCandidate(candidate),
    state,
    from !== undefined && [from, to].filter((id) => id !== undefined).join(' → '),
    code !== undefined && `code ${code}`,
    bytes !== undefined && `${bytes} B`,
  ];
  return [type, ...facts].filter(Boolean).join(' · ');
}

function describeSdp({ bytes, media, candidates, hasUfrag, hasFingerprint }: SdpFacts): string {
  const found = Object.entries(candidates).map(([kind, count]) => `${count} ${kind}`);
  return [
    `${media} m-line${media === 1 ? '' : 's'}`,
    found.length > 0 ? found.join(', ') : 'no candidates',
    ...(hasUfrag ? [] : ['no ICE credentials']),
    ...(hasFingerprint ? [] : ['no fingerprint']),
    `${bytes} B`,
  ].join(', ');
}

function describeCandidate({ kind, mdns, protocol }: CandidateFacts): string {
  if (kind === 'end') return 'no more';
  return [kind, mdns ? 'mDNS' : '', protocol ?? ''].filter(Boolean).join(' ');
}

/** Arrives every five seconds for hours, so it is folded like heartbeats. */
function evidenceRow({ side, evidence, t }: RecordEvidence, index: number): SequenceRow {
  const note = `client ${side === 'initiator' ? 'A' : 'B'}: ${describeEvidence(evidence)}`;
  // Every five seconds, for hours: folded as heartbeats are.
  return { index, t, arrows: [], place: side, kind: evidence.flow ? 'beat' : 'stay', note };
}

const END_NOTES = {
  too_long: 'There were more steps than a record holds.',
  server_stopped: 'The server stopped.',
} as const;

function endRow(end: RecordEnd['end'], t: number, index: number, { over }: SequenceWords): SequenceRow {
  return { index, t, arrows: [], place: 'server', kind: 'end', note: end === 'over' ? over : END_NOTES[end] };
}

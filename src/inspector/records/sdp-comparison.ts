/**
 * Offer and answer side by side, limited to the terms that must match, with the mismatches (RFC 8829, RFC 8842, RFC
 * 8841).
 */
import {
  isStep,
  type PairingRecord,
  type RecordStep,
  type SdpFacts,
  type SdpTerms,
} from '../../protocol/index.ts';

type Side = 'initiator' | 'responder';

export interface Description {
  readonly side: Side;
  readonly step: RecordStep;
  readonly facts: SdpFacts;
}

export interface ComparedTerm {
  readonly name: string;
  /** The offerer's value, then the answerer's. */
  readonly values: readonly [string, string];
  /** Why the two do not match. */
  readonly conflict?: string;
}

export interface ComparedDescriptions {
  readonly offer: Description;
  readonly answer: Description | undefined;
  readonly terms: readonly ComparedTerm[];
}

const nameOf = { initiator: 'A', responder: 'B' } as const;

/** @returns the latest offer that was relayed, and its answer; undefined if there is none */
export function descriptionsIn({ lines }: PairingRecord): ComparedDescriptions | undefined {
  let offer: Description | undefined;
  let answer: Description | undefined;
  for (const line of lines) {
    const found = isStep(line) ? descriptionIn(line) : undefined;
    if (found && line === found.step && found.step.message?.type === 'offer')
      [offer, answer] = [found, undefined];
    else if (found && offer) answer = found;
  }
  return offer && { offer, answer, terms: compare(offer, answer) };
}

function descriptionIn(step: RecordStep): Description | undefined {
  const { of, event, message, effects } = step;
  const facts = message?.sdp;
  if (of !== 'pairing' || !facts || !effects.some(({ type }) => type === 'relayToPeer')) return undefined;
  return { step, facts, side: event.from === 'responder' ? 'responder' : 'initiator' };
}

/** One row of the comparison; undefined if neither side mentions it. */
type Row = (offer: Description, answer: Description | undefined) => ComparedTerm | undefined;

const rows: readonly Row[] = [
  (offer, answer) => ({
    name: 'Sections',
    values: valuesOf(offer, answer, ({ sections }) => list(sections)),
    ...(differ(offer, answer, ({ sections }) => list(sections)) && {
      conflict: 'The answer has other media sections than the offer',
    }),
  }),
  (offer, answer) => ({
    name: 'mids',
    values: valuesOf(offer, answer, ({ mids }) => list(mids)),
    ...(differ(offer, answer, ({ mids }) => list(mids)) && {
      conflict: 'The answer names its media sections otherwise than the offer (a=mid)',
    }),
  }),
  (offer, answer) => {
    const strange = words(answer, 'bundled').filter((mid) => !words(offer, 'bundled').includes(mid));
    return {
      name: 'BUNDLE',
      values: valuesOf(offer, answer, ({ bundled }) => list(bundled)),
      ...(strange.length > 0 && { conflict: 'The answer bundles sections that the offer does not' }),
    };
  },
  (offer, answer) => {
    const conflict = setupConflict(offer.facts.terms?.setup, answer?.facts.terms?.setup);
    return {
      name: 'DTLS role (setup)',
      values: valuesOf(offer, answer, ({ setup }) => setup ?? ''),
      ...(conflict && { conflict }),
    };
  },
  (offer, answer) => ({
    name: 'Fingerprint',
    values: [yes(offer.facts.hasFingerprint), answer ? yes(answer.facts.hasFingerprint) : ''],
    ...missing(offer, answer, 'hasFingerprint', 'no fingerprint: DTLS cannot tell who is there'),
  }),
  (offer, answer) => ({
    name: 'ICE credentials',
    values: [yes(offer.facts.hasUfrag), answer ? yes(answer.facts.hasUfrag) : ''],
    ...missing(offer, answer, 'hasUfrag', 'no ICE credentials: no check can be made'),
  }),
  (offer, answer) => ({
    name: 'ICE options',
    values: valuesOf(offer, answer, ({ iceOptions }) => list(iceOptions)),
  }),
  (offer, answer) => {
    const [one, other] = [words(offer, 'codecs'), words(answer, 'codecs')];
    if (one.length === 0 && other.length === 0) return undefined;
    const isApart = answer !== undefined && other.length > 0 && !one.some((codec) => other.includes(codec));
    return {
      name: 'Codecs',
      values: [one.join(', '), other.join(', ')],
      ...(isApart && { conflict: 'The two have no codec in common' }),
    };
  },
  (offer, answer) => ({
    name: 'Largest message',
    values: valuesOf(offer, answer, ({ maxMessageSize }) =>
      maxMessageSize === undefined ? '' : maxMessageSize === 0 ? 'any' : `${maxMessageSize} B`,
    ),
  }),
];

function compare(offer: Description, answer: Description | undefined): ComparedTerm[] {
  return rows.flatMap((row) => {
    const term = row(offer, answer);
    const says = term?.conflict !== undefined || term?.values.some((value) => value !== '');
    return term && says ? [term] : [];
  });
}

/** The side that opens DTLS says `active`, the one that waits `passive`; an offer may leave it open. */
function setupConflict(offer: SdpTerms['setup'], answer: SdpTerms['setup']): string | undefined {
  if (!offer || !answer) return undefined;
  if (answer === 'actpass')
    return 'The answer leaves the DTLS role open (a=setup:actpass), which only an offer may';
  if (offer !== answer) return undefined;
  const why = offer === 'passive' ? 'neither of the two starts DTLS' : 'both start DTLS';
  return `Both descriptions say a=setup:${offer}: ${why}`;
}

function missing(
  offer: Description,
  answer: Description | undefined,
  field: 'hasFingerprint' | 'hasUfrag',
  what: string,
): { conflict?: string } {
  if (!offer.facts[field]) return { conflict: `${nameOf[offer.side]}'s offer has ${what}` };
  if (answer && !answer.facts[field]) return { conflict: `${nameOf[answer.side]}'s answer has ${what}` };
  return {};
}

function valuesOf(
  offer: Description,
  answer: Description | undefined,
  say: (terms: SdpTerms) => string,
): [string, string] {
  const [one, other] = [offer.facts.terms, answer?.facts.terms];
  return [one ? say(one) : '', other ? say(other) : ''];
}

function differ(
  offer: Description,
  answer: Description | undefined,
  say: (terms: SdpTerms) => string,
): boolean {
  const [one, other] = [offer.facts.terms, answer?.facts.terms];
  return one !== undefined && other !== undefined && say(one) !== say(other);
}

function words(description: Description | undefined, field: 'bundled' | 'codecs'): readonly string[] {
  const value = description?.facts.terms?.[field];
  return Array.isArray(value) ? value : [];
}

/** Values read from a file may be anything. */
function list(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : '';
}

function yes(is: boolean): string {
  return is ? 'yes' : 'none';
}

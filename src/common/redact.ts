/**
 * The facts that may be kept about a message or an event. They are an allowlist, so that a field nobody thought of is
 * left out. Addresses, ports, credentials, keys, tokens and SDP never pass.
 */
import {
  type CandidateFacts,
  type CandidateKind,
  type EventFacts,
  MAX_ROOM_ID_CHARS,
  type MessageFacts,
  type SdpFacts,
} from '../protocol/index.ts';
import { cutText } from './cut-text.ts';
import { linesOf, linesOfEscaped, type SdpLines, termsOf } from './sdp-terms.ts';
import { UndecodedDescription } from './undecoded-description.ts';

/** Fields of the machines' events that contain only progress. `key` is not among them. */
const KEPT_FIELDS = new Set([
  'from',
  'epoch',
  'isConnected',
  'reason',
  'target',
  'targetId',
  'ttlS',
  'uses',
  'hasRoom',
  'peerId',
  'code',
  'isGoodbye',
  'id',
  'isInitiator',
  'isPolite',
  'mayReturn',
  'random',
  'standing',
  'destination',
  'isFromBehind',
  'answers',
  'isAway',
  'lifetimeMs',
  'may',
  'isCovered',
  'creates',
]);

/** The longest id of a game or a player: two UTF-16 units per character. */
const MAX_TEXT_CHARS = 2 * MAX_ROOM_ID_CHARS;

/** Stands for the epoch of the record that an event is in: nobody's pairing has this one. */
export const OWN_EPOCH = -1;

/**
 * The event with the kept scalar fields; a machine steps on it as it does on the event.
 * @param ownEpoch an epoch that {@link OWN_EPOCH} stands for
 */
export function redactEvent(event: { readonly type: string }, ownEpoch?: number): EventFacts {
  const facts: Record<string, EventFacts[string]> = { type: event.type };
  for (const field in event) {
    const value = keptOf(event, field, ownEpoch);
    if (value !== undefined) facts[field] = value;
  }
  return facts as EventFacts;
}

/** Whether these are also the facts of that event. */
export function isLikeEvent(event: { readonly type: string }, facts: EventFacts, ownEpoch?: number): boolean {
  if (event.type !== facts.type) return false;
  let kept = 1;
  for (const field in event) {
    const value = keptOf(event, field, ownEpoch);
    if (value === undefined) continue;
    if (facts[field] !== value) return false;
    kept += 1;
  }
  for (const _ in facts) kept -= 1;
  return kept === 0;
}

/** Stands for a field whose presence matters to a machine, but whose value is a client's own text. */
const GIVEN = 'given';

/** @returns undefined if the field is left out */
function keptOf(event: object, field: string, ownEpoch?: number): EventFacts[string] | undefined {
  if (field === 'connectionId')
    return (event as { connectionId?: unknown }).connectionId === undefined ? undefined : GIVEN;
  if (!KEPT_FIELDS.has(field)) return undefined;
  const value = (event as Record<string, unknown>)[field];
  if (typeof value === 'string') return cutText(value, MAX_TEXT_CHARS);
  if (field === 'epoch' && value === ownEpoch && value !== undefined) return OWN_EPOCH;
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/** The facts about a client's message that has passed its schema. */
export function redactMessage(message: object): MessageFacts {
  if (message instanceof UndecodedDescription)
    return { type: message.type, sdp: factsOfLines(linesOfEscaped(message.escapedSdp)) };
  const { type, sdp, candidate, state } = message as Record<string, unknown>;
  if (type === 'candidate') return messageOf(factsOfCandidate(candidate));
  return {
    type: cutText(String(type), MAX_TEXT_CHARS),
    ...(typeof sdp === 'string' && { sdp: factsOfSdp(sdp) }),
    ...(type === 'report' && typeof state === 'string' && { state: cutText(state, MAX_TEXT_CHARS) }),
  };
}

/** Whether two messages have the same facts. */
export function areSameFacts(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  let fields = 0;
  for (const field in one) {
    fields += 1;
    if (!(field in other) || !areSameFacts((one as Facts)[field], (other as Facts)[field])) return false;
  }
  for (const _ in other) fields -= 1;
  return fields === 0;
}

type Facts = { readonly [field: string]: unknown };

export function factsOfSdp(sdp: string): SdpFacts {
  return factsOfLines(linesOf(sdp));
}

function factsOfLines({ telling, bytes }: SdpLines): SdpFacts {
  const candidates: Partial<Record<CandidateKind | 'mdns', number>> = {};
  let media = 0;
  let hasUfrag = false;
  let hasFingerprint = false;
  for (const line of telling) {
    if (line.startsWith('m=')) media += 1;
    else if (line.startsWith('a=ice-ufrag:')) hasUfrag = true;
    else if (line.startsWith('a=fingerprint:')) hasFingerprint = true;
    else if (line.startsWith('a=candidate:')) {
      const { kind, mdns } = factsOfLine(line.slice(2));
      const key = mdns ? 'mdns' : kind;
      candidates[key] = (candidates[key] ?? 0) + 1;
    }
  }
  return { bytes, media, candidates, hasUfrag, hasFingerprint, terms: termsOf(telling) };
}

const messages = new WeakMap<CandidateFacts, MessageFacts>();

function messageOf(candidate: CandidateFacts): MessageFacts {
  let message = messages.get(candidate);
  if (!message) {
    message = { type: 'candidate', candidate };
    messages.set(candidate, message);
  }
  return message;
}

const END: CandidateFacts = { kind: 'end' };

/**
 * @param candidate the message's `candidate`: an RTCIceCandidateInit or null
 * @returns the same object for the same facts: candidates are many, and their facts few
 */
export function factsOfCandidate(candidate: unknown): CandidateFacts {
  const line = (candidate as { candidate?: unknown } | null)?.candidate;
  if (typeof line !== 'string' || line === '') return END;
  return factsOfLine(line);
}

interface LineFacts {
  readonly kind: CandidateKind;
  readonly mdns?: boolean;
  readonly protocol?: 'udp' | 'tcp';
}

/** RFC 8839 section 5.1: foundation, component, transport, priority, address, port, `typ`, kind. */
const LINE = /^\s*\S+\s+\S+\s+(\S+)\s+\S+\s+(\S+)(?=\s|$)/;
const KIND = /\styp\s+(host|srflx|prflx|relay)(?!\S)/;
const PROTOCOLS = ['udp', 'tcp'] as const;
const knownFacts = new Map<string, LineFacts>();

function factsOfLine(line: string): LineFacts {
  const [, transport = '', address = ''] = LINE.exec(line) ?? [];
  const kind = (KIND.exec(line)?.[1] ?? 'unknown') as CandidateKind;
  const protocol = PROTOCOLS.find((known) => known === transport || known === transport.toLowerCase());
  const mdns = address.endsWith('.local');
  const key = `${kind} ${protocol} ${mdns}`;
  let facts = knownFacts.get(key);
  if (!facts) {
    facts = { kind, ...(mdns && { mdns }), ...(protocol && { protocol }) };
    knownFacts.set(key, facts);
  }
  return facts;
}

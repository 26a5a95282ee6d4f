/**
 * What the inspector speaks: the lines of a recorded pairing, and the messages between its page and the server.
 * A record holds facts about messages, never the messages: no SDP, address, key or token is in any of these types.
 */
import type { Static } from 'typebox';
import type { Evidence } from './evidence.ts';

/** A page can set no header: it offers this subprotocol, with the inspector's token in base64url behind it. */
export const INSPECT_SUBPROTOCOL_PREFIX = 'pairlane.inspect.';

export const RECORD_FORMAT = 'pairlane-record';
export const RECORD_VERSION = 1;

/** The machines of which a server has many: they are counted and listed. */
export type ListedMachine = 'session' | 'pairing' | 'relay-link' | 'remote-session' | 'node-link';
/** Those, and the one that clients tell of themselves. */
export type ShownMachine = ListedMachine | 'negotiation';

/** Whose machine: the pairing's, the two clients' on the server, those that the clients tell of themselves, a link's. */
export type Lane =
  | 'pairing'
  | 'initiator'
  | 'responder'
  | 'remote_initiator'
  | 'remote_responder'
  | 'peer_initiator'
  | 'peer_responder'
  | 'link';

/** What a record is of: two clients' pairing, a link of the relay network, one session. */
export type RecordKind = 'pairing' | 'link' | 'session';

type Lanes = Readonly<Partial<Record<Lane, ShownMachine>>>;

/** For each kind of record its lanes, in the order in which they are shown, and which machine each is of. */
export const lanesOf: Readonly<Record<RecordKind, Lanes>> = {
  pairing: {
    initiator: 'session',
    remote_initiator: 'remote-session',
    pairing: 'pairing',
    responder: 'session',
    remote_responder: 'remote-session',
    peer_initiator: 'negotiation',
    peer_responder: 'negotiation',
  },
  link: { link: 'relay-link' },
  session: { initiator: 'session' },
};

/** A header of another kind than we know has no lanes. */
export function lanesIn({ kind = 'pairing' }: Pick<RecordHeader, 'kind'>): Lanes {
  return Object.hasOwn(lanesOf, kind) ? lanesOf[kind] : {};
}

/** @throws when a record of that kind has no such lane, which its reader made sure of */
export function machineOfLane(header: Pick<RecordHeader, 'kind'>, lane: Lane): ShownMachine {
  const machine = lanesIn(header)[lane];
  if (!machine) throw new Error(`a record of this kind has no ${lane}`);
  return machine;
}

/** XState's state value: a state's key, or the active keys of each region. */
export type StateValueJson = string | { readonly [key: string]: StateValueJson };

type Scalar = string | number | boolean | null;

export interface EventFacts {
  readonly type: string;
  readonly [field: string]: Scalar;
}

export interface EffectFacts {
  readonly type: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

export interface VerdictFacts {
  readonly guard: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly passed: boolean;
}

export type CandidateKind = 'host' | 'srflx' | 'prflx' | 'relay' | 'unknown';

export interface CandidateFacts {
  /** `end` is the word that there are no more. */
  readonly kind: CandidateKind | 'end';
  /** A host candidate whose address is hidden behind a name (mDNS). */
  readonly mdns?: boolean;
  readonly protocol?: 'udp' | 'tcp';
}

/** What a description offers the other side; words of known sets, in the description's order. */
export interface SdpTerms {
  /** The kind of each media section. */
  readonly sections: readonly string[];
  readonly mids: readonly string[];
  /** The mids that share one transport. */
  readonly bundled?: readonly string[];
  readonly setup?: 'actpass' | 'active' | 'passive' | 'holdconn';
  readonly codecs?: readonly string[];
  readonly iceOptions?: readonly string[];
  /** In bytes; 0: any size. */
  readonly maxMessageSize?: number;
  readonly isLite?: boolean;
}

export interface SdpFacts {
  readonly bytes: number;
  readonly media: number;
  readonly candidates: Readonly<Partial<Record<CandidateKind | 'mdns', number>>>;
  readonly hasUfrag: boolean;
  readonly hasFingerprint: boolean;
  /** Left out by older records. */
  readonly terms?: SdpTerms;
}

/** What is kept of a message that a client sent. */
export interface MessageFacts {
  readonly type: string;
  readonly sdp?: SdpFacts;
  readonly candidate?: CandidateFacts;
  readonly state?: string;
  /** Of the relay network: ids of hosts, a status's code, and how long its text is. */
  readonly from?: number;
  readonly to?: number;
  readonly code?: number;
  readonly bytes?: number;
}

export interface RecordHeader {
  readonly format: typeof RECORD_FORMAT;
  readonly version: number;
  /** A fingerprint of each machine's chart, so that a replay can say that the machine has changed since. */
  readonly machines: Readonly<Record<string, string>>;
  /** Left out: a pairing. */
  readonly kind?: RecordKind;
  readonly started_at: number;
  /** Its number: of a pairing its epoch. */
  readonly epoch: number;
  readonly initiator_id: string;
  readonly responder_id: string;
  /** The game that both play. */
  readonly game?: string;
  /** Of clients of another wire: which one, and the ids by which their users know them. */
  readonly dialect?: string;
  readonly initiator_known_as?: string;
  readonly responder_known_as?: string;
}

/** Where a lane's steps begin: a machine that starts has an input, one that ran already a state. */
export interface RecordFirst {
  readonly t: number;
  readonly of: Lane;
  /** Of a client of another node: which one, if that is known. */
  readonly node?: number;
  readonly first: {
    readonly value?: StateValueJson;
    readonly context?: Readonly<Record<string, unknown>>;
    readonly input?: Readonly<Record<string, unknown>>;
  };
}

export interface RecordStep {
  /** Milliseconds since the record's start. */
  readonly t: number;
  readonly of: Lane;
  /** As above. */
  readonly node?: number;
  readonly event: EventFacts;
  readonly to: StateValueJson;
  /** Names of the transitions taken (machines/transition-name.ts); none when the event was ignored. */
  readonly taken: readonly string[];
  readonly effects: readonly EffectFacts[];
  /** For an ignored event: what its guards said. */
  readonly verdicts?: readonly VerdictFacts[];
  readonly message?: MessageFacts;
}

/** The last line: the pairing is over, or there were more steps than a record holds. */
export interface RecordEnd {
  readonly t: number;
  readonly end: 'over' | 'too_long' | 'server_stopped';
}

/** What a client told of its connection. */
export interface RecordEvidence {
  readonly t: number;
  readonly side: 'initiator' | 'responder';
  readonly evidence: Evidence;
}

export type RecordLine = RecordFirst | RecordStep | RecordEvidence | RecordEnd;

export interface PairingRecord {
  readonly header: RecordHeader;
  readonly lines: readonly RecordLine[];
}

/** What the page may send. */
export const inspectSchemas = {
  auth: {
    type: 'object',
    description: 'The token, as the first message where the server asks for one.',
    required: ['type', 'token'],
    properties: { type: { const: 'auth' }, token: { type: 'string', maxLength: 256 } },
  },
  list: {
    type: 'object',
    description: 'One page of the sessions or pairings that fit.',
    required: ['type', 'seq', 'of', 'query', 'state', 'sort', 'offset'],
    properties: {
      type: { const: 'list' },
      seq: { type: 'integer', minimum: 0 },
      of: { enum: ['session', 'pairing', 'relay-link', 'remote-session', 'node-link'] },
      /** A part of an id, or of a game's. */
      query: { type: 'string', maxLength: 256 },
      /** A part of a game's id: only those that are in such a game; empty or left out for all. */
      game: { type: 'string', maxLength: 256 },
      /** A state's id as the chart has it; empty for all. */
      state: { type: 'string', maxLength: 128 },
      /** Only pairings with such an outcome; left out for all. */
      outcome: { enum: ['connected', 'failed', 'stuck', 'left', 'open'] },
      sort: { enum: ['newest', 'oldest'] },
      offset: { type: 'integer', minimum: 0, maximum: 10_000_000 },
    },
  },
  watch: {
    type: 'object',
    description: 'Send me that pairing, and what happens in it from now on.',
    required: ['type', 'epoch'],
    properties: { type: { const: 'watch' }, epoch: { type: 'integer', minimum: 0 } },
  },
  trail: {
    type: 'object',
    description: 'Send me what that session did last, and what it does from now on.',
    required: ['type', 'id'],
    properties: { type: { const: 'trail' }, id: { type: 'string', maxLength: 256 } },
  },
  unwatch: {
    type: 'object',
    description: 'The session is no longer paired.',
    required: ['type'],
    properties: { type: { const: 'unwatch' } },
  },
} as const;

export type InspectRequestType = keyof typeof inspectSchemas;
export type InspectRequest = {
  [T in InspectRequestType]: Static<(typeof inspectSchemas)[T]>;
}[InspectRequestType];
export type ListRequest = Static<(typeof inspectSchemas)['list']>;

/** `stuck`: not connected for more than ten seconds, though nobody has given up. */
export type OutcomeKind = 'connected' | 'failed' | 'stuck' | 'left' | 'open';

/** What became of a pairing that has a record. */
export interface OutcomeFacts {
  readonly kind: OutcomeKind;
  /** In a sentence. */
  readonly cause: string;
  /** The kinds that each of the two offered. */
  readonly candidates?: string;
  /** From the offer until both were connected. */
  readonly connect_ms?: number;
  readonly lasted_ms?: number;
}

export interface ListRow {
  readonly id: string;
  readonly state: StateValueJson;
  readonly age_ms: number;
  readonly peer_id?: string;
  /** Of clients of another wire: which one, and the ids by which their users know them. */
  readonly dialect?: string;
  readonly known_as?: string;
  readonly peer_known_as?: string;
  /** Which of the two is a client of another node, and of which one, if that is known. */
  readonly elsewhere?: 'id' | 'peer_id';
  readonly node?: number;
  readonly game?: string;
  /** What a host of the relay network calls itself. */
  readonly name?: string;
  /** The record that the row has, or is in. */
  readonly epoch?: number;
  /** Of a pairing. */
  readonly outcome?: OutcomeFacts;
}

export interface MachinePopulation {
  readonly total: number;
  /** Instances by the id of each state that they are in, enclosing states too. */
  readonly counts: Readonly<Record<string, number>>;
  /** Transitions a second by name. */
  readonly rates: Readonly<Record<string, number>>;
}

export type Populations = Readonly<Partial<Record<ListedMachine, MachinePopulation>>>;

/** A host of the relay network, as one server knows it. Name and info are what the host says of itself. */
export interface NetworkHost {
  readonly id: number;
  readonly kind: 'server' | 'client';
  readonly name: string;
  readonly info: string;
  /** The adjacent host through which it is reached: itself when it is adjacent. */
  readonly first_link: number;
  /** The number of the link to it, when it is adjacent. */
  readonly link?: number;
}

/** What a relay server knows of its network. How hosts behind an adjacent server are linked, no server knows. */
export interface Network {
  readonly id: number;
  readonly name: string;
  readonly info: string;
  readonly parent_id?: number;
  /** Servers before clients, adjacent ones first, then in order of their ids. */
  readonly hosts: readonly NetworkHost[];
  /** How many there are beyond those that are sent. */
  readonly hidden: number;
  /** The newest ones, the oldest of them first. */
  readonly status_log: readonly string[];
}

/** What was refused, of one kind: an error code, or a limit. */
export interface RefusalCount {
  readonly kind: string;
  /** Since the server started, and since a page looks. */
  readonly total: number;
  readonly lately: number;
}

/** One that a session was told. */
export interface RecentRefusal {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly id: string;
  readonly code: string;
  readonly event: string;
}

/** What the server sends to the page. */
export type InspectMessage =
  | { readonly type: 'token_needed'; readonly wrong: boolean }
  | {
      readonly type: 'hello';
      readonly version: string;
      readonly machines: readonly ListedMachine[];
      /** The server's number among the nodes; left out by one that is alone. */
      readonly node?: number;
      /** How many workers it is of whom the page shows all. */
      readonly workers?: number;
      /** Whether clients play games here; left out: they do not. */
      readonly has_games?: boolean;
    }
  | { readonly type: 'population'; readonly machines: Populations }
  | { readonly type: 'network'; readonly network: Network }
  | {
      readonly type: 'refusals';
      readonly kinds: readonly RefusalCount[];
      readonly recent: readonly RecentRefusal[];
    }
  | { readonly type: 'list'; readonly seq: number; readonly total: number; readonly rows: readonly ListRow[] }
  | {
      readonly type: 'record';
      readonly record: PairingRecord;
      /** How long the steps on the way usually take on this server, by their names, in milliseconds. */
      readonly usual?: Readonly<Record<string, number>>;
    }
  | { readonly type: 'line'; readonly epoch: number; readonly line: RecordLine }
  | { readonly type: 'not_found'; readonly epoch: number }
  | { readonly type: 'no_session'; readonly id: string };

export function isEvidence(line: RecordLine): line is RecordEvidence {
  return 'evidence' in line;
}

export function isStep(line: RecordLine): line is RecordStep {
  return 'event' in line;
}

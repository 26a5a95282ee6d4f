/**
 * The inspector's formats: the lines of a recorded pairing, and the messages between its page and the server. A record
 * contains facts about messages, never the messages themselves: no SDP, address, key or token is in any of these types.
 */
import type { Static } from 'typebox';
import type { Evidence } from './evidence.ts';
import { type ViewMessage, viewSchemas } from './views.ts';

/** A page can set no header: it offers this subprotocol, followed by the inspector's token in base64url. */
export const INSPECT_SUBPROTOCOL_PREFIX = 'pairlane.inspect.';

export const RECORD_FORMAT = 'pairlane-record';
export const RECORD_VERSION = 1;

/** Machines with many instances on a server, which are counted and listed. */
export type ListedMachine = 'session' | 'pairing' | 'relay-link' | 'remote-session' | 'node-link';
/** Also includes the machine whose steps clients report. */
export type ShownMachine = ListedMachine | 'negotiation';

/** Whose machine it is: the pairing's, either client's on the server, the one that a client reports, or a link's. */
export type Lane =
  | 'pairing'
  | 'initiator'
  | 'responder'
  | 'remote_initiator'
  | 'remote_responder'
  | 'peer_initiator'
  | 'peer_responder'
  | 'link';

/** What a record is about: the pairing of two clients, a link of the relay network, or one session. */
export type RecordKind = 'pairing' | 'link' | 'session';

type Lanes = Readonly<Partial<Record<Lane, ShownMachine>>>;

/** The lanes of each kind of record in display order, with the machine of each lane. */
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

/** The lanes of a record; none for an unknown kind. */
export function lanesIn({ kind = 'pairing' }: Pick<RecordHeader, 'kind'>): Lanes {
  return Object.hasOwn(lanesOf, kind) ? lanesOf[kind] : {};
}

/** @throws if a record of that kind has no such lane, which readers check beforehand */
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
  /** `end` means that there are no more candidates. */
  readonly kind: CandidateKind | 'end';
  /** A host candidate whose address is hidden behind an mDNS name. */
  readonly mdns?: boolean;
  readonly protocol?: 'udp' | 'tcp';
}

/** What a description offers the other side; words from known sets, in the description's order. */
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
  /** Missing in older records. */
  readonly terms?: SdpTerms;
}

/** The recorded facts about a client's message. */
export interface MessageFacts {
  readonly type: string;
  readonly sdp?: SdpFacts;
  readonly candidate?: CandidateFacts;
  readonly state?: string;
  /** Relay network: ids of hosts, a status's code, and the length of its text. */
  readonly from?: number;
  readonly to?: number;
  readonly code?: number;
  readonly bytes?: number;
}

export interface RecordHeader {
  readonly format: typeof RECORD_FORMAT;
  readonly version: number;
  /** A fingerprint of each machine's chart, so that a replay can report that the machine has changed since. */
  readonly machines: Readonly<Record<string, string>>;
  /** Left out: a pairing. */
  readonly kind?: RecordKind;
  readonly started_at: number;
  /** The record's number: for a pairing, its epoch. */
  readonly epoch: number;
  readonly initiator_id: string;
  readonly responder_id: string;
  /** The game that both play. */
  readonly game?: string;
  /** The room that paired them. */
  readonly room?: string;
  /** For clients of another dialect: its name, and the ids by which their users know them. */
  readonly dialect?: string;
  readonly initiator_known_as?: string;
  readonly responder_known_as?: string;
  /** What the server did to signals on purpose when the record began, as `--chaos` takes it. */
  readonly disturbed?: string;
}

/**
 * Where a lane's steps begin: with an input for a machine that starts, or with a state for one that was already
 * running.
 */
export interface RecordFirst {
  readonly t: number;
  readonly of: Lane;
  /** For a client of another node: which one, if known. */
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
  /** For a client of another node: which one, if known. */
  readonly node?: number;
  readonly event: EventFacts;
  readonly to: StateValueJson;
  /** Names of the transitions taken (machines/chart/transition-names.ts); none if the event was ignored. */
  readonly taken: readonly string[];
  readonly effects: readonly EffectFacts[];
  /** For an ignored event: the results of its guards. */
  readonly verdicts?: readonly VerdictFacts[];
  readonly message?: MessageFacts;
}

/** The last line: the pairing is over, the record is full, or the server stopped. */
export interface RecordEnd {
  readonly t: number;
  readonly end: 'over' | 'too_long' | 'server_stopped';
}

/** What a client reported about its connection. */
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

/** The messages that the page may send. */
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
      /** A part of a client's id, or of a game's. */
      query: { type: 'string', maxLength: 256 },
      /** A part of a game's id: shows only clients in such a game; empty or left out for all. */
      game: { type: 'string', maxLength: 256 },
      /** A state's id as in the chart; empty for all. */
      state: { type: 'string', maxLength: 128 },
      /** Only pairings with this outcome; left out for all. */
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
  ...viewSchemas,
  unwatch: {
    type: 'object',
    description: 'I no longer look at a record, a session, or a view of rooms or nodes.',
    required: ['type'],
    properties: { type: { const: 'unwatch' } },
  },
  chaos: {
    type: 'object',
    description: 'Disturb signals by these rules for five minutes; none: no longer.',
    required: ['type', 'rules'],
    properties: { type: { const: 'chaos' }, rules: { type: 'string', maxLength: 100 } },
  },
} as const;

export type InspectRequestType = keyof typeof inspectSchemas;
export type InspectRequest = {
  [T in InspectRequestType]: Static<(typeof inspectSchemas)[T]>;
}[InspectRequestType];
export type ListRequest = Static<(typeof inspectSchemas)['list']>;
export type ViewRequest = Extract<InspectRequest, { type: keyof typeof viewSchemas }>;

/** `stuck`: not connected for more than ten seconds, though nobody has given up. */
export type OutcomeKind = 'connected' | 'failed' | 'stuck' | 'left' | 'open';

/** The outcome of a recorded pairing. */
export interface OutcomeFacts {
  readonly kind: OutcomeKind;
  /** One sentence. */
  readonly cause: string;
  /** The kinds of candidates that each side offered. */
  readonly candidates?: string;
  /** From the offer until both were connected, in milliseconds. */
  readonly connect_ms?: number;
  readonly lasted_ms?: number;
}

export interface ListRow {
  readonly id: string;
  readonly state: StateValueJson;
  readonly age_ms: number;
  readonly peer_id?: string;
  /** For clients of another dialect: its name, and the ids by which their users know them. */
  readonly dialect?: string;
  readonly known_as?: string;
  readonly peer_known_as?: string;
  /** Which of the two is a client of another node, and of which one, if known. */
  readonly elsewhere?: 'id' | 'peer_id';
  readonly node?: number;
  readonly game?: string;
  /** The room that formed the pairing. */
  readonly room?: string;
  /** The name that a host of the relay network gives itself. */
  readonly name?: string;
  /** The record that belongs to the row. */
  readonly epoch?: number;
  /** For a pairing. */
  readonly outcome?: OutcomeFacts;
}

export interface MachinePopulation {
  readonly total: number;
  /** Instances by the id of each state that they are in, including enclosing states. */
  readonly counts: Readonly<Record<string, number>>;
  /** Transitions per second, by name. */
  readonly rates: Readonly<Record<string, number>>;
}

export type Populations = Readonly<Partial<Record<ListedMachine, MachinePopulation>>>;

/** A host of the relay network, as one server knows it. Name and info are the host's own. */
export interface NetworkHost {
  readonly id: number;
  readonly kind: 'server' | 'client';
  readonly name: string;
  readonly info: string;
  /** The adjacent host through which it is reached; itself if it is adjacent. */
  readonly first_link: number;
  /** The number of the link to it, if it is adjacent. */
  readonly link?: number;
  /** It was lost a moment ago, for this reason; it is told of for some seconds more. */
  readonly lost?: string;
}

/** Something that happened in the network of a relay server, as that server noticed it. */
export interface NetworkEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: 'joined' | 'moved' | 'left' | 'lost' | 'refused';
  /** Left out for one that was refused before it said who it is. */
  readonly host?: Pick<NetworkHost, 'id' | 'kind' | 'name'>;
  /** The adjacent host through which it is, or was, reached. */
  readonly over?: number;
  /** For one that moved: the adjacent host through which it was reached before. */
  readonly from?: number;
  readonly reason?: string;
  /** To how many more hosts, over the same link, the same happened at once. */
  readonly more: number;
}

/** What goes over a relay server's link, per second. */
export interface LinkTraffic {
  /** The host at its other end. */
  readonly id: number;
  readonly messages_in: number;
  readonly bytes_in: number;
  readonly messages_out: number;
  readonly bytes_out: number;
}

/** What a relay server knows about its network. No server knows how hosts behind an adjacent server are linked. */
export interface Network {
  readonly id: number;
  readonly name: string;
  readonly info: string;
  readonly parent_id?: number;
  /** Servers before clients, adjacent hosts first, then by id. */
  readonly hosts: readonly NetworkHost[];
  /** How many more there are than are sent. */
  readonly hidden: number;
  /** The newest, oldest first. */
  readonly events: readonly NetworkEvent[];
  /** The newest entries, oldest first. */
  readonly status_log: readonly string[];
}

/** Refusals of one kind: an error code, or a limit. */
export interface RefusalCount {
  readonly kind: string;
  /** Since the server started, and since a page is open. */
  readonly total: number;
  readonly lately: number;
}

/** A refusal that a session was told about. */
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
      /** The server's node number; left out by a server that runs alone. */
      readonly node?: number;
      /** How many workers the page shows together. */
      readonly workers?: number;
      /** Whether clients play games here; left out: they do not. */
      readonly has_games?: boolean;
      /** Whether clients can join rooms here; left out: they cannot. */
      readonly has_rooms?: boolean;
    }
  | { readonly type: 'population'; readonly machines: Populations }
  | { readonly type: 'network'; readonly network: Network }
  /** The links over which something went in the last second. */
  | { readonly type: 'traffic'; readonly links: readonly LinkTraffic[] }
  | ViewMessage
  | {
      readonly type: 'refusals';
      readonly kinds: readonly RefusalCount[];
      readonly recent: readonly RecentRefusal[];
    }
  | {
      readonly type: 'chaos';
      /** As `--chaos` takes them; empty: nothing is disturbed. */
      readonly rules: string;
      /** Left out: they do not end by themselves. */
      readonly ends_in_ms?: number;
      /** Whether the page may change them. */
      readonly may_change: boolean;
    }
  | { readonly type: 'list'; readonly seq: number; readonly total: number; readonly rows: readonly ListRow[] }
  | {
      readonly type: 'record';
      readonly record: PairingRecord;
      /** How long each step of connecting usually takes on this server, by name, in milliseconds. */
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

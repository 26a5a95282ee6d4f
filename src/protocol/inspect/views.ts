/**
 * Rooms and nodes as the inspector's page shows them: sent to the pages that look at them, and sent anew when something
 * changed. Therefore they contain times, not ages. Each is bounded, and says how much it leaves out.
 */

/** Requests for a view; each takes the place of the one before, and `unwatch` ends it. */
export const viewSchemas = {
  rooms: {
    type: 'object',
    description: 'Show me the rooms that fit, those with missing edges first.',
    required: ['type', 'query'],
    properties: {
      type: { const: 'rooms' },
      /** A part of a room's name, or of its app's. */
      query: { type: 'string', maxLength: 256 },
    },
  },
  room: {
    type: 'object',
    description: 'Show me that room: its members and edges.',
    required: ['type', 'app', 'room'],
    properties: {
      type: { const: 'room' },
      /** Empty on a server without tokens. */
      app: { type: 'string', maxLength: 256 },
      room: { type: 'string', maxLength: 64 },
    },
  },
  nodes: {
    type: 'object',
    description: 'Show me the nodes that this server is linked with.',
    required: ['type'],
    properties: { type: { const: 'nodes' } },
  },
} as const;

/**
 * Of the edges that a room wants. With several workers and more rooms than are sent, `missing` and `connecting` are at
 * least so many.
 */
export interface EdgeCounts {
  /** How many the room wants. */
  readonly wanted: number;
  readonly missing: number;
  readonly connecting: number;
  /** Between two clients of other nodes: only those nodes know them. */
  readonly unknown: number;
}

/** What an edge is short of being connected. */
export type EdgeTrouble = 'missing' | 'connecting';

const troubles: Readonly<Record<string, EdgeTrouble>> = {
  missing: 'missing',
  awaited: 'missing',
  slow: 'missing',
  pairing: 'connecting',
  connecting: 'connecting',
};

/**
 * @param state a state of the machine `edge`
 * @returns undefined for an edge that is connected
 */
export function edgeTrouble(state: string): EdgeTrouble | undefined {
  return troubles[state];
}

export const MAX_SHOWN_ROOMS = 50;
export const MAX_SHOWN_MEMBERS = 200;
/** A picture of more edges shows nothing. */
export const MAX_SHOWN_EDGES = 300;

/** What is wrong comes first; only so many are shown. */
export function mostTroubled<Edge extends { readonly state: string }>(edges: readonly Edge[]): Edge[] {
  const of = (wanted: EdgeTrouble | undefined) => edges.filter(({ state }) => edgeTrouble(state) === wanted);
  return [...of('missing'), ...of('connecting'), ...of(undefined)].slice(0, MAX_SHOWN_EDGES);
}

export interface RoomRow {
  /** Empty on a server without tokens. */
  readonly app: string;
  readonly name: string;
  readonly topology: string;
  readonly state: string;
  /** Milliseconds since 1970, in whole seconds. */
  readonly since: number;
  readonly members: number;
  readonly edges: EdgeCounts;
}

export interface RoomMemberFacts {
  readonly id: string;
  /** Its node; left out by a server that runs alone. */
  readonly node?: number;
  /** It has lost its socket, and may come back. */
  readonly is_away?: true;
}

export interface RoomEdgeFacts {
  /** The member that asks for the pairing, and becomes its initiator. */
  readonly initiator_id: string;
  readonly responder_id: string;
  readonly state: string;
  /** Why it is missing; for one that is tried again: why it was. */
  readonly reason?: string;
  /** What the record of its last pairing says: one sentence, in which A is the initiator. */
  readonly cause?: string;
  /** How many attempts have failed since it was last connected. */
  readonly attempts?: number;
  /** When it took its state, and when it will be tried again: milliseconds since 1970, in whole seconds. */
  readonly since: number;
  readonly again?: number;
  /** Its pairing, or the last one that it had. */
  readonly epoch?: number;
}

export interface RoomView extends RoomRow {
  readonly leader_id?: string;
  /** In the order in which they joined. */
  readonly shown_members: readonly RoomMemberFacts[];
  /** Missing ones first, then those that are connecting; may be fewer than there are. */
  readonly shown_edges: readonly RoomEdgeFacts[];
}

export interface NodeLinkFacts {
  readonly node: number;
  readonly state: string;
  /** Milliseconds since 1970, in whole seconds. */
  readonly since: number;
  /** Pairings with clients there. */
  readonly pairings: number;
  /** Sessions that began here and are there now. */
  readonly sessions: number;
}

/**
 * `opened` and `lost`: the link. `came` and `went`: a session, because its client came back to another node than before.
 * `not_found`: a client came back here from that node, and no node had its session.
 */
export type NodeEventKind = 'opened' | 'lost' | 'came' | 'went' | 'not_found';

export interface NodeEventFacts {
  /** Milliseconds since 1970, in whole seconds. */
  readonly at: number;
  readonly kind: NodeEventKind;
  /** The other node. */
  readonly node: number;
  /** The session. */
  readonly id?: string;
}

/** A node as it sees itself and its links. */
export interface NodeView {
  readonly node: number;
  readonly sessions: number;
  readonly is_bus_up: boolean;
  readonly links: readonly NodeLinkFacts[];
  /** How many links more there are. */
  readonly hidden: number;
  /** The newest, oldest first. */
  readonly events: readonly NodeEventFacts[];
}

export type ViewMessage =
  | {
      readonly type: 'rooms';
      readonly query: string;
      /** How many fit; may be more than are sent. */
      readonly total: number;
      readonly rooms: readonly RoomRow[];
    }
  | { readonly type: 'room'; readonly room: RoomView }
  | { readonly type: 'no_room'; readonly app: string; readonly room: string }
  /** One, or all workers of a server. */
  | { readonly type: 'nodes'; readonly nodes: readonly NodeView[] };

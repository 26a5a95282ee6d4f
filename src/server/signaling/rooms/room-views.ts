/**
 * Rooms as the inspector's page shows them. What is sent is bounded, however large a room is; what is wrong comes
 * first. With several workers, each tells of the edges whose initiator is at none of the others, so that together they
 * tell of each edge once.
 */
import { type Clock, wallSecond } from '../../../common/clock.ts';
import {
  type EdgeCounts,
  type EdgeTrouble,
  edgeTrouble,
  MAX_SHOWN_MEMBERS,
  MAX_SHOWN_ROOMS,
  mostTroubled,
  type RoomEdgeFacts,
  type RoomMemberFacts,
  type RoomRow,
  type ViewMessage,
} from '../../../protocol/index.ts';
import type { Edge } from './edge.ts';
import type { Membership, Room } from './room.ts';
import type { Rooms } from './rooms.ts';

export interface RoomViewsDeps {
  readonly rooms: Rooms;
  readonly clock: Clock;
  /** This server's number; undefined if it runs alone. */
  readonly node: number | undefined;
  /** Whether that node is another worker of this server. */
  readonly isWorker: (node: number) => boolean;
}

type Troubles = Record<EdgeTrouble, number>;

export class RoomViews {
  readonly #deps: RoomViewsDeps;

  constructor(deps: RoomViewsDeps) {
    this.#deps = deps;
  }

  /** @param query a part of a room's name, or of its app's */
  list(query: string): Extract<ViewMessage, { type: 'rooms' }> {
    const wanted = query.toLowerCase();
    const fits = ({ name, app, value }: Room) =>
      value !== '' && (name.toLowerCase().includes(wanted) || app.toLowerCase().includes(wanted));
    const troubles = this.#allTroubles();
    const missing = (room: Room) => troubles.get(room)?.missing ?? 0;
    const rooms = [...this.#deps.rooms.all.values()]
      .filter(fits)
      .sort((one, other) => missing(other) - missing(one) || other.openedAt - one.openedAt);
    return {
      type: 'rooms',
      query,
      total: rooms.length,
      rooms: rooms.slice(0, MAX_SHOWN_ROOMS).map((room) => this.#rowOf(room, troubles.get(room))),
    };
  }

  view(app: string, name: string): Extract<ViewMessage, { type: 'room' | 'no_room' }> {
    const room = this.#deps.rooms.find(app, name);
    if (!room || room.value === '') return { type: 'no_room', app, room: name };
    const edges = [...this.#deps.rooms.edges.in(room)]
      .filter((edge) => this.#isShownHere(edge))
      .map((edge) => ({ edge, state: String(edge.value) }));
    const count = (trouble: EdgeTrouble) =>
      edges.filter(({ state }) => edgeTrouble(state) === trouble).length;
    const { leaderId, members } = room.context;
    return {
      type: 'room',
      room: {
        ...this.#rowOf(room, { missing: count('missing'), connecting: count('connecting') }),
        ...(leaderId !== undefined && { leader_id: leaderId }),
        shown_members: members
          .slice(0, MAX_SHOWN_MEMBERS)
          .flatMap(({ id }) => this.#memberFacts(room.memberships.get(id)) ?? []),
        shown_edges: mostTroubled(edges).map(({ edge }) => this.#edgeFacts(edge)),
      },
    };
  }

  /** The edges of all rooms that are not connected. */
  #allTroubles(): Map<Room, Troubles> {
    const all = new Map<Room, Troubles>();
    for (const edge of this.#deps.rooms.edges.all) {
      const trouble = edgeTrouble(String(edge.value));
      if (!trouble || !this.#isShownHere(edge)) continue;
      const ofRoom = all.get(edge.room) ?? { missing: 0, connecting: 0 };
      ofRoom[trouble] += 1;
      all.set(edge.room, ofRoom);
    }
    return all;
  }

  #isShownHere({ room, askerId }: Edge): boolean {
    const node = room.memberships.get(askerId)?.elsewhere?.node;
    return node === undefined || !this.#deps.isWorker(node);
  }

  #rowOf(room: Room, troubles: Troubles = { missing: 0, connecting: 0 }): RoomRow {
    const { app, name, value, openedAt, context } = room;
    return {
      app,
      name,
      topology: context.topology,
      state: String(value),
      since: this.#wallTime(openedAt),
      members: context.members.length,
      edges: { ...this.#wantedIn(room), ...troubles },
    };
  }

  #wantedIn({ context, memberships }: Room): Pick<EdgeCounts, 'wanted' | 'unknown'> {
    const { topology, members, leaderId } = context;
    const isAway = (id: string) => {
      const node = memberships.get(id)?.elsewhere?.node;
      return node !== undefined && !this.#deps.isWorker(node);
    };
    const away = members.filter(({ id }) => isAway(id)).length;
    if (topology === 'mesh') return { wanted: pairsOf(members.length), unknown: pairsOf(away) };
    if (topology === 'none' || leaderId === undefined) return { wanted: 0, unknown: 0 };
    return { wanted: members.length - 1, unknown: isAway(leaderId) ? away - 1 : 0 };
  }

  #memberFacts(membership: Membership | undefined): RoomMemberFacts | undefined {
    if (!membership) return undefined;
    const { id, session, elsewhere } = membership;
    const node = elsewhere?.node ?? this.#deps.node;
    return {
      id,
      ...(node !== undefined && { node }),
      ...(session && !session.client.isOnline && { is_away: true }),
    };
  }

  #edgeFacts({ askerId, otherId, value, context, changedAt, epoch }: Edge): RoomEdgeFacts {
    const { reason, attempts, backoffMs } = context;
    return {
      initiator_id: askerId,
      responder_id: otherId,
      state: String(value),
      ...(reason !== undefined && { reason }),
      ...(attempts > 0 && { attempts }),
      since: this.#wallTime(changedAt),
      ...(value === 'missing' && { again: this.#wallTime(changedAt + backoffMs) }),
      ...(epoch !== undefined && { epoch }),
    };
  }

  #wallTime(at: number): number {
    return wallSecond(this.#deps.clock, at);
  }
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2;
}

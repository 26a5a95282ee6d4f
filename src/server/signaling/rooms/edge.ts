/** An edge of a room as the server holds it: two members that the room wants connected; and which members those are. */
import { type EdgeContext, Hosted } from '../../../machines/index.ts';
import type { ServerPairing } from '../pairing.ts';
import type { Room } from './room.ts';
import type { EdgeState } from './room-notice.ts';

export class Edge extends Hosted<EdgeContext> {
  readonly room: Room;
  /** The member that joined later: it asks for the pairing and becomes its initiator. */
  readonly askerId: string;
  readonly otherId: string;
  /** Set while the two are paired. */
  pairing: ServerPairing | undefined;
  /** The epoch of its newest pairing, which may be over. */
  epoch: number | undefined;
  /** When it took its present state. */
  changedAt: number;

  /** @param now milliseconds of the server's clock */
  constructor(room: Room, askerId: string, otherId: string, now: number) {
    super();
    this.room = room;
    this.askerId = askerId;
    this.otherId = otherId;
    this.changedAt = now;
  }

  get pairKey(): string {
    return pairKey(this.askerId, this.otherId);
  }

  /** The state that its members are told; undefined while there is nothing to tell. */
  get shownState(): EdgeState | undefined {
    return shownStates[String(this.value)];
  }
}

const shownStates: Readonly<Record<string, EdgeState>> = {
  connecting: 'connecting',
  connected: 'connected',
  slow: 'missing',
  missing: 'missing',
  awaited: 'missing',
};

/** A key for two ids, the same in either order. */
export function pairKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

/** The members with whom the room wants to pair that member. */
export function wantedPeersOf({ context }: Room, id: string): readonly string[] {
  const { topology, members, leaderId } = context;
  if (!members.some((member) => member.id === id)) return [];
  const others = () => members.map((member) => member.id).filter((other) => other !== id);
  if (topology === 'mesh') return others();
  if (topology === 'none' || leaderId === undefined) return [];
  return id === leaderId ? others() : [leaderId];
}

/** Of two members, the one that joined later first: the order is the same on every node. */
export function inAskingOrder({ context }: Room, one: string, other: string): readonly [string, string] {
  const place = (id: string) => context.members.findIndex((member) => member.id === id);
  return place(one) > place(other) ? [one, other] : [other, one];
}

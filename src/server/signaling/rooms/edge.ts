/** What a room wants between two of its members, as the server holds it; and which two those are. */
import { type EdgeContext, Hosted } from '../../../machines/index.ts';
import type { ServerPairing } from '../pairing.ts';
import type { Room } from './room.ts';
import type { EdgeState } from './room-notice.ts';

export class Edge extends Hosted<EdgeContext> {
  readonly room: Room;
  /** Who joined later: it asks for the pairing, and is its initiator. */
  readonly askerId: string;
  readonly otherId: string;
  readonly startedAt: number;
  /** As far as it is paired. */
  pairing: ServerPairing | undefined;

  /** @param now milliseconds of the server's clock */
  constructor(room: Room, askerId: string, otherId: string, now: number) {
    super();
    this.room = room;
    this.askerId = askerId;
    this.otherId = otherId;
    this.startedAt = now;
  }

  get pairKey(): string {
    return pairKey(this.askerId, this.otherId);
  }

  /** As its members are told; undefined while there is nothing to tell. */
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

/** The same for the two in either order. */
export function pairKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

/** With whom the room pairs one of its members. */
export function wantedPeersOf({ context }: Room, id: string): readonly string[] {
  const { topology, members, leaderId } = context;
  if (!members.some((member) => member.id === id)) return [];
  const others = () => members.map((member) => member.id).filter((other) => other !== id);
  if (topology === 'mesh') return others();
  if (topology === 'none' || leaderId === undefined) return [];
  return id === leaderId ? others() : [leaderId];
}

/** Of two members the one who joined later, and then the other: on every node the same. */
export function inAskingOrder({ context }: Room, one: string, other: string): readonly [string, string] {
  const place = (id: string) => context.members.findIndex((member) => member.id === id);
  return place(one) > place(other) ? [one, other] : [other, one];
}

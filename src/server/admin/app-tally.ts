/**
 * What each app has at this node. Things that several nodes share are counted by one of them, so that the sums are
 * right.
 */
import type { AdminOutput } from '../../protocol/admin/admin-operations.ts';
import { appOf } from '../admission/tokens/grants.ts';
import type { ServerPairing } from '../signaling/pairing.ts';
import type { Room } from '../signaling/rooms/room.ts';
import { Seat } from '../signaling/seat.ts';
import type { ServerSession } from '../signaling/session.ts';

export type AppCounts = AdminOutput<'list_apps'>['items'][number];

const NOTHING = { sessions: 0, online: 0, pairings: 0, connected: 0, rooms: 0, members: 0, keys: 0 };

export class AppTally {
  readonly #apps = new Map<string, AppCounts>();

  get counts(): Iterable<AppCounts> {
    return this.#apps.values();
  }

  countSession({ grants, client, keys }: ServerSession): void {
    const counts = this.#of(grants.app);
    counts.sessions += 1;
    counts.online += client.isOnline ? 1 : 0;
    counts.keys += keys.length;
  }

  /** A pairing across nodes is counted where its initiator is. */
  countPairing({ initiator, value }: ServerPairing): void {
    if (!(initiator instanceof Seat)) return;
    const counts = this.#of(appOf(initiator.id));
    counts.pairings += 1;
    counts.connected += value === 'connected' ? 1 : 0;
  }

  /** Each node counts its own members; the room itself is counted where its oldest member is. */
  countRoom({ app, own, context }: Room): void {
    if (own.length === 0) return;
    const counts = this.#of(app);
    counts.members += own.length;
    counts.rooms += own.some(({ id }) => id === context.members[0]?.id) ? 1 : 0;
  }

  /** Adds what another node counted. */
  add({ app, ...more }: AppCounts): void {
    const counts = this.#of(app);
    for (const name of Object.keys(NOTHING) as (keyof typeof NOTHING)[]) counts[name] += more[name];
  }

  #of(app: string): AppCounts {
    const known = this.#apps.get(app);
    if (known) return known;
    const counts = { app, ...NOTHING };
    this.#apps.set(app, counts);
    return counts;
  }
}

/** What the page says of the edges of rooms. */
import type { EdgeCounts, EdgeTrouble, RoomEdgeFacts } from '../../protocol/inspect/views.ts';
import { edgeTrouble } from '../../protocol/inspect/views.ts';
import { errorMessages } from '../../protocol/native/error-codes.ts';
import { edgeReasons } from '../../protocol/native/room-server-messages.ts';
import { disconnectReasons } from '../../protocol/native/server-messages.ts';
import { clockTime } from './clock-time.ts';
import { h } from './dom.ts';
import type { EdgeKind } from './graph-picture.ts';

type BadgeKind = 'failed' | 'stuck' | 'connected';

const badgeKinds: Readonly<Record<EdgeKind, BadgeKind>> = {
  lost: 'failed',
  waiting: 'stuck',
  good: 'connected',
};

const kinds: Readonly<Record<EdgeTrouble, EdgeKind>> = { missing: 'lost', connecting: 'waiting' };

export function kindOf({ state }: Pick<RoomEdgeFacts, 'state'>): EdgeKind {
  const trouble = edgeTrouble(state);
  return trouble === undefined ? 'good' : kinds[trouble];
}

const words: Readonly<Record<EdgeKind, string>> = {
  lost: 'missing',
  waiting: 'connecting',
  good: 'connected',
};

export function badge(kind: EdgeKind, text = words[kind]): HTMLElement {
  return h('span', { class: 'badge', 'data-kind': badgeKinds[kind] }, text);
}

/** How many edges of each kind a room has, what is wrong first. */
export function countsOf({ wanted, missing, connecting, unknown }: EdgeCounts): [EdgeKind, number][] {
  const counts: [EdgeKind, number][] = [
    ['lost', missing],
    ['waiting', connecting],
    ['good', Math.max(0, wanted - missing - connecting - unknown)],
  ];
  return counts.filter(([, count]) => count > 0);
}

export function countWords([kind, count]: readonly [EdgeKind, number]): string {
  return `${count.toLocaleString('en')} ${words[kind]}`;
}

const reasons: Readonly<Record<string, string>> = { ...errorMessages, ...disconnectReasons, ...edgeReasons };

/** What the record says, or else what the reason means; '' for a reason of another version. */
export function reasonWords({ reason = '', cause }: RoomEdgeFacts): string {
  if (cause !== undefined) return cause;
  // Clients are told of their peer; here it may be either of them.
  return Object.hasOwn(reasons, reason) ? String(reasons[reason]).replace(/^It /, 'One of them ') : '';
}

/** When or whether a missing edge is tried again. */
export function againWords({ state, again, attempts = 0 }: RoomEdgeFacts): string {
  if (again !== undefined) return clockTime(again);
  if (state === 'awaited') return 'by the other node';
  if (state === 'slow') return 'goes on connecting';
  return attempts > 0 && edgeTrouble(state) ? `now, attempt ${attempts + 1}` : '';
}

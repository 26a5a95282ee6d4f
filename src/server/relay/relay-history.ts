/**
 * What happened lately in the network of a relay server, for its operator. It is bounded, however many hosts there are
 * and whatever they announce.
 */
import type { RelayHost } from '../../machines/relay-link/relay-table.ts';
import type { NetworkEvent } from '../../protocol/index.ts';

export const MAX_EVENTS = 100;
/** How many hosts are remembered that are gone. */
export const MAX_GONE = 500;
/** How long the page draws a lost host; the animation in page.css takes as long. */
export const LOST_SHOWN_MS = 20_000;
/** A host that is back over another link within this time has moved. */
const MOVED_WITHIN_MS = 60_000;
/** What happens to many hosts at once is one event. */
const AT_ONCE_MS = 1_000;
export const MAX_TEXT_CHARS = 160;

export const cut = (text: string) =>
  text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS - 1)}…` : text;

export interface LostHost extends RelayHost {
  readonly lost: string;
}

interface Gone extends LostHost {
  readonly isLost: boolean;
  readonly at: number;
}

export class RelayHistory {
  /** Oldest first. */
  #events: NetworkEvent[] = [];
  /** By id, in the order in which they went. */
  readonly #gone = new Map<number, Gone>();
  readonly #clock: { now(): number; wallTime(): number };

  constructor(clock: { now(): number; wallTime(): number }) {
    this.#clock = clock;
  }

  get events(): readonly NetworkEvent[] {
    return this.#events;
  }

  /** The hosts that were lost lately and are not back. */
  get lost(): LostHost[] {
    const now = this.#clock.now();
    return [...this.#gone.values()].filter(({ isLost, at }) => isLost && now - at < LOST_SHOWN_MS);
  }

  joined(host: RelayHost): void {
    const before = this.#gone.get(host.id);
    this.#gone.delete(host.id);
    const isBackInTime = before && this.#clock.now() - before.at < MOVED_WITHIN_MS;
    if (isBackInTime && before.firstHop !== host.firstHop)
      this.#note({ kind: 'moved', ...factsOf(host), from: before.firstHop });
    else this.#note({ kind: 'joined', ...factsOf(host) });
  }

  /** @param hosts those that went at once; the others were behind the first */
  gone(kind: 'left' | 'lost', hosts: readonly RelayHost[], reason: string): void {
    const [first] = hosts;
    if (!first) return;
    this.#note({ kind, ...factsOf(first), reason }, hosts.length - 1);
    const at = this.#clock.now();
    for (const { id, kind: of, name, info, firstHop } of hosts.slice(0, MAX_GONE)) {
      this.#gone.delete(id);
      this.#gone.set(id, {
        id,
        kind: of,
        name: cut(name),
        info: cut(info),
        firstHop,
        isLost: kind === 'lost',
        lost: reason,
        at,
      });
    }
    for (const id of this.#gone.keys()) {
      if (this.#gone.size <= MAX_GONE) break;
      this.#gone.delete(id);
    }
  }

  /** @param host undefined: it never said who it is */
  refused(reason: string, host?: Omit<RelayHost, 'firstHop'>): void {
    this.#note({ kind: 'refused', ...(host && factsOf(host)), reason });
  }

  #note(event: Omit<NetworkEvent, 'at' | 'more'>, more = 0): void {
    const at = this.#clock.wallTime();
    const last = this.#events.at(-1);
    if (last && at - last.at < AT_ONCE_MS && isAlike(last, event)) {
      this.#events[this.#events.length - 1] = { ...last, more: last.more + 1 + more };
      return;
    }
    this.#events.push({ at, ...event, more });
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
  }
}

/** The same happened, over the same link. */
function isAlike(one: NetworkEvent, other: Omit<NetworkEvent, 'at' | 'more'>): boolean {
  return (
    one.kind === other.kind &&
    one.over === other.over &&
    one.from === other.from &&
    one.reason === other.reason
  );
}

function factsOf({ id, kind, name, firstHop }: Omit<RelayHost, 'firstHop'> & { firstHop?: number }) {
  return {
    host: { id, kind, name: cut(name) },
    ...(firstHop !== undefined && { over: firstHop }),
  };
}

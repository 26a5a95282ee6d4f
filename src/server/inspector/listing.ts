/** One screenful of the sessions or pairings that fit a search, out of any number of them. */
import type { StateValue } from 'xstate';
import { activeStateIds } from '../../machines/index.ts';
import type { ListRequest, ListRow, StateValueJson } from '../../protocol/index.ts';
import type { ServerPairing, ServerSession } from '../sessions.ts';
import type { PairingLog } from './pairing-log.ts';

/** How many rows an answer has at most. */
export const ROWS_PER_ANSWER = 100;

export interface Listed {
  readonly total: number;
  readonly rows: readonly ListRow[];
}

export interface ListSource {
  readonly sessions: ReadonlyMap<string, ServerSession>;
  readonly pairings: ReadonlySet<ServerPairing>;
  /** Pairings that are over, and whose record is still here. */
  readonly past: readonly PairingLog[];
}

export function list(source: ListSource, request: ListRequest, now: number): Listed {
  return request.of === 'session' ? listSessions(source, request, now) : listPairings(source, request, now);
}

function listSessions({ sessions }: ListSource, request: ListRequest, now: number): Listed {
  const query = request.query.trim().toLowerCase();
  const isState = stateFilter('session', request.state);
  const fitting = [...sessions.values()].filter(({ id, value }) => id.includes(query) && isState(value));
  return page(fitting, request, (session) => ({
    id: session.id,
    state: session.value as StateValueJson,
    age_ms: Math.round(now - session.openedAt),
    ...(session.context.peerId && { peer_id: session.context.peerId }),
    ...(session.pairing && { epoch: session.pairing.epoch }),
  }));
}

function listPairings({ pairings, past }: ListSource, request: ListRequest, now: number): Listed {
  const query = request.query.trim().toLowerCase();
  const isState = stateFilter('pairing', request.state);
  const all = [...past.map(({ pairing }) => pairing), ...pairings];
  const fitting = all.filter(
    ({ a, b, value }) => (a.id.includes(query) || b.id.includes(query)) && isState(value),
  );
  return page(fitting, request, (pairing) => ({
    id: pairing.a.id,
    state: pairing.value as StateValueJson,
    age_ms: Math.round(now - pairing.startedAt),
    peer_id: pairing.b.id,
    epoch: pairing.epoch,
  }));
}

/** Hosts intern state values, so the answer for each is worked out once. */
function stateFilter(machineId: string, state: string): (value: StateValue) => boolean {
  if (state === '') return () => true;
  const known = new Map<StateValue, boolean>();
  return (value) => {
    let fits = known.get(value);
    if (fits === undefined) {
      fits = activeStateIds(machineId, value).includes(state);
      known.set(value, fits);
    }
    return fits;
  };
}

/** All are kept in the order in which they came, so neither order needs sorting. */
function page<Item>(
  fitting: readonly Item[],
  { offset, sort }: ListRequest,
  row: (item: Item) => ListRow,
): Listed {
  const total = fitting.length;
  const rows: ListRow[] = [];
  for (let i = offset; i < Math.min(total, offset + ROWS_PER_ANSWER); i += 1)
    rows.push(row(fitting[sort === 'newest' ? total - 1 - i : i] as Item));
  return { total, rows };
}

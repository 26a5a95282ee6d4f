/** One screenful of the machines that fit a search, out of any number of them. */
import type { StateValue } from 'xstate';
import { activeStateIds } from '../../machines/index.ts';
import type { ListRequest, ListRow, StateValueJson } from '../../protocol/index.ts';
import type { LiveRecord } from './live-record.ts';
import type { Instance, Source } from './source.ts';

/** How many rows an answer has at most. */
export const ROWS_PER_ANSWER = 100;

export interface Listed {
  readonly total: number;
  readonly rows: readonly ListRow[];
}

interface Item {
  readonly source: Source;
  readonly instance: Instance;
}

/** @param past records of what is over, the oldest first */
export function list(
  sources: readonly Source[],
  past: readonly LiveRecord[],
  request: ListRequest,
  now: number,
): Listed {
  const query = request.query.trim().toLowerCase();
  const isState = stateFilter(request.of, request.state);
  const game = request.game?.trim().toLowerCase() ?? '';
  const fits = (source: Source, instance: Instance) =>
    isState(instance.value) &&
    (query === '' || source.isFound(instance, query)) &&
    (game === '' || (source.gameOf?.(instance)?.toLowerCase().includes(game) ?? false));
  const over = past
    .filter(({ source, subject }) => source.machine === request.of && fits(source, subject))
    .map(({ source, subject }) => ({ source, instance: subject }));
  const present = sources
    .filter(({ machine }) => machine === request.of)
    .map((source) => {
      const fitting: Item[] = [];
      for (const instance of source.instances())
        if (fits(source, instance)) fitting.push({ source, instance });
      return fitting;
    });
  return page([...over, ...merged(present)], request, now);
}

/** Each list is in the order in which its items came; together they are to be, too. */
function merged(lists: readonly (readonly Item[])[]): readonly Item[] {
  const filled = lists.filter(({ length }) => length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  const startOf = ({ source, instance }: Item) => source.startOf(instance);
  return filled.flat().sort((one, other) => startOf(one) - startOf(other));
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

function page(fitting: readonly Item[], { offset, sort }: ListRequest, now: number): Listed {
  const total = fitting.length;
  const rows: ListRow[] = [];
  for (let i = offset; i < Math.min(total, offset + ROWS_PER_ANSWER); i += 1) {
    const { source, instance } = fitting[sort === 'newest' ? total - 1 - i : i] as Item;
    rows.push({
      ...source.rowOf(instance),
      state: instance.value as StateValueJson,
      age_ms: Math.round(now - source.startOf(instance)),
    });
  }
  return { total, rows };
}

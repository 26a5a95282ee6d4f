/** One page of the machines that match a search, out of any number of them. */
import type { StateValue } from 'xstate';
import { openKind, outcomeOf } from '../../inspector/records/outcome.ts';
import { activeStateIds } from '../../machines/chart/active-state-ids.ts';
import type {
  ListRequest,
  ListRow,
  OutcomeFacts,
  OutcomeKind,
  StateValueJson,
} from '../../protocol/index.ts';
import type { LiveRecord } from './live-record.ts';
import type { FiledRecord } from './record-index.ts';
import type { Instance, Source } from './source.ts';

/** The maximum number of rows in an answer. */
export const ROWS_PER_ANSWER = 100;

interface LiveItem {
  readonly source: Source;
  readonly instance: Instance;
  readonly log: LiveRecord | undefined;
}
type Item = LiveItem | FiledRecord;

/** Machines that are over: in memory, and in files. */
export interface Past {
  readonly live: readonly LiveRecord[];
  readonly filed: Iterable<FiledRecord>;
}

/** The server's two clocks. */
export interface Times {
  readonly now: number;
  readonly wallTime: number;
}

/** What a list is made from. */
export interface ListDeps {
  readonly sources: readonly Source[];
  readonly past: Past;
  readonly times: Times;
  /** The record of a running machine, if it has one. */
  readonly logOf: (instance: Instance) => LiveRecord | undefined;
}

/** All matches, oldest first, from which pages are cut. */
export class Found {
  readonly #items: readonly Item[];
  readonly #times: Times;

  constructor(items: readonly Item[], times: Times) {
    this.#items = items;
    this.#times = times;
  }

  get total(): number {
    return this.#items.length;
  }

  rows({ offset, sort }: Pick<ListRequest, 'offset' | 'sort'>): ListRow[] {
    return this.#from(offset, ROWS_PER_ANSWER, sort).map((item) =>
      'header' in item ? filedRow(item, this.#times) : liveRow(item, this.#times),
    );
  }

  /**
   * The keys by which the lists of several workers are merged: along a list they only rise, or only fall.
   * @param count how many, starting at the offset
   */
  ranks({ offset, sort }: Pick<ListRequest, 'offset' | 'sort'>, count = ROWS_PER_ANSWER): Float64Array {
    return Float64Array.from(this.#from(offset, count, sort), (item) => rankOf(item, this.#times));
  }

  #from(offset: number, count: number, sort: ListRequest['sort']): Item[] {
    const { length } = this.#items;
    const page: Item[] = [];
    for (let at = offset; at < Math.min(length, offset + count); at += 1)
      page.push(this.#items[sort === 'newest' ? length - 1 - at : at] as Item);
    return page;
  }
}

/** @param others nodes that list their own pairings: a pairing that one of their clients began is left out here */
export function find(
  request: ListRequest,
  { sources, past, times, logOf }: ListDeps,
  others: readonly number[] = [],
): Found {
  const { now } = times;
  const query = request.query.trim().toLowerCase();
  const isState = stateFilter(request.of, request.state);
  const game = request.game?.trim().toLowerCase() ?? '';
  const isOutcome = (source: Source, instance: Instance, log = logOf(instance)) =>
    request.outcome === undefined || kindOf(source, instance, log, now) === request.outcome;
  const isOurs = (source: Source, instance: Instance) => {
    const node = source.initiatorNode?.(instance);
    return node === undefined || !others.includes(node);
  };
  const fits = (source: Source, instance: Instance, log?: LiveRecord) =>
    isState(instance.value) &&
    (query === '' || source.isFound(instance, query)) &&
    (game === '' || (source.gameOf?.(instance)?.toLowerCase().includes(game) ?? false)) &&
    isOutcome(source, instance, log) &&
    isOurs(source, instance);
  const isFiledFitting = ({ header, state, outcome, initiatorNode }: FiledRecord) =>
    request.of === 'pairing' &&
    isState(state) &&
    namesIn(header).some((name) => name.toLowerCase().includes(query)) &&
    (game === '' || (header.game?.toLowerCase().includes(game) ?? false)) &&
    (request.outcome === undefined || outcome.kind === request.outcome) &&
    (initiatorNode === undefined || !others.includes(initiatorNode));
  const inMemory = new Set(past.live.map(({ header }) => header.epoch));
  const over = [
    ...past.live
      .filter((log) => log.source.machine === request.of && fits(log.source, log.subject, log))
      .map((log) => ({
        started: log.header.started_at,
        item: { source: log.source, instance: log.subject, log },
      })),
    ...[...past.filed]
      .filter((filed) => !inMemory.has(filed.header.epoch) && isFiledFitting(filed))
      .map((item) => ({ started: item.header.started_at, item })),
  ]
    .sort((one, other) => one.started - other.started)
    .map(({ item }) => item);
  const present = sources
    .filter(({ machine }) => machine === request.of)
    .map((source) => {
      const fitting: LiveItem[] = [];
      for (const instance of source.instances())
        if (fits(source, instance)) fitting.push({ source, instance, log: logOf(instance) });
      return fitting;
    });
  return new Found([...over, ...merged(present)], times);
}

/** Each list is ordered by start, and the merged one must be, too. */
function merged(lists: readonly (readonly LiveItem[])[]): readonly LiveItem[] {
  const filled = lists.filter(({ length }) => length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  const startOf = ({ source, instance }: LiveItem) => source.startOf(instance);
  return filled.flat().sort((one, other) => startOf(one) - startOf(other));
}

/** Hosts intern state values, so the answer for each value is computed once. */
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

/** Without a record only the state is known. */
function outcomeIn(
  source: Source,
  instance: Instance,
  log: LiveRecord | undefined,
  now: number,
): OutcomeFacts {
  const age_ms = now - source.startOf(instance);
  if (!log) return { kind: instance.value === 'connected' ? 'connected' : openKind(age_ms), cause: '' };
  const known = outcomes.get(log);
  // A record that has not grown has the same outcome, except for an open one, whose idle time matters.
  if (known && known.lines === log.length && known.facts.kind !== 'open') return known.facts;
  const facts = outcomeOf(log.record, age_ms);
  outcomes.set(log, { lines: log.length, facts });
  return facts;
}

/** What the record of a pairing that is over says of it; '' if all was well. */
export function causeIn(log: LiveRecord): string {
  return outcomeIn(log.source, log.subject, log, 0).cause;
}

const outcomes = new WeakMap<LiveRecord, { readonly lines: number; readonly facts: OutcomeFacts }>();

function kindOf(source: Source, instance: Instance, log: LiveRecord | undefined, now: number): OutcomeKind {
  return outcomeIn(source, instance, log, now).kind;
}

/** Milliseconds: ranks what is over before what is still running, whenever it began. */
const OVER = 1e14;

function rankOf(item: Item, { now, wallTime }: Times): number {
  if ('header' in item) return item.header.started_at - OVER;
  const { log, instance, source } = item;
  return instance.isDone && log ? log.header.started_at - OVER : wallTime - (now - source.startOf(instance));
}

function liveRow({ source, instance, log }: LiveItem, { now }: Times): ListRow {
  return {
    ...source.rowOf(instance),
    // A client's row is not judged by its pairings.
    ...(source.record && { outcome: outcomeIn(source, instance, log, now) }),
    state: instance.value as StateValueJson,
    age_ms: Math.round(now - source.startOf(instance)),
  };
}

function filedRow({ header, outcome, state }: FiledRecord, { wallTime }: Times): ListRow {
  const { initiator_id, responder_id, initiator_known_as, responder_known_as, dialect, game, room, epoch } =
    header;
  return {
    id: initiator_id,
    peer_id: responder_id,
    epoch,
    ...(dialect !== undefined && { dialect }),
    ...(initiator_known_as !== undefined && { known_as: initiator_known_as }),
    ...(responder_known_as !== undefined && { peer_known_as: responder_known_as }),
    ...(game !== undefined && { game }),
    ...(room !== undefined && { room }),
    outcome,
    state,
    age_ms: Math.max(0, Math.round(wallTime - header.started_at)),
  };
}

/** The names by which a search finds a record. */
function namesIn(header: FiledRecord['header']): readonly string[] {
  const {
    initiator_id,
    responder_id,
    initiator_known_as = '',
    responder_known_as = '',
    game = '',
    room = '',
    epoch,
  } = header;
  return [initiator_id, responder_id, initiator_known_as, responder_known_as, game, room, String(epoch)];
}

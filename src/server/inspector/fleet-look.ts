/**
 * A page at a server with several workers: the workers' answers are merged, so that the page sees one server, whichever
 * worker it is connected to.
 */
import type { Clock } from '../../common/clock.ts';
import type {
  InspectMessage,
  InspectRequest,
  ListRequest,
  Populations,
  ViewMessage,
  ViewRequest,
} from '../../protocol/index.ts';
import {
  cutAt,
  mergePopulations,
  mergeRefusals,
  mergeRows,
  mergeViews,
  type PartList,
  type PartListRequest,
  type PartMessage,
  type PartRequest,
} from './fleet-parts.ts';
import { MergedRecord } from './merged-record.ts';
import type { Look } from './viewer.ts';

/** The other workers' inspectors. */
export interface OtherWorkers {
  /** Whether that node is one of the other workers, and serves. */
  isNode(node: number): boolean;
  /**
   * Opens a page's view at the other workers.
   * @param told receives each worker's messages, from the moment it can be asked
   */
  open(told: (worker: number, message: PartMessage) => void): OpenAtOthers;
}

export interface OpenAtOthers {
  ask(worker: number, request: PartRequest): void;
  close(): void;
}

export interface FleetLookDeps {
  readonly workers: number;
  readonly clock: Clock;
  /** This worker's own number among the nodes. */
  readonly node: number;
  readonly others: OtherWorkers;
  /**
   * Asks this worker.
   * @param told receives its answers
   */
  lookHere(told: (message: InspectMessage) => void): Look;
  listHere(request: PartListRequest): PartList;
  send(message: InspectMessage): void;
}

/** The key of this worker; the others are numbered from 1. */
const HERE = 0;
/** How long a page waits for workers that do not answer. */
const PATIENCE_MS = 2_000;
/** How long the greeting waits for workers that are still starting. */
const GREETING_MS = 900;
/** Nobody pages further than this; the ranks up to it take 800 KB per worker. */
const MAX_OFFSET = 100_000;

type Of<Type extends InspectMessage['type']> = Extract<InspectMessage, { type: Type }>;
type Found = Of<'record' | 'not_found' | 'no_session'>;
type RecordRequest = Extract<InspectRequest, { type: 'watch' | 'trail' }>;

interface Part {
  readonly node: number;
  population?: Populations;
  refusals?: Of<'refusals'>;
  view?: ViewMessage | undefined;
}

export class FleetLook implements Look {
  readonly #deps: FleetLookDeps;
  readonly #parts = new Map<number, Part>();
  readonly #here: Look;
  readonly #others: OpenAtOthers;
  /** Undefined once the page has been greeted. */
  #greet: (() => void) | undefined;
  #stopWaiting: (() => void) | undefined;
  #seq = 0;
  #list: Gathering<PartList> | undefined;
  #wanted: RecordRequest | undefined;
  /** Until each worker has said whether it has the record. */
  #asking: Gathering<Found> | undefined;
  #merged = new MergedRecord();
  #wantedView: ViewRequest | undefined;
  /** Shows the view without workers that do not answer. */
  #stopWaitingForView: (() => void) | undefined;
  /** The view that was sent last, as text. */
  #shownView = '';

  constructor(deps: FleetLookDeps) {
    this.#deps = deps;
    this.#parts.set(HERE, { node: deps.node });
    this.#others = deps.others.open((worker, message) => this.#told(worker, message));
    this.#here = deps.lookHere((message) => this.#told(HERE, message));
  }

  ask(request: InspectRequest): void {
    switch (request.type) {
      case 'list':
        this.#askForList(request);
        return;
      case 'watch':
      case 'trail':
        this.#askForRecord(request);
        return;
      case 'rooms':
      case 'room':
      case 'nodes':
        this.#askForView(request);
        return;
      case 'unwatch':
        this.#forgetRecord();
        this.#forgetView();
        this.#askAll(request);
        return;
      case 'chaos':
        this.#askAll(request);
        return;
    }
  }

  close(): void {
    this.#greet = undefined;
    this.#stopWaiting?.();
    this.#list?.cancel();
    this.#asking?.cancel();
    this.#forgetView();
    this.#others.close();
    this.#here.close();
  }

  /** A worker that has only just started is asked what the others were asked before. */
  #askNewcomer(worker: number): void {
    const wanted = this.#wanted ?? this.#wantedView;
    if (wanted) this.#ask(worker, wanted);
  }

  #askAll(request: PartRequest): void {
    for (const worker of this.#parts.keys()) this.#ask(worker, request);
  }

  #ask(worker: number, request: PartRequest): void {
    if (worker !== HERE) this.#others.ask(worker, request);
    else if ('nodes' in request) this.#told(HERE, this.#deps.listHere(request));
    else this.#here.ask(request);
  }

  #told(worker: number, message: PartMessage): void {
    const part = this.#parts.get(worker);
    switch (message.type) {
      case 'here':
        this.#parts.set(worker, { node: message.node });
        this.#askNewcomer(worker);
        if (this.#parts.size >= this.#deps.workers) this.#greet?.();
        return;
      case 'gone':
        this.#parts.delete(worker);
        this.#list?.gone(worker);
        this.#tellMore(this.#merged.gone(worker));
        this.#asking?.gone(worker);
        this.#tellView();
        return;
      case 'hello':
        if (worker === HERE) this.#await(message);
        return;
      case 'chaos':
        // All workers were asked for the same.
        if (worker === HERE) this.#deps.send(message);
        return;
      case 'population':
        if (part) part.population = message.machines;
        if (worker === HERE && !this.#greet) this.#tellPopulation();
        return;
      case 'refusals':
        if (part) part.refusals = message;
        if (!this.#greet) this.#tellRefusals();
        return;
      case 'rooms':
      case 'room':
      case 'no_room':
      case 'nodes':
        if (!part || !isViewFor(this.#wantedView, message)) return;
        part.view = message;
        this.#tellView();
        return;
      case 'part_list':
        if (message.seq === this.#seq) this.#list?.add(worker, message);
        return;
      case 'record':
      case 'not_found':
      case 'no_session':
        if (isAnswerTo(this.#wanted, message)) this.#found(worker, message);
        return;
      case 'line':
        this.#tellMore(this.#merged.take(worker, message.line));
        return;
    }
  }

  /**
   * The page is greeted once all workers are there, or the wait is over, so that all of them answer its first request.
   */
  #await({ node, ...hello }: Of<'hello'>): void {
    const { clock, workers, send } = this.#deps;
    this.#stopWaiting = clock.every(GREETING_MS, () => this.#greet?.());
    this.#greet = () => {
      this.#greet = undefined;
      this.#stopWaiting?.();
      send({ ...hello, workers });
    };
    if (this.#parts.size >= workers) this.#greet();
  }

  #tellRefusals(): void {
    const all = [...this.#parts.values()].flatMap(({ refusals }) => refusals ?? []);
    this.#deps.send(mergeRefusals(all));
  }

  #tellPopulation(): void {
    const all = [...this.#parts.values()].flatMap(({ population }) => population ?? []);
    this.#deps.send({ type: 'population', machines: mergePopulations(all) });
  }

  #askForView(request: ViewRequest): void {
    this.#forgetRecord();
    this.#forgetView();
    this.#wantedView = request;
    this.#stopWaitingForView = this.#deps.clock.every(PATIENCE_MS, () => {
      this.#stopWaitingForView?.();
      this.#stopWaitingForView = undefined;
      this.#tellView();
    });
    this.#askAll(request);
  }

  #forgetView(): void {
    this.#stopWaitingForView?.();
    this.#stopWaitingForView = undefined;
    this.#wantedView = undefined;
    this.#shownView = '';
    for (const part of this.#parts.values()) part.view = undefined;
  }

  /** Shows what all workers know, once each has answered or the wait is over; and then whenever that changes. */
  #tellView(): void {
    const parts = [...this.#parts.values()];
    const known = parts.flatMap(({ node, view }) => (view ? { node, view } : []));
    const isWaiting = this.#stopWaitingForView !== undefined && known.length < parts.length;
    if (!this.#wantedView || isWaiting || known.length === 0) return;
    const message = mergeViews(known);
    const text = JSON.stringify(message);
    if (text === this.#shownView) return;
    this.#shownView = text;
    this.#deps.send(message);
  }

  /** A worker says whether it has the record; one that had not begins it when the pairing moves there. */
  #found(worker: number, answer: Found): void {
    if (answer.type === 'record') this.#merged.add(worker, answer);
    if (this.#asking) this.#asking.add(worker, answer);
    else if (answer.type === 'record') this.#deps.send(this.#merged.record);
  }

  /** Until the page has been sent the record, all goes into that. */
  #tellMore(more: InspectMessage | undefined): void {
    if (more && !this.#asking) this.#deps.send(more);
  }

  /** First asks each worker how many of its rows come before the page, then for the page's rows. */
  #askForList(list: ListRequest): void {
    if (list.offset === 0) this.#askForRows(list, new Map());
    else
      this.#gatherLists('ranks', list, new Map(), (answers) => {
        const cuts = cutAt(
          [...answers.values()].map(({ ranks }) => ranks),
          list,
        );
        this.#askForRows(list, new Map([...answers.keys()].map((worker, at) => [worker, cuts[at] ?? 0])));
      });
  }

  #askForRows(list: ListRequest, offsets: ReadonlyMap<number, number>): void {
    this.#gatherLists('rows', list, offsets, (answers) => {
      const all = [...answers.values()];
      this.#deps.send({
        type: 'list',
        seq: list.seq,
        total: all.reduce((sum, { total }) => sum + total, 0),
        rows: list.offset > MAX_OFFSET ? [] : mergeRows(all, list.sort),
      });
    });
  }

  #gatherLists(
    type: PartListRequest['type'],
    list: ListRequest,
    offsets: ReadonlyMap<number, number>,
    done: (answers: ReadonlyMap<number, PartList>) => void,
  ): void {
    this.#list?.cancel();
    this.#seq += 1;
    const seq = this.#seq;
    const nodes = [...this.#parts.values()].map(({ node }) => node);
    const workers = [...this.#parts.keys()];
    this.#list = new Gathering(workers, this.#deps.clock, done);
    for (const worker of workers) {
      const offset = type === 'ranks' ? Math.min(list.offset, MAX_OFFSET) : (offsets.get(worker) ?? 0);
      this.#ask(worker, { type, seq, list: { ...list, offset }, nodes });
    }
  }

  #askForRecord(request: RecordRequest): void {
    this.#forgetRecord();
    this.#forgetView();
    this.#wanted = request;
    this.#asking = new Gathering([...this.#parts.keys()], this.#deps.clock, () => {
      this.#asking = undefined;
      if (!this.#merged.isEmpty) this.#deps.send(this.#merged.record);
      else
        this.#deps.send(
          request.type === 'watch'
            ? { type: 'not_found', epoch: request.epoch }
            : { type: 'no_session', id: request.id },
        );
    });
    this.#askAll(request);
  }

  #forgetRecord(): void {
    this.#wanted = undefined;
    this.#asking?.cancel();
    this.#asking = undefined;
    this.#merged = new MergedRecord();
  }
}

/** Collects the answers of several workers, until all have answered or the wait for the others is over. */
class Gathering<Answer> {
  readonly answers = new Map<number, Answer>();
  readonly #waitsFor: Set<number>;
  readonly #done: (answers: ReadonlyMap<number, Answer>) => void;
  readonly #stopTimer: () => void;

  constructor(
    workers: readonly number[],
    clock: Clock,
    done: (answers: ReadonlyMap<number, Answer>) => void,
  ) {
    this.#waitsFor = new Set(workers);
    this.#done = done;
    this.#stopTimer = clock.every(PATIENCE_MS, () => this.#finish());
  }

  add(worker: number, answer: Answer): void {
    if (!this.#waitsFor.delete(worker)) return;
    this.answers.set(worker, answer);
    if (this.#waitsFor.size === 0) this.#finish();
  }

  gone(worker: number): void {
    if (this.#waitsFor.delete(worker) && this.#waitsFor.size === 0) this.#finish();
  }

  cancel(): void {
    this.#waitsFor.clear();
    this.#stopTimer();
  }

  #finish(): void {
    this.cancel();
    this.#done(this.answers);
  }
}

/** Checks the answer against the current request: it may belong to an earlier one. */
function isAnswerTo(request: RecordRequest | undefined, answer: Found): boolean {
  switch (answer.type) {
    case 'record': {
      const { epoch, initiator_id } = answer.record.header;
      return request?.type === 'watch' ? epoch === request.epoch : initiator_id === request?.id;
    }
    case 'not_found':
      return request?.type === 'watch' && answer.epoch === request.epoch;
    case 'no_session':
      return request?.type === 'trail' && answer.id === request.id;
  }
}

/** Checks the view against the current request: it may belong to an earlier one. */
function isViewFor(request: ViewRequest | undefined, message: ViewMessage): boolean {
  switch (request?.type) {
    case 'rooms':
      return message.type === 'rooms' && message.query === request.query;
    case 'nodes':
      return message.type === 'nodes';
    case 'room':
      return message.type === 'room'
        ? message.room.app === request.app && message.room.name === request.room
        : message.type === 'no_room' && message.app === request.app && message.room === request.room;
    default:
      return false;
  }
}
